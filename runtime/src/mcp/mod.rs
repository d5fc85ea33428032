//! The Model Context Protocol: what clients see of the catalogue, and how their calls come in and
//! go out. The only room that knows the protocol's library and the JSON Schema validator.

mod arguments;
mod catalogue;
mod compiled;
mod direct;
mod healing;
mod http;
mod integer;
mod load;
mod message;
mod notes;
mod output;
mod result;
mod server;
mod stdio;
mod tolerance;

pub(crate) use catalogue::CatalogueError;
pub(crate) use http::{Endpoint, plain_error};
pub(crate) use server::Gateway;
pub(crate) use stdio::serve as serve_stdio;
