//! The Model Context Protocol: what clients see of the catalogue, and how their calls come in and
//! go out. The only module that names the protocol's library.

mod answer;
mod catalogue;
mod direct;
mod gateway;
mod http;
mod instructions;
mod lines;
mod load;
mod presentation;
mod result;
mod search_mode;
mod server;
mod stdio;
mod tolerance;
mod view;

pub(crate) use catalogue::CatalogueError;
pub(crate) use gateway::Gateway;
pub(crate) use http::{Endpoint, plain_error};
pub(crate) use presentation::{Icon, Presentation, SecuritySchemes};
pub(crate) use stdio::serve as serve_stdio;
pub(crate) use view::View;
