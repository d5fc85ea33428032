//! What every generated MCP server shares: transport, calls, answers.

pub mod access;
pub mod app;
pub mod clock;
pub mod codegen;
mod command;
pub mod config;
pub mod credential;
mod http;
mod log;
mod mcp;
pub mod operation;
pub mod page;
pub mod random;
pub mod request_id;
pub mod secret;
pub mod typed;
pub mod upstream;
