//! `readOnly` and `writeOnly`: properties that travel one way only (OpenAPI 3.0 Schema Object,
//! JSON Schema 2020-12 Validation §9.4).

use serde_json::Value;

use super::follow::follow;
use crate::openapi::Document;

/// Whether a property whose schema stands at `at` is for answers only. One that is also
/// `writeOnly` is not.
pub(crate) fn is_read_only(document: &Document, at: &str, schema: &Value) -> bool {
    travels_only(document, at, schema, "readOnly", "writeOnly")
}

/// Whether a property whose schema stands at `at` is for requests only. One that is also
/// `readOnly` is not.
pub(crate) fn is_write_only(document: &Document, at: &str, schema: &Value) -> bool {
    travels_only(document, at, schema, "writeOnly", "readOnly")
}

fn travels_only(document: &Document, at: &str, schema: &Value, this: &str, other: &str) -> bool {
    let own = |schema: &Value| {
        let is = |keyword: &str| schema.get(keyword) == Some(&Value::Bool(true));
        is(this) && !is(other)
    };
    let Some(reference) = schema.get("$ref").and_then(Value::as_str) else {
        return own(schema);
    };
    let has_siblings = document.dialect().has_schema_siblings;
    let target = follow(document, reference, at);
    (has_siblings && own(schema)) || target.is_ok_and(|target| own(target.value))
}
