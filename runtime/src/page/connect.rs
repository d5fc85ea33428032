//! The page at the root: the URL to paste, and where.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::json;

use super::Page;
use super::prose::{self, Block};
use crate::operation::Access;
use crate::tool::Tool;

/// How to connect an assistant.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Connect {
    /// The URL to paste.
    pub(crate) resource: String,
    /// The URL for those who never want more than reading.
    pub(crate) read_only_resource: Option<String>,
    /// Whether only programs on the same machine reach the URL.
    pub(crate) is_local: bool,
    /// A short name for configuration files and command lines: `[a-z0-9-]+`.
    pub(crate) short_name: String,
    /// The beginning of the API's description.
    pub(crate) description: Vec<Block>,
    /// How many tools only read.
    pub(crate) read_tools: usize,
    /// How many tools change something.
    pub(crate) write_tools: usize,
    /// Whether the guide is served.
    has_guide: bool,
    /// A sentence to try the connection with.
    pub(crate) prompt: Option<String>,
    /// The link by which Cursor adds the server.
    cursor_link: String,
    /// The link by which Visual Studio Code adds the server.
    code_link: String,
}

/// What the page is made of.
#[derive(Clone, Copy)]
pub(crate) struct ConnectorFacts<'a> {
    /// The short name of the server.
    pub(crate) name: &'a str,
    /// The name of the connector.
    pub(crate) site: &'a str,
    /// The description of the API, in Markdown.
    pub(crate) description: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) read_only_resource: &'a str,
    /// Whether only programs on the same machine reach them.
    pub(crate) is_local: bool,
    /// Whether the guide is served.
    pub(crate) has_guide: bool,
    pub(crate) tools: &'a [Tool],
}

impl Connect {
    /// Makes the page.
    pub(crate) fn new(facts: ConnectorFacts<'_>) -> Connect {
        let ConnectorFacts {
            name,
            site,
            description,
            resource,
            read_only_resource,
            is_local,
            has_guide,
            tools,
        } = facts;
        let write_tools = tools.iter().filter(|it| it.access() == Access::Write);
        let write_tools = write_tools.count();
        Connect {
            is_local,
            has_guide,
            read_only_resource: (write_tools > 0).then(|| read_only_resource.to_owned()),
            short_name: name.to_owned(),
            description: prose::beginning(description),
            read_tools: tools.len() - write_tools,
            write_tools,
            prompt: prompt(site, tools),
            cursor_link: cursor_link(name, resource),
            code_link: code_link(name, resource),
            resource: resource.to_owned(),
        }
    }
}

/// A sentence that has an assistant call a tool which reads and needs no arguments.
fn prompt(site: &str, tools: &[Tool]) -> Option<String> {
    let reads = || tools.iter().filter(|it| it.access() == Access::Read);
    let tool = reads().find(|it| it.needs_nothing())?;
    let title = tool.title().trim_end_matches('.');
    let mut characters = title.chars();
    let first = characters.next()?;
    let rest = characters.as_str();
    // "API usage" keeps its capitals.
    let title = match rest.chars().next() {
        Some(second) if second.is_lowercase() => format!("{}{rest}", first.to_lowercase()),
        _ => title.to_owned(),
    };
    Some(format!("Use {site}: {title}."))
}

/// The link that Cursor documents: the entry of `mcp.json` in Base64.
fn cursor_link(name: &str, resource: &str) -> String {
    let entry = STANDARD.encode(json!({ "url": resource }).to_string());
    format!(
        "cursor://anysphere.cursor-deeplink/mcp/install?name={}&config={}",
        utf8_percent_encode(name, NON_ALPHANUMERIC),
        utf8_percent_encode(&entry, NON_ALPHANUMERIC)
    )
}

/// The link that Visual Studio Code documents: the argument of `--add-mcp`, percent-encoded.
fn code_link(name: &str, resource: &str) -> String {
    let entry = json!({ "name": name, "type": "http", "url": resource }).to_string();
    let entry = utf8_percent_encode(&entry, NON_ALPHANUMERIC);
    format!("vscode:mcp/install?{entry}")
}

impl Page for Connect {
    const TEMPLATE: &'static str = "connect.html";
    const COPIES: bool = true;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Schema};

    #[test]
    fn install_links_hold_the_entry_of_the_server() {
        let link = cursor_link("pets", "https://mcp.example.com/mcp");
        let (_, config) = link.split_once("&config=").unwrap();
        let config = percent_encoding::percent_decode_str(config).decode_utf8();
        let entry = STANDARD.decode(&*config.unwrap()).unwrap();
        assert_eq!(entry, b"{\"url\":\"https://mcp.example.com/mcp\"}");
        let link = code_link("pets", "https://mcp.example.com/mcp");
        let entry = link.strip_prefix("vscode:mcp/install?").unwrap();
        let entry = percent_encoding::percent_decode_str(entry).decode_utf8();
        let expected = r#"{"name":"pets","type":"http","url":"https://mcp.example.com/mcp"}"#;
        assert_eq!(entry.unwrap(), expected);
    }

    #[test]
    fn prompt_names_a_tool_that_reads_and_needs_no_argument() {
        static PET: Operation = Operation {
            name: "get_pet",
            title: "Get a pet",
            input: Schema {
                json: r#"{"type":"object","properties":{"id":{}},"required":["id"]}"#,
                ..Schema::NO_ARGUMENTS
            },
            ..Operation::BASE
        };
        static PETS: Operation = Operation {
            name: "list_pets",
            title: "List the pets.",
            ..Operation::BASE
        };
        let tools = [&PET, &PETS].map(|it| Tool::new(it, Vec::new()));
        let prompt = |tools: &[Tool]| super::prompt("Pet Store", tools);
        assert_eq!(
            prompt(&tools).as_deref(),
            Some("Use Pet Store: list the pets.")
        );
        assert_eq!(prompt(&tools[..1]), None);
    }
}
