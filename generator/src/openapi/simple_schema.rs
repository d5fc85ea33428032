//! Parameters and headers of Swagger 2.0, which describe their values themselves.

use serde_json::{Map, Value, json};

use super::upgrade::is_type;

/// Fields of a parameter that describe its value (Swagger 2.0 Parameter Object).
const SCHEMA_FIELDS: [&str; 19] = [
    "type",
    "format",
    "items",
    "default",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "enum",
    "multipleOf",
    "x-nullable",
    "x-mcp-header",
    "x-example",
];

/// Moves what describes a parameter's value into a schema.
pub(super) fn schema(parameter: &mut Map<String, Value>) -> Value {
    let mut schema = Map::new();
    for field in SCHEMA_FIELDS {
        if let Some(value) = parameter.shift_remove(field) {
            schema.insert(field.to_owned(), value);
        }
    }
    parameter.shift_remove("collectionFormat");
    state_octets(&mut schema);
    Value::Object(schema)
}

/// Whether a parameter is a file, or a list of files, which Swagger 2.0 does not provide for and is common.
pub(super) fn is_file(parameter: &Map<String, Value>) -> bool {
    let items = parameter.get("items").and_then(Value::as_object);
    is_type(parameter, "file") || items.is_some_and(|items| is_type(items, "file"))
}

/// Writes the type of a file as OpenAPI 3.0 does.
fn state_octets(schema: &mut Map<String, Value>) {
    if is_type(schema, "file") {
        schema.insert("type".to_owned(), json!("string"));
        schema.insert("format".to_owned(), json!("binary"));
    }
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        state_octets(items);
    }
}
