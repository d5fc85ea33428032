//! Schemas of outputs: loosened, so that an answer which the description does not foresee still
//! fits. For reports ([`Outputs::Declared`]) they keep what they assert.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::MAX_DEPTH;
use super::access::{Way, one_way};
use super::definition::Direction;
use super::kind;
use super::named::PREFIX;
use super::reference::reference;
use crate::lower::comment::without_comments;
use crate::lower::context::Context;
use crate::lower::settings::Outputs;
use crate::openapi::{Node, join};

/// The keywords that declared outputs keep beside those that hold schemas.
const ASSERTIONS: &[&str] = &[
    "const",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// A schema that accepts what `node` accepts and more: null everywhere, any value of the types.
/// Of declared outputs, all that `node` says about answers.
pub(crate) fn loosened<'d>(cx: &mut Context<'d>, node: &Node<'d>) -> Value {
    loosen(cx, node.value, &node.at, &BTreeSet::new(), 0)
}

/// `around` are properties that answers do not have, declared by a schema around this one that
/// applies to the same value.
fn loosen<'d>(
    cx: &mut Context<'d>,
    value: &'d Value,
    at: &str,
    around: &BTreeSet<&'d str>,
    depth: usize,
) -> Value {
    let Some(source) = value.as_object().filter(|_| depth < MAX_DEPTH) else {
        return json!({});
    };
    let mut lowered = Map::new();
    if let Some(target) = source.get("$ref").and_then(Value::as_str) {
        if let Some(name) = reference(cx, target, at, Direction::Output) {
            lowered.insert("$ref".to_owned(), json!(format!("{PREFIX}{name}")));
        }
        if !cx.document.dialect().has_schema_siblings {
            return Value::Object(lowered);
        }
    }
    let mut hidden = one_way(cx.document, at, source, Way::Request);
    hidden.extend(around);
    let none = BTreeSet::new();
    // The union beside another one.
    let mut others: Vec<Value> = Vec::new();
    let is_declared = cx.outputs == Outputs::Declared;
    for (keyword, value) in source {
        let at = join(at, keyword);
        let kept = match (keyword.as_str(), value) {
            ("type", kind) => {
                let nullable = !is_declared || is_nullable(source);
                kinds_of(kind, nullable)
            }
            ("required", Value::Array(names)) if is_declared => {
                let shown =
                    |name: &&Value| name.as_str().is_some_and(|name| !hidden.contains(name));
                Some(names.iter().filter(shown).cloned().collect())
            }
            ("additionalProperties", Value::Bool(_)) if is_declared => Some(value.clone()),
            (name, _) if is_declared && ASSERTIONS.contains(&name) => Some(value.clone()),
            ("title" | "description", Value::String(text)) => Some(json!(without_comments(text))),
            ("properties", Value::Object(members)) => {
                Some(properties(cx, members, &at, &hidden, depth))
            }
            ("items" | "additionalProperties", Value::Object(_)) => {
                Some(loosen(cx, value, &at, &none, depth + 1))
            }
            ("allOf" | "anyOf" | "oneOf", Value::Array(branches)) if !branches.is_empty() => {
                let variants = branches.iter().enumerate().map(|(index, one)| {
                    loosen(cx, one, &join(&at, &index.to_string()), &hidden, depth + 1)
                });
                let variants: Value = variants.collect();
                if keyword == "allOf" {
                    Some(variants)
                } else {
                    // Loosened, several variants may fit at once.
                    let other = lowered.insert("anyOf".to_owned(), variants);
                    others.extend(other);
                    None
                }
            }
            _ => None,
        };
        if let Some(kept) = kept {
            lowered.insert(keyword.clone(), kept);
        }
    }
    match is_declared {
        true => declared(source, lowered, others),
        false => Value::Object(lowered),
    }
}

/// The properties of an answer, without those that are in requests only.
fn properties<'d>(
    cx: &mut Context<'d>,
    members: &'d Map<String, Value>,
    at: &str,
    hidden: &BTreeSet<&str>,
    depth: usize,
) -> Value {
    let none = BTreeSet::new();
    let shown = members.iter();
    let shown = shown.filter(|(name, _)| !hidden.contains(name.as_str()));
    let lowered = shown.map(|(name, schema)| {
        let schema = loosen(cx, schema, &join(at, name), &none, depth + 1);
        (name.clone(), schema)
    });
    Value::Object(lowered.collect())
}

/// The schema of a declared output: with the unions that have no place beside another one, and with
/// null, which is one of the types where there are any.
fn declared(
    source: &Map<String, Value>,
    mut lowered: Map<String, Value>,
    others: Vec<Value>,
) -> Value {
    for union in others {
        let parts = lowered.entry("allOf").or_insert_with(|| json!([]));
        if let Value::Array(parts) = parts {
            parts.push(json!({ "anyOf": union }));
        }
    }
    let lowered = Value::Object(lowered);
    match is_nullable(source) && !source.contains_key("type") {
        true => json!({"anyOf": [lowered, {"type": "null"}]}),
        false => lowered,
    }
}

/// The types, and null where that is allowed beside them.
fn kinds_of(value: &Value, nullable: bool) -> Option<Value> {
    let mut kinds = kind::kinds(value).ok()?;
    if nullable {
        kinds.retain(|name| *name != "null");
        kinds.push("null");
    }
    Some(json!(kinds))
}

fn is_nullable(source: &Map<String, Value>) -> bool {
    let says = |keyword| source.get(keyword) == Some(&Value::Bool(true));
    says("nullable") || says("x-nullable")
}
