//! The arguments of tools, as code that calls them sets them.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::ir::{self, Argument, ArgumentType};

/// The arguments of an operation, whose schemas are final.
pub(super) fn arguments(operation: &ir::Operation, api: &ir::Api) -> Vec<Argument> {
    let root = &operation.input.json;
    let required = root.get("required").and_then(Value::as_array);
    let required: HashSet<&str> = required
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = root.get("properties").and_then(Value::as_object);
    let arguments = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| Argument {
            name: name.clone(),
            required: required.contains(name.as_str()),
            ty: type_of(schema, api),
            description: description(schema, api),
        });
    arguments.collect()
}

/// The type of what `schema` allows, if there is one that can hold all of it. A list is one of
/// scalars: schemas of lists of lists may contain themselves.
fn type_of(schema: &Value, api: &ir::Api) -> ArgumentType {
    let list = target(schema, api).filter(|schema| {
        schema.get("type").and_then(Value::as_str) == Some("array")
            && !is_combined(schema)
            && !schema.contains_key("prefixItems")
    });
    let Some(items) = list.and_then(|list| list.get("items")) else {
        return scalar_of(schema, api);
    };
    match scalar_of(items, api) {
        ArgumentType::Value => ArgumentType::Value,
        scalar => ArgumentType::Array(Box::new(scalar)),
    }
}

/// The type of what `schema` allows, where that is no list.
fn scalar_of(schema: &Value, api: &ir::Api) -> ArgumentType {
    let Some(schema) = target(schema, api).filter(|schema| !is_combined(schema)) else {
        return ArgumentType::Value;
    };
    let ty = schema.get("type").and_then(Value::as_str);
    if let Some(values) = schema.get("enum") {
        let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
        let texts = values.iter().filter_map(Value::as_str);
        let texts: Vec<String> = texts.map(str::to_owned).collect();
        let all_texts = !texts.is_empty() && texts.len() == values.len();
        if all_texts && (ty == Some("string") || !schema.contains_key("type")) {
            return ArgumentType::Enum(texts);
        }
    }
    match ty {
        Some("string") if !schema.contains_key("enum") => ArgumentType::String,
        Some("integer") if fits_i64(schema) => ArgumentType::Integer,
        Some("number") => ArgumentType::Number,
        Some("boolean") => ArgumentType::Boolean,
        _ => ArgumentType::Value,
    }
}

fn is_combined(schema: &Map<String, Value>) -> bool {
    let keywords = ["allOf", "anyOf", "oneOf", "not", "if", "const", "$ref"];
    keywords.iter().any(|keyword| schema.contains_key(*keyword))
}

/// The schema that `schema` is or refers to, through any number of references that have nothing
/// but annotations beside them.
fn target<'a>(schema: &'a Value, api: &'a ir::Api) -> Option<&'a Map<String, Value>> {
    let mut schema = schema.as_object()?;
    let mut seen = HashSet::new();
    while let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let annotations = [
            "$ref",
            "title",
            "description",
            "deprecated",
            "default",
            "examples",
        ];
        if schema
            .keys()
            .any(|key| !annotations.contains(&key.as_str()))
        {
            return None;
        }
        let name = reference.strip_prefix("#/$defs/")?;
        if !seen.insert(name) {
            return None;
        }
        schema = definition(name, api)?.as_object()?;
    }
    Some(schema)
}

/// A definition by the last part of its reference, which may be escaped (RFC 6901 §4).
fn definition<'a>(name: &str, api: &'a ir::Api) -> Option<&'a Value> {
    let unescaped = name.replace("~1", "/").replace("~0", "~");
    let definitions = &api.definitions;
    let found = definitions.get(&unescaped);
    Some(&found.or_else(|| definitions.get(name))?.json)
}

fn description(schema: &Value, api: &ir::Api) -> String {
    let own = schema.get("description").and_then(Value::as_str);
    let theirs = || target(schema, api)?.get("description")?.as_str();
    own.or_else(theirs).unwrap_or_default().to_owned()
}

/// Whether every integer that the schema names is one of 64 bits with a sign.
fn fits_i64(schema: &Map<String, Value>) -> bool {
    let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    let bounded = bounds
        .iter()
        .filter_map(|bound| schema.get(*bound))
        .all(|bound| bound.as_i64().is_some() || bound.as_f64().is_some_and(|n| n.abs() < 9.0e18));
    let format = schema.get("format").and_then(Value::as_str);
    bounded && !matches!(format, Some("uint64" | "int128" | "uint128"))
}
