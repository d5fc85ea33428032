//! The page at the root: the URL to paste, and where.

use serde::Serialize;

use super::{Page, samples};

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

    fn samples() -> Vec<(&'static str, Connect)> {
        let base = Connect {
            resource: "https://mcp.example.com/mcp".to_owned(),
            read_only_resource: Some("https://mcp.example.com/mcp/readonly".to_owned()),
            short_name: "example".to_owned(),
            description: samples::DESCRIPTION.to_owned(),
            read_tools: 6,
            write_tools: 5,
        };
        vec![
            ("read-and-write", base.clone()),
            (
                "read-only",
                Connect {
                    resource: "http://127.0.0.1:8080/mcp".to_owned(),
                    read_only_resource: None,
                    description: String::new(),
                    write_tools: 0,
                    ..base
                },
            ),
        ]
    }
}
