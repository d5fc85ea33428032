//! What the clients of one connection see of the server.

use std::sync::Arc;

use crate::tool::{Listing, Tool, Toolset};

/// What the clients of one connection see of the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    /// Which tools they are shown; the list of the catalogue where the connection has none of its own.
    pub(crate) listing: Option<Listing>,
    /// The name of the connection, where the server has several.
    pub(crate) connection: Option<Arc<str>>,
    /// The tools that there are for them, where these are not all.
    pub(crate) toolset: Option<Toolset>,
}

impl View {
    /// Reports that a tool is there for the clients of the connection.
    pub(crate) fn has(&self, tool: &Tool) -> bool {
        let toolset = self.toolset.as_ref();
        toolset.is_none_or(|toolset| toolset.contains(tool))
    }
}
