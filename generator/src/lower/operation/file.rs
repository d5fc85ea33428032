//! Files in multipart bodies.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::lower::context::Context;
use crate::lower::schema;
use crate::openapi::Node;

/// Whether a property of a multipart body is a file or a list of files.
pub(crate) fn is_file(cx: &Context, schema: &Node) -> bool {
    is_file_unless(cx, schema, &mut HashSet::new(), 0)
}

/// `seen` are the schemas that references have led to.
fn is_file_unless(cx: &Context, schema: &Node, seen: &mut HashSet<String>, depth: usize) -> bool {
    if depth > 8 {
        return false;
    }
    if let Some(reference) = schema.text("$ref") {
        let target = schema::follow(cx.document, reference, &schema.at);
        return target.is_ok_and(|target| {
            seen.insert(target.at.clone()) && is_file_unless(cx, &target, seen, depth + 1)
        });
    }
    let raw = schema.get("contentMediaType").is_some() && schema.get("contentEncoding").is_none();
    if schema.text("format") == Some("binary") || raw {
        return true;
    }
    if let Some(items) = schema.get("items") {
        return is_file_unless(cx, &items, seen, depth + 1);
    }
    let branches = ["anyOf", "oneOf", "allOf"]
        .into_iter()
        .flat_map(|keyword| schema.items(keyword));
    branches
        .into_iter()
        .any(|branch| is_file_unless(cx, &branch, seen, depth + 1))
}

/// What a caller can give for a file: its text, a data URI, or an object with its content.
pub(crate) fn as_file(lowered: &Value, source: Option<&Node>, cx: &Context) -> Value {
    let file = json!([
        {"type": "string", "description": "a data: URI, or the text itself"},
        {
            "type": "object",
            "properties": {
                "base64": {"type": "string"},
                "text": {"type": "string"},
                "filename": {"type": "string"},
                "content_type": {"type": "string"},
            },
            "additionalProperties": false,
            "oneOf": [{"required": ["base64"]}, {"required": ["text"]}],
        },
    ]);
    let is_list = |node: &Node| {
        let target = schema::target(cx.document, node);
        target.is_ok_and(|target| target.get("items").is_some())
    };
    let mut schema = if source.is_some_and(is_list) {
        json!({"type": "array", "items": {"anyOf": file}})
    } else {
        json!({"anyOf": file})
    };
    if let (Some(text), Some(schema)) = (lowered.get("description"), schema.as_object_mut()) {
        schema.insert("description".to_owned(), text.clone());
    }
    schema
}
