//! The reference of the tools, from the definitions that clients list.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::markdown::{self, escape};
use crate::operation::Access;
use crate::tool::Tool;

/// How many values of an enumeration a table shows.
const MOST_VALUES: usize = 8;

/// The chapter that lists all tools, by their first tags. `search`: assistants list few of them.
pub(super) fn index(tools: &[Tool], search: bool) -> String {
    let writes = tools
        .iter()
        .filter(|it| it.access() == Access::Write)
        .count();
    let reads = tools.len() - writes;
    let mut text = format!(
        "# Tools\n\n{reads} {}",
        if reads == 1 {
            "tool reads"
        } else {
            "tools read"
        }
    );
    match writes {
        0 => text.push_str("; none changes anything.\n"),
        1 => text.push_str(", and 1 changes something.\n"),
        _ => {
            let _ = writeln!(text, ", and {writes} change something.");
        }
    }
    if search {
        text.push_str(
            "\nAssistants list a few tools, which find and call these: `search_tools`, `describe_tools`, \
             and a tool that calls. So they read no list that is too long for them.\n",
        );
    }
    let mut tags: Vec<Option<&str>> = Vec::new();
    for tag in tools.iter().map(|it| it.tags().first().copied()) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    // Those without a tag come last.
    tags.sort_by_key(Option::is_none);
    for tag in &tags {
        match tag {
            Some(tag) => {
                let _ = write!(text, "\n## {}\n", escape(tag));
            }
            None if tags.len() > 1 => text.push_str("\n## Other tools\n"),
            None => {}
        }
        text.push('\n');
        for tool in tools.iter().filter(|it| it.tags().first().copied() == *tag) {
            let name = tool.name();
            let title = escape(tool.title().trim_end_matches('.'));
            let _ = write!(text, "- [`{name}`](/docs/tools/{name}.md): {title}");
            text.push_str(match tool.access() {
                Access::Read => "\n",
                Access::Write if tool.deletes() => " (*deletes*)\n",
                Access::Write => " (*changes something*)\n",
            });
        }
    }
    text
}

/// The page of one tool: its Markdown, and its HTML.
pub(super) fn tool(tool: &Tool) -> (String, String) {
    let head = head(tool);
    // The heading says the summary already.
    let description = tool.published_description();
    let description = description
        .strip_prefix(tool.title())
        .unwrap_or(description);
    let (description, rest) = (description.trim_start(), rest(tool));
    let html = [
        markdown::chapter(&head),
        markdown::description(description),
        markdown::chapter(&rest),
    ];
    (format!("{head}\n{description}\n\n{rest}"), html.concat())
}

fn head(tool: &Tool) -> String {
    let effect = match tool.access() {
        Access::Read => "It reads, and changes nothing.",
        Access::Write if tool.deletes() => "It deletes something, so it takes a Full connection.",
        Access::Write if tool.is_destructive() => {
            "It changes something, and can overwrite what was there, so it takes a Full connection."
        }
        Access::Write => "It changes something, so it takes a Full connection.",
    };
    let repeated = match tool.access() == Access::Write && tool.is_idempotent() {
        true => " A repeated call with the same arguments changes nothing more.",
        false => "",
    };
    let title = escape(tool.title().trim_end_matches('.'));
    format!("# {title}\n\n`{}`. {effect}{repeated}\n", tool.name())
}

fn rest(tool: &Tool) -> String {
    let input = tool.published_input().schema;
    let mut text = String::from("## Arguments\n\n");
    text.push_str(&arguments(&input));
    if tool.is_shortened() {
        text.push_str(
            "\nThis is what assistants list. `describe_tools` returns the whole definition.\n",
        );
    }
    let _ = write!(text, "\n## Input schema\n\n{}", code(&Value::Object(input)));
    if let Some(output) = tool.published_output() {
        let _ = write!(
            text,
            "\n## Output schema\n\n{}",
            code(&Value::Object(output.schema))
        );
    }
    text
}

/// A table of the arguments, the required ones first.
fn arguments(schema: &Map<String, Value>) -> String {
    let properties = schema.get("properties").and_then(Value::as_object);
    let Some(properties) = properties.filter(|it| !it.is_empty()) else {
        return "It takes no arguments.\n".to_owned();
    };
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |name: &str| required.is_some_and(|it| it.iter().any(|one| one.as_str() == Some(name)));
    let mut names: Vec<_> = properties.keys().collect();
    names.sort_by_key(|name| !is_required(name));
    let mut text = String::from("| argument | type | required | meaning |\n|---|---|---|---|\n");
    for name in names {
        let property = properties.get(name).map(|it| resolve(it, schema));
        let property = property.unwrap_or(&Value::Null);
        let required = if is_required(name) { "yes" } else { "no" };
        let meaning = property.get("description").and_then(Value::as_str);
        let meaning = meaning.unwrap_or_default().replace('|', "\\|");
        let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
        let kind = kind(property);
        let _ = writeln!(
            text,
            "| `{}` | {kind} | {required} | {meaning} |",
            name.replace('|', "\\|")
        );
    }
    text
}

/// Follows a reference into the definitions of the schema, once.
fn resolve<'a>(property: &'a Value, schema: &'a Map<String, Value>) -> &'a Value {
    let target = || {
        let name = property.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        schema.get("$defs")?.get(name)
    };
    target().unwrap_or(property)
}

/// The type of an argument, in words.
fn kind(property: &Value) -> String {
    if let Some(values) = property.get("enum").and_then(Value::as_array) {
        let shown = values.iter().take(MOST_VALUES).map(|value| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("`{}`", text.replace('|', "\\|").replace(['`', '\n'], " "))
        });
        let shown: Vec<_> = shown.collect();
        let more = if values.len() > MOST_VALUES {
            ", …"
        } else {
            ""
        };
        return format!("one of {}{more}", shown.join(", "));
    }
    match property.get("type") {
        Some(Value::String(kind)) => escape(kind),
        Some(Value::Array(kinds)) => {
            let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).map(escape).collect();
            kinds.join(" or ")
        }
        _ => "any".to_owned(),
    }
}

/// A value as a block of code. JSON has no line that begins with a fence.
fn code(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("```json\n{text}\n```\n")
}
