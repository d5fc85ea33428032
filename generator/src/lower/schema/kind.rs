//! The keyword `type`.

use serde_json::Value;

/// The types that JSON Schema knows (2020-12, Validation §6.1.1).
const KNOWN: [&str; 7] = [
    "null", "boolean", "object", "array", "number", "integer", "string",
];

/// The types that the value of `type` names: each once, as their array has to be, and in its order.
///
/// # Errors
/// What it names that is no type; an array that names none is none.
pub(crate) fn kinds(value: &Value) -> Result<Vec<&str>, &Value> {
    let listed = match value {
        Value::Array(several) if several.is_empty() => return Err(value),
        Value::Array(several) => several.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut kinds = Vec::new();
    for one in listed {
        let name = match one {
            Value::String(name) if KNOWN.contains(&name.as_str()) => name,
            // YAML reads an unquoted null as nothing.
            Value::Null if listed.len() > 1 => "null",
            _ => return Err(one),
        };
        if !kinds.contains(&name) {
            kinds.push(name);
        }
    }
    Ok(kinds)
}
