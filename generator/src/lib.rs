//! Turns an OpenAPI description into a crate of MCP tools.

pub mod diagnostic;
pub mod ir;
