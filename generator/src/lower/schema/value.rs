//! Values that schemas speak of.

use serde_json::Value;

/// How deep a value in a schema may be nested: with the schemas around it, it stays within what
/// JSON parsers read.
pub(crate) const MAX_DEPTH: usize = 32;

/// Whether a value is nested deeper than [`MAX_DEPTH`].
pub(crate) fn is_deep(value: &Value, depth: usize) -> bool {
    let deeper = |value| is_deep(value, depth + 1);
    depth > MAX_DEPTH
        || match value {
            Value::Array(items) => items.iter().any(deeper),
            Value::Object(members) => members.values().any(deeper),
            _ => false,
        }
}

/// Whether a value is of a type, or one of several (JSON Schema 2020-12 §6.1.1).
pub(crate) fn is_of(value: &Value, kind: &Value) -> bool {
    let is = |name: &str| match (value, name) {
        (Value::Null, "null")
        | (Value::Bool(_), "boolean")
        | (Value::Number(_), "number")
        | (Value::String(_), "string")
        | (Value::Array(_), "array")
        | (Value::Object(_), "object") => true,
        (Value::Number(number), "integer") => {
            number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => false,
    };
    match kind {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(is),
        _ => true,
    }
}
