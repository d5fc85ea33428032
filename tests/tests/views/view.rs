//! What has to be in a result, in each part that a client may read.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jsonschema::Validator;
use serde_json::Value;
use tests::harness::recorder::Reply;

/// What the API sends in place of JSON, or as JSON.
#[derive(Clone, Debug)]
pub(crate) enum Sent {
    Json(Value),
    /// A sequence of items, of which these texts are parts.
    Items(Vec<String>),
    Text(String),
    Media(Bytes),
    Nothing,
}

/// An answer of the API, and the header fields of it that carry meaning.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Reply,
    pub(crate) sent: Sent,
    pub(crate) fields: Vec<(String, String)>,
}

/// What of an answer is missing from a view of it; of a tool with this output schema, where it
/// publishes one.
pub(crate) fn missing(answer: &Answer, schema: Option<&Validator>, result: &Value) -> Vec<String> {
    let mut missing = Vec::new();
    if result["isError"] == true {
        return vec![format!("it is an error: {result}")];
    }
    let blocks = result["content"].as_array().unwrap();
    let texts: Vec<&str> = blocks.iter().filter_map(|it| it["text"].as_str()).collect();
    let text = texts.join("\n");
    let structured = result.get("structuredContent");
    match (schema, structured) {
        (Some(schema), Some(structured)) => {
            if let Err(error) = schema.validate(structured) {
                missing.push(format!("structured content that fits: {error}"));
            }
        }
        (Some(_), None) => missing.push("structured content, which MCP wants".to_owned()),
        (None, Some(_)) if !matches!(answer.sent, Sent::Json(_) | Sent::Items(_)) => {
            missing.push("structured content is there beside what is not JSON".to_owned());
        }
        (None, _) => {}
    }
    body(&answer.sent, &texts, result, &mut missing);

    let notes = structured.map(|it| &it["_notes"]);
    let status = answer.reply.status.as_u16();
    if status != 200 || matches!(answer.sent, Sent::Nothing) {
        if !text.contains(&status.to_string()) {
            missing.push(format!("the status {status} in the text"));
        }
        if notes.is_some_and(|notes| notes["status"] != status) {
            missing.push(format!("the status {status} in the structured content"));
        }
    }
    for (name, value) in &answer.fields {
        if !text.contains(&format!("{name}: {value}")) {
            missing.push(format!("{name} in the text"));
        }
        if notes.is_some_and(|notes| notes["header_fields"][name] != value.as_str()) {
            missing.push(format!("{name} in the structured content"));
        }
    }
    for note in ["truncated", "next_page"] {
        let Some(note) = notes.map(|notes| &notes[note]).filter(|it| !it.is_null()) else {
            continue;
        };
        let note = note
            .as_str()
            .map_or_else(|| note.to_string(), str::to_owned);
        if !text.contains(&note) {
            missing.push(format!("{note} in the text"));
        }
    }
    missing
}

fn body(sent: &Sent, texts: &[&str], result: &Value, missing: &mut Vec<String>) {
    let structured = result.get("structuredContent");
    match sent {
        Sent::Json(value) => {
            let first = texts
                .first()
                .map(|text| serde_json::from_str::<Value>(text));
            if !matches!(first, Some(Ok(first)) if first == *value) {
                missing.push("the JSON in the text".to_owned());
            }
            let Some(structured) = structured else {
                return missing.push("the JSON as structured content".to_owned());
            };
            let there = leaves(structured);
            for (leaf, count) in leaves(value) {
                if there.get(&leaf).is_none_or(|there| *there < count) {
                    missing.push(format!("{leaf} in the structured content"));
                }
            }
        }
        Sent::Items(parts) => {
            let structured = structured.map(Value::to_string).unwrap_or_default();
            for part in parts {
                if !texts.iter().any(|text| text.contains(part)) || !structured.contains(part) {
                    missing.push(format!("{part} of a sequence"));
                }
            }
        }
        Sent::Text(text) => {
            if texts.first() != Some(&text.as_str()) {
                missing.push("the text".to_owned());
            }
            let there = structured.map(leaves);
            let leaf = Value::from(text.as_str()).to_string();
            if there.is_some_and(|there| !there.contains_key(&leaf)) {
                missing.push("the text in the structured content".to_owned());
            }
        }
        Sent::Media(bytes) => {
            let block = &result["content"][0];
            let data = block["data"]
                .as_str()
                .or(block["resource"]["blob"].as_str());
            if data.and_then(|data| STANDARD.decode(data).ok()) != Some(bytes.to_vec()) {
                missing.push("the bytes of the file".to_owned());
            }
        }
        Sent::Nothing => {}
    }
}

/// The values at the ends of a value, as JSON, and how often each is there. An empty list or object
/// is an end, too.
fn leaves(value: &Value) -> BTreeMap<String, usize> {
    let mut leaves = BTreeMap::new();
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Array(items) if !items.is_empty() => open.extend(items),
            Value::Object(members) if !members.is_empty() => open.extend(members.values()),
            leaf => *leaves.entry(leaf.to_string()).or_default() += 1,
        }
    }
    leaves
}
