//! The hash of what callers of a tool depend on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::ir::{Api, Operation};

/// How many hexadecimal digits of the SHA-256 are kept.
const DIGITS: usize = 16;
/// The members of a schema that hold texts for people.
const TEXTS: [&str; 5] = ["title", "description", "examples", "deprecated", "$comment"];

/// The hash of a tool's contract. It does not depend on texts or on the order of members.
pub(super) fn hash(api: &Api, operation: &Operation) -> String {
    let mut definitions: BTreeMap<&str, Value> = BTreeMap::new();
    let mut waiting: Vec<&String> = operation.input.definitions.iter().collect();
    while let Some(name) = waiting.pop() {
        if let (false, Some(schema)) = (
            definitions.contains_key(name.as_str()),
            api.definitions.get(name),
        ) {
            definitions.insert(name, canonical(&schema.json));
            waiting.extend(&schema.definitions);
        }
    }
    let contract = json!({
        "tool": operation.name,
        "access": format!("{:?}", operation.access),
        "method": operation.method,
        "path": operation.path,
        "parameters": operation.parameters,
        "body": operation.request_body,
        "input": canonical(&operation.input.json),
        "definitions": definitions,
    });
    let digest = Sha256::digest(canonical_order(contract).to_string().as_bytes());
    let mut hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(DIGITS);
    hex
}

/// A schema without texts, whose lists that are sets are in order.
fn canonical(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, value)| {
                // A property may have such a name; its value is a schema.
                !TEXTS.contains(&name.as_str()) || value.is_object()
            });
            kept.map(|(name, value)| (name.clone(), member(name, value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(canonical).collect(),
        other => other.clone(),
    }
}

fn member(name: &str, value: &Value) -> Value {
    match (name, value) {
        // Data, in which nothing is a text for people.
        ("default" | "const", value) => value.clone(),
        ("required" | "enum" | "type", Value::Array(values)) => {
            let mut values = values.clone();
            values.sort_by_key(Value::to_string);
            Value::Array(values)
        }
        ("parameters", Value::Array(_)) => value.clone(),
        _ => canonical(value),
    }
}

/// The same value, the members of every object in order.
fn canonical_order(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<String, Value> = members
                .into_iter()
                .map(|(name, value)| (name, canonical_order(value)))
                .collect();
            Value::Object(Map::from_iter(sorted))
        }
        Value::Array(items) => items.into_iter().map(canonical_order).collect(),
        other => other,
    }
}
