//! The page at the root: the URL to paste, and where.

use serde::Serialize;

use super::Page;

/// How to connect an assistant.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Connect {
    /// The URL to paste.
    pub(crate) resource: String,
    /// The URL for those who never want more than reading.
    pub(crate) read_only_resource: Option<String>,
    /// A short name for configuration files and command lines: `[a-z0-9-]+`.
    pub(crate) short_name: String,
    /// What the connector is about, as its description says, in one paragraph.
    pub(crate) description: String,
    /// How many tools only read.
    pub(crate) read_tools: usize,
    /// How many tools change something.
    pub(crate) write_tools: usize,
}

impl Page for Connect {
    const TEMPLATE: &'static str = "connect.html";
}
