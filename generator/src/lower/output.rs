//! Schemas of outputs: what a model may expect of the structured content.
//!
//! APIs keep their own descriptions less well than clients hold servers to them, and one answer
//! that does not fit makes common clients fail the call. So outputs are loosened: they say which
//! fields there are and of what type, and nothing that could reject an answer for less.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::context::Context;
use super::definition::{self, Direction, PREFIX};
use super::example::Response;
use super::kind;
use super::schema::MAX_DEPTH;
use crate::ir;
use crate::openapi::{Document, Node, Version, join};

/// The largest output schema that is published, in bytes of compact JSON with its definitions.
const MAX_BYTES: usize = 4096;
/// What part of a tool's definition it may take.
const MAX_PART: usize = 4;

/// The schema of an operation's structured content, where all its answers have one and the same.
pub(super) fn output<'d>(cx: &mut Context<'d>, responses: &[Response<'d>]) -> Option<ir::Schema> {
    let mut good: Vec<&Response> = responses.iter().filter(|one| one.is_success()).collect();
    if good.is_empty() {
        good = responses
            .iter()
            .filter(|one| one.declared.status == "default")
            .collect();
    }
    let mut schemas = Vec::new();
    for response in good {
        schemas.push(response.json()?.get("schema")?);
    }
    let first = schemas.first()?;
    let same = |one: &Node| one.value == first.value;
    if !schemas.iter().all(same) {
        return None;
    }
    let target = match first.text("$ref") {
        Some(reference) => definition::follow(cx.document, reference, &first.at).ok()?,
        None => first.clone(),
    };
    let json = match class(cx.document, &target, &mut HashMap::new()) {
        Class::Object => {
            let mut json = loosened(cx, &target);
            json.as_object_mut()?
                .insert("type".to_owned(), json!("object"));
            json
        }
        Class::Other => json!({"type": "object", "properties": {"result": loosened(cx, first)}}),
        Class::Any => return None,
    };
    let definitions = definition::named(&json);
    let schema = ir::Schema { json, definitions };
    let limit = MAX_BYTES.min(cx.max_definition_bytes / MAX_PART);
    definition::size(cx, &schema, limit)?;
    Some(schema)
}

/// What a schema's values are, as far as it says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Object,
    Other,
    Any,
}

/// How many schemas are looked at to find out what the values of one are.
const MAX_CLASSIFIED: usize = 1000;

/// `known` are those that have been looked at; one that leads back into itself says nothing.
fn class(document: &Document, node: &Node, known: &mut HashMap<String, Class>) -> Class {
    if let Some(class) = known.get(&node.at) {
        return *class;
    }
    if known.len() >= MAX_CLASSIFIED {
        return Class::Any;
    }
    known.insert(node.at.clone(), Class::Any);
    let class = class_of(document, node, known);
    known.insert(node.at.clone(), class);
    class
}

fn class_of(document: &Document, node: &Node, known: &mut HashMap<String, Class>) -> Class {
    if let Some(reference) = node.text("$ref") {
        return match definition::follow(document, reference, &node.at) {
            Ok(target) => class(document, &target, known),
            Err(_) => Class::Any,
        };
    }
    let of = |kind: &str| {
        if kind == "object" {
            Class::Object
        } else {
            Class::Other
        }
    };
    match node.get("type").map(|kind| kind.value) {
        Some(Value::String(kind)) => return of(kind),
        Some(Value::Array(kinds)) => {
            let kinds = kinds
                .iter()
                .filter_map(Value::as_str)
                .filter(|kind| *kind != "null");
            return all(kinds.map(of));
        }
        _ => {}
    }
    if node.get("properties").is_some() {
        return Class::Object;
    }
    if node.get("items").is_some() {
        return Class::Other;
    }
    for branch in node.items("allOf") {
        match class(document, &branch, known) {
            Class::Any => {}
            class => return class,
        }
    }
    let branches: Vec<Node> = node
        .items("oneOf")
        .into_iter()
        .chain(node.items("anyOf"))
        .collect();
    let is_null = |node: &Node| node.text("type") == Some("null");
    all(branches
        .iter()
        .filter(|one| !is_null(one))
        .map(|one| class(document, one, known)))
}

/// The class of all, if it is one.
fn all(mut classes: impl Iterator<Item = Class>) -> Class {
    let Some(first) = classes.next() else {
        return Class::Any;
    };
    if classes.all(|one| one == first) {
        first
    } else {
        Class::Any
    }
}

/// A schema that accepts what `node` accepts and more: null everywhere, any value of the types.
pub(super) fn loosened<'d>(cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    loosen(cx, node.value, &node.at, 0)
}

fn loosen<'d>(cx: &mut Context<'d>, value: &'d Value, at: &str, depth: usize) -> Value {
    let Some(source) = value.as_object().filter(|_| depth < MAX_DEPTH) else {
        return json!({});
    };
    let mut lowered = Map::new();
    if let Some(reference) = source.get("$ref").and_then(Value::as_str) {
        if let Some(name) = definition::reference(cx, reference, at, Direction::Output) {
            lowered.insert("$ref".to_owned(), json!(format!("{PREFIX}{name}")));
        }
        if cx.document.version() <= Version::V3_0 {
            return Value::Object(lowered);
        }
    }
    for (keyword, value) in source {
        let at = join(at, keyword);
        let kept = match (keyword.as_str(), value) {
            ("type", kind) => or_null(kind),
            ("title" | "description", Value::String(_)) => Some(value.clone()),
            ("properties", Value::Object(properties)) => {
                let shown = properties
                    .iter()
                    .filter(|(_, schema)| !is_write_only(schema));
                let lowered = shown.map(|(name, schema)| {
                    (
                        name.clone(),
                        loosen(cx, schema, &join(&at, name), depth + 1),
                    )
                });
                Some(Value::Object(lowered.collect()))
            }
            ("items" | "additionalProperties", Value::Object(_)) => {
                Some(loosen(cx, value, &at, depth + 1))
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) if !branches.is_empty() => {
                let variants = branches
                    .iter()
                    .enumerate()
                    .map(|(index, one)| loosen(cx, one, &join(&at, &index.to_string()), depth + 1));
                let variants: Value = variants.collect();
                if keyword == "allOf" {
                    Some(variants)
                } else {
                    // Loosened, several variants may fit at once.
                    lowered.insert("anyOf".to_owned(), variants);
                    None
                }
            }
            _ => None,
        };
        if let Some(kept) = kept {
            lowered.insert(keyword.clone(), kept);
        }
    }
    Value::Object(lowered)
}

fn is_write_only(schema: &Value) -> bool {
    let is = |keyword| schema.get(keyword) == Some(&json!(true));
    is("writeOnly") && !is("readOnly")
}

/// The types, and null.
fn or_null(value: &Value) -> Option<Value> {
    let mut kinds = kind::kinds(value).ok()?;
    kinds.retain(|name| *name != "null");
    kinds.push("null");
    Some(json!(kinds))
}
