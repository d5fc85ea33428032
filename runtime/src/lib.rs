//! What every generated MCP server shares: transport, calls, answers.

pub mod access;
mod account;
pub mod app;
mod audit;
pub mod clock;
pub mod codegen;
mod command;
pub mod config;
pub mod credential;
mod form;
pub mod http;
mod limit;
mod log;
mod mcp;
mod media_type;
mod nearest;
mod oauth;
pub mod operation;
pub mod page;
mod portal;
pub mod random;
pub mod request_id;
pub mod secret;
mod store;
mod token;
pub mod typed;
pub mod upstream;
