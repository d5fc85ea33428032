//! Calls through the public door, against servers that answer byte by byte as told.

mod answers;
mod credentials;
mod failures;
mod support;
mod wire;
