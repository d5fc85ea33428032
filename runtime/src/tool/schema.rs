//! Generated schemas as documents.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Document;
use crate::operation::{Definition, Schema};

/// Removes arguments from an input schema.
pub(super) fn remove(input: &mut Map<String, Value>, arguments: &[&str]) {
    if arguments.is_empty() {
        return;
    }
    if let Some(Value::Object(properties)) = input.get_mut("properties") {
        properties.retain(|name, _| !arguments.contains(&name.as_str()));
    }
    let required = input.get_mut("required").and_then(Value::as_array_mut);
    if required.is_some_and(|names| {
        let is_asked = |name: &Value| name.as_str().is_none_or(|name| !arguments.contains(&name));
        names.retain(is_asked);
        names.is_empty()
    }) {
        input.shift_remove("required");
    }
}

/// The arguments that the server itself takes, of tools whose answers can be long.
const OWN: [(&str, &str); 2] = [
    (
        "_fields",
        r#"{"type":"array","items":{"type":"string"},"description":"Parts to keep, such as owner.name"}"#,
    ),
    ("_cursor", r#"{"type":"string"}"#),
];

/// Adds the arguments that the server itself takes, where the API has none of that name. Returns how
/// many bytes they have.
pub(super) fn add_own(input: &mut Map<String, Value>) -> usize {
    if !input.contains_key("properties") {
        // Before what says that there are no others.
        input.shift_insert(
            input.len().min(1),
            "properties".to_owned(),
            Value::Object(Map::new()),
        );
    }
    let mut size = 0;
    if let Some(Value::Object(properties)) = input.get_mut("properties") {
        for (name, schema) in OWN {
            if let Some(schema) = parse(schema, name).filter(|_| !properties.contains_key(name)) {
                size += name.len() + schema.to_string().len();
                properties.insert(name.to_owned(), schema);
            }
        }
    }
    size
}

/// A schema as one document: its own JSON, and as the last key `$defs` with every definition that it
/// reaches, sorted by name.
pub(super) fn assemble(schema: &Schema, tool: &str) -> Document {
    let mut reached: BTreeMap<&'static str, &'static Definition> = BTreeMap::new();
    let mut open: Vec<&'static Definition> = schema.definitions.to_vec();
    while let Some(definition) = open.pop() {
        if reached.insert(definition.name, definition).is_none() {
            open.extend(definition.schema.definitions);
        }
    }
    let mut size = schema.json.len();
    let mut document = match parse(schema.json, tool) {
        Some(Value::Object(document)) => document,
        _ => Map::from_iter([("type".to_owned(), Value::from("object"))]),
    };
    if !reached.is_empty() {
        let definitions: Map<String, Value> = reached
            .into_values()
            .filter_map(|definition| {
                size += definition.name.len() + definition.schema.json.len();
                let schema = parse(definition.schema.json, tool)?;
                Some((definition.name.to_owned(), schema))
            })
            .collect();
        document.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Document {
        schema: document,
        size,
    }
}

/// Reads a generated schema. Text that is not JSON is a defect of the generator, not of the caller: it
/// is logged and left out.
fn parse(json: &'static str, tool: &str) -> Option<Value> {
    serde_json::from_str(json)
        .map(compact)
        .inspect_err(|error| tracing::error!(tool, %error, "a generated schema is not JSON"))
        .ok()
}

/// The same value without the room to grow that reading leaves in every object. Definitions are
/// kept for as long as the server runs, and this halves them.
fn compact(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let members = object
                .into_iter()
                .map(|(name, value)| (name, compact(value)));
            Value::Object(members.collect())
        }
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(compact).collect();
            items.shrink_to_fit();
            Value::Array(items)
        }
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static LEAF: Definition = Definition {
        name: "Leaf",
        schema: Schema {
            json: r#"{"type":"string"}"#,
            definitions: &[],
        },
    };
    static TREE: Definition = Definition {
        name: "Tree",
        schema: Schema {
            json: r##"{"type":"object","properties":{"leaf":{"$ref":"#/$defs/Leaf"},"tree":{"$ref":"#/$defs/Tree"}}}"##,
            definitions: &[&TREE, &LEAF],
        },
    };

    #[test]
    fn a_schema_carries_every_definition_it_reaches_sorted_by_name() {
        const SCHEMA: Schema = Schema {
            json: r##"{"type":"object","properties":{"tree":{"$ref":"#/$defs/Tree"}}}"##,
            definitions: &[&TREE],
        };
        let document = assemble(&SCHEMA, "plant").schema;
        let keys: Vec<_> = document.keys().collect();
        assert_eq!(keys, ["type", "properties", "$defs"]);
        let names: Vec<_> = document["$defs"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["Leaf", "Tree"]);
    }

    #[test]
    fn a_schema_without_definitions_has_no_defs() {
        assert!(
            !assemble(&Schema::NO_ARGUMENTS, "ping")
                .schema
                .contains_key("$defs")
        );
    }
}
