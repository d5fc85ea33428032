//! How the tools of search mode are listed.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use rmcp::model::{Tool as Definition, ToolAnnotations};
use serde_json::{Map, Value, json};

use super::tools::OwnTool;
use crate::operation::Access;
use crate::tool::Tool;

/// The longest outline, in bytes: 400 tokens of four bytes.
const OUTLINE: usize = 1_600;

/// The definitions of the tools that a caller of this access may use. `tools` are those that they
/// find and call, `uploads` the most bytes of an upload, where there are any.
pub(in crate::mcp) fn definitions<'t>(
    api: &str,
    access: Access,
    uploads: Option<u64>,
    tools: impl Iterator<Item = &'t Tool>,
) -> Vec<Definition> {
    let outline = outline(tools.filter(|tool| tool.access() <= access), OUTLINE);
    let own = OwnTool::ALL.into_iter();
    let own = own.filter(|own| own.access() <= access);
    let definitions = own.filter_map(|own| match own {
        OwnTool::RequestUpload => uploads.map(definition_of_uploads),
        own => Some(definition(own, api, access, &outline)),
    });
    definitions.collect()
}

/// The definition of `request_upload`, for files of so many bytes. Beside those of all tools, it has how
/// clients sign in for it.
pub(in crate::mcp) fn definition_of_uploads(most: u64) -> Definition {
    let most = most / 1_000_000;
    let description = format!(
        "Returns a link to which a person or a program sends a file of at most {most} MB, once and within \
         ten minutes, by HTTP PUT (`curl -T FILE LINK`), and a text `upload:…`. A tool takes that text as \
         a file argument in place of the content, once the file was sent."
    );
    let schema = json!({
        "filename": text("The name under which the API receives the file"),
        "content_type": text("Its media type, such as application/pdf"),
    });
    let title = "Request an upload";
    shown(OwnTool::RequestUpload, title, description, &schema)
}

/// The definition of `describe_tools` beside those of all tools.
pub(in crate::mcp) fn description_of_tools(api: &str) -> Definition {
    definition(OwnTool::DescribeTools, api, Access::Read, "")
}

fn definition(own: OwnTool, api: &str, access: Access, outline: &str) -> Definition {
    let how = match access {
        Access::Read => "All are called with call_read_tool.",
        Access::Write => {
            "GET tools are called with call_read_tool, DELETE with call_destructive_tool, others with \
             call_write_tool, unless their line says otherwise."
        }
    };
    let (title, description, schema) = match own {
        OwnTool::SearchTools => (
            "Search tools",
            format!(
                "Finds tools of {api} for a request in plain words. The answer has a line for each tool \
                 (its name, method and path) and the input schema of the best one. {how} {outline}"
            ),
            json!({ "query": text("The request, such as: rename a channel") }),
        ),
        OwnTool::DescribeTools => (
            "Describe tools",
            format!(
                "Returns the complete definitions of tools of {api}, by name. A description that ends \
                 in … is shortened."
            ),
            json!({ "names": {
                "type": "array",
                "items": { "type": "string" },
                "minItems": 1,
                "maxItems": 10,
                "description": "Names of tools",
            }, "part": {
                "type": "integer",
                "minimum": 1,
                "description": "The next part of a definition that an answer divided",
            } }),
        ),
        OwnTool::WhoAmI | OwnTool::RequestUpload => (
            "Who am I",
            "Returns the name of the person who is connected, the workspace that calls act for, and \
             whether they may change something."
                .to_owned(),
            json!({}),
        ),
        OwnTool::CallRead => (
            "Call a tool that reads",
            format!("Calls a tool of {api} that only reads."),
            call(),
        ),
        OwnTool::CallWrite => (
            "Call a tool that changes",
            format!("Calls a tool of {api} that creates or changes something."),
            call(),
        ),
        OwnTool::CallDestructive => (
            "Call a tool that deletes",
            format!("Calls a tool of {api} that deletes or overwrites something."),
            call(),
        ),
    };
    shown(own, title, description, &schema)
}

fn shown(own: OwnTool, title: &str, description: String, schema: &Value) -> Definition {
    let reads = own.access() == Access::Read;
    let annotations = ToolAnnotations::new()
        .read_only(reads)
        .destructive(own == OwnTool::CallDestructive)
        .idempotent(reads)
        .open_world(!reads);
    let schema = json!({
        "type": "object",
        "properties": schema,
        "required": required(own),
        "additionalProperties": false,
    });
    let schema = match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    };
    Definition::new(own.name(), description, Arc::new(schema))
        .with_title(title)
        .with_annotations(annotations)
}

/// The arguments that a tool needs.
fn required(own: OwnTool) -> &'static [&'static str] {
    match own {
        OwnTool::SearchTools => &["query"],
        OwnTool::DescribeTools => &["names"],
        OwnTool::WhoAmI | OwnTool::RequestUpload => &[],
        _ => &["name"],
    }
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn call() -> Value {
    json!({
        "name": text("The name of the tool, as search_tools returned it"),
        "arguments": {
            "type": "object",
            "description": "The arguments of the tool, by its input schema",
        },
    })
}

/// The tags of the tools, each with how many tools it has, the largest first, in at most so many bytes.
pub(in crate::mcp) fn outline<'t>(tools: impl Iterator<Item = &'t Tool>, bytes: usize) -> String {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let mut all = 0;
    for tool in tools {
        all += 1;
        if let Some(tag) = tool.tags().first() {
            *counts.entry(tag).or_default() += 1;
        }
    }
    let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|(tag, count)| (std::cmp::Reverse(*count), *tag));
    let mut outline = format!("{all} tools");
    for (place, (tag, count)) in counts.iter().enumerate() {
        let separator = if place == 0 { ": " } else { ", " };
        let more = counts.len() - place;
        if outline.len() + tag.len() + 32 > bytes {
            let _ = write!(outline, "{separator}{more} more tags");
            break;
        }
        let _ = write!(outline, "{separator}{tag} {count}");
    }
    outline.push('.');
    outline
}
