//! How the suites find what they need, and start what they test.

pub mod browser;
pub mod client;
pub mod database_relay;
pub mod example;
pub mod foreign;
pub mod help;
pub mod oauth;
pub mod person;
pub mod process;
pub mod recorder;
pub mod relay;
pub mod requirement;
pub mod server;
pub mod signed_in;
mod small_disk;
pub mod store_connection;
