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
    if is_raw(schema.value) {
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

/// Whether a value is octets that nothing encodes.
fn is_raw(schema: &Value) -> bool {
    let says = |keyword: &str, text: &str| schema.get(keyword).is_some_and(|value| value == text);
    let is_plain =
        schema.get("contentMediaType").is_some() && schema.get("contentEncoding").is_none();
    is_plain || says("format", "binary") || says("contentEncoding", "binary")
}

/// Whether a file is a list of files.
pub(crate) fn is_list(cx: &Context, schema: &Node) -> bool {
    let target = schema::target(cx.document, schema);
    target.is_ok_and(|target| target.get("items").is_some())
}

/// What a caller can give for a file, or for a list of files: its text, a data URI, or an object with
/// its content.
pub(crate) fn as_file(lowered: &Value, is_list: bool) -> Value {
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
    let mut schema = if is_list {
        json!({"type": "array", "items": {"anyOf": file}})
    } else {
        json!({"anyOf": file})
    };
    if let (Some(text), Some(schema)) = (lowered.get("description"), schema.as_object_mut()) {
        schema.insert("description".to_owned(), text.clone());
    }
    schema
}

/// How deep compositions and references are looked into for files.
const MAX_DEPTH: usize = 8;

/// The lowered schema of a multipart body, in whose compositions files look as in plain bodies. Where
/// a definition holds one, it replaces the reference to it.
pub(crate) fn with_files(cx: &mut Context, lowered: Value) -> Value {
    schema::settle(cx);
    Files { cx }.shown(&lowered, 0).unwrap_or(lowered)
}

struct Files<'c, 'd> {
    cx: &'c Context<'d>,
}

impl Files<'_, '_> {
    /// The schema with files shown; none where it has none.
    fn shown(&self, schema: &Value, depth: usize) -> Option<Value> {
        let members = schema.as_object().filter(|_| depth <= MAX_DEPTH)?;
        if let Some(definition) = self.definition(schema) {
            let shown = self.shown(definition, depth + 1)?;
            let alone = members.len() == 1;
            let mut rest = members.clone();
            rest.shift_remove("$ref");
            return Some(match alone {
                true => shown,
                false => json!({"allOf": [shown, rest]}),
            });
        }
        let mut has_files = false;
        let mut shown = members.clone();
        if let Some(Value::Object(properties)) = shown.get_mut("properties") {
            for property in properties.values_mut() {
                if let Some(is_list) = self.file(property, depth) {
                    *property = as_file(property, is_list);
                    has_files = true;
                }
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let Some(Value::Array(parts)) = shown.get_mut(keyword) else {
                continue;
            };
            for part in parts {
                if let Some(found) = self.shown(part, depth + 1) {
                    *part = found;
                    has_files = true;
                }
            }
        }
        has_files.then_some(Value::Object(shown))
    }

    /// Whether a property is a file, or else a list of files; none if it is neither.
    fn file(&self, schema: &Value, depth: usize) -> Option<bool> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(definition) = self.definition(schema) {
            return self.file(definition, depth + 1);
        }
        if let Some(items) = schema.get("items") {
            return self.file(items, depth + 1).map(|_| true);
        }
        is_raw(schema).then_some(false)
    }

    fn definition(&self, schema: &Value) -> Option<&Value> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        let definition = self.cx.definitions.lowered.get(name)?;
        Some(&definition.json)
    }
}
