//! The runtime through its public doors: real HTTP on both sides.

mod http;
mod paging;
mod protocol;
mod stdio;
mod support;
