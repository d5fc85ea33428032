//! The answer of `describe_tools`: whole definitions, as many as a client can read at once.

use serde_json::{Map, Value, json};

use super::tools::OwnTool;
use crate::tool::{Listing, Tool};

/// Bytes of an answer that are not of definitions: the names of tools, twice, and what leads on. It is
/// the same however many tools are described, so that each answer divides a definition alike.
const FRAME: usize = 2_000;
/// The least bytes of a part of a definition.
const LEAST: usize = 1_000;

/// The whole definition of a tool. Where clients are shown the tools of search mode, it names the one
/// that calls it.
fn definition(tool: &Tool, listing: Listing) -> Value {
    let mut definition = json!({
        "name": tool.name(),
        "title": tool.title(),
        "description": tool.description(),
        "inputSchema": tool.described_input().schema,
    });
    if listing == Listing::Search {
        let own = OwnTool::that_calls(tool, tool.access());
        definition["called_with"] = Value::from(own.name());
    }
    if let Some(output) = tool.output() {
        definition["outputSchema"] = Value::Object(output.schema);
    }
    definition
}

/// Describes tools in an answer of at most `longest` bytes. What has no room is named, with the
/// arguments that ask for it. A definition that is too long for an answer of its own is divided: `part`
/// is the part that is asked for, counted from 1, where a single tool is.
///
/// # Errors
/// Where there is no such part: how many there are.
pub(super) fn describe(
    tools: &[&Tool],
    part: Option<usize>,
    (listing, longest): (Listing, usize),
) -> Result<Value, usize> {
    let room = longest.saturating_sub(FRAME).max(LEAST);
    let mut described = Vec::new();
    let mut next = Vec::new();
    let mut left_out: Vec<&str> = Vec::new();
    let mut length = 0;
    for tool in tools {
        let definition = definition(tool, listing);
        let text = definition.to_string();
        if described.is_empty() && (text.len() > room || part.is_some_and(|part| part > 1)) {
            let parts = divide(&text, room);
            let part = part.unwrap_or(1);
            let shown = parts.get(part.wrapping_sub(1)).ok_or(parts.len())?;
            described.push(json!({
                "name": tool.name(),
                "part": part,
                "parts": parts.len(),
                "json": shown,
            }));
            if part < parts.len() {
                next.push(json!({ "names": [tool.name()], "part": part + 1 }));
            }
            length = room;
        } else if length + text.len() <= room {
            length += text.len() + 1;
            described.push(definition);
        } else {
            left_out.push(tool.name());
        }
    }
    let mut answer = Map::from_iter([("tools".to_owned(), Value::Array(described))]);
    if !left_out.is_empty() {
        next.push(json!({ "names": left_out }));
        answer.insert("left_out".to_owned(), json!(left_out));
    }
    if !next.is_empty() {
        let how = "This is not all: call describe_tools again with each of `next`.";
        answer.insert("note".to_owned(), Value::from(how));
        answer.insert("next".to_owned(), Value::Array(next));
    }
    Ok(Value::Object(answer))
}

/// Divides a text into parts that have at most `room` bytes each as JSON.
fn divide(text: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut length) = (0, 0);
    for (at, character) in text.char_indices() {
        let bytes = match character {
            '"' | '\\' => 2,
            other => other.len_utf8(),
        };
        if length + bytes > room {
            parts.extend(text.get(start..at));
            (start, length) = (at, 0);
        }
        length += bytes;
    }
    parts.extend(text.get(start..));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::{Operation, Schema};

    fn tool(name: &'static str, bytes: usize) -> Tool {
        let schema = json!({"type": "object", "description": "\"é".repeat(bytes / 4)});
        let operation = Operation {
            name,
            input: Schema {
                json: schema.to_string().leak(),
                definitions: &[],
            },
            ..Operation::BASE
        };
        Tool::new(Box::leak(Box::new(operation)), Vec::new())
    }

    /// Follows what answers name until nothing is left: the definitions, by name.
    fn all(tools: &[Tool], longest: usize) -> Map<String, Value> {
        let mut found: Map<String, Value> = Map::new();
        let mut texts: Map<String, Value> = Map::new();
        let names: Vec<&str> = tools.iter().map(Tool::name).collect();
        let mut open = vec![json!({ "names": names })];
        while let Some(arguments) = open.pop() {
            let asked = arguments["names"].as_array().unwrap().iter();
            let asked: Vec<&Tool> = asked
                .map(|name| tools.iter().find(|tool| name == tool.name()).unwrap())
                .collect();
            let part = arguments["part"].as_u64().map(|part| part as usize);
            let answer = describe(&asked, part, (Listing::Search, longest)).unwrap();
            assert!(answer.to_string().len() <= longest, "{longest}");
            for tool in answer["tools"].as_array().unwrap() {
                let name = tool["name"].as_str().unwrap().to_owned();
                match tool.get("json") {
                    None => _ = found.insert(name, tool.clone()),
                    Some(part) => {
                        let before = texts.entry(name).or_insert(Value::from(""));
                        *before = Value::from(format!(
                            "{}{}",
                            before.as_str().unwrap(),
                            part.as_str().unwrap()
                        ));
                    }
                }
            }
            let next = answer.get("next").and_then(Value::as_array);
            open.extend(next.into_iter().flatten().cloned());
        }
        for (name, text) in texts {
            found.insert(name, serde_json::from_str(text.as_str().unwrap()).unwrap());
        }
        found
    }

    #[test]
    fn what_has_no_room_is_named_and_can_be_asked_for() {
        let tools = [
            tool("small", 100),
            tool("large", 20_000),
            tool("middle", 1_500),
            tool("other", 1_500),
        ];
        for longest in [2_500, 4_000, 8_000, 80_000] {
            let found = all(&tools, longest);
            for tool in &tools {
                let is_whole = found[tool.name()] == definition(tool, Listing::Search);
                assert!(is_whole, "{} in {longest}", tool.name());
            }
        }
    }

    #[test]
    fn part_that_is_not_there_is_refused_with_their_number() {
        let (tool, room) = (tool("large", 20_000), (Listing::Tools, 8_000));
        assert!(describe(&[&tool], Some(0), room).is_err());
        let parts = describe(&[&tool], Some(1_000), room).unwrap_err();
        assert!(describe(&[&tool], Some(parts), room).is_ok());
    }
}
