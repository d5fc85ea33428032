//! How the suites find what they need, and start what they test.

pub mod catalogue;
pub mod client;
pub mod example;
pub mod foreign;
pub mod recorder;
pub mod requirement;
pub mod server;
