//! Idempotency keys: what makes a write safe to repeat
//! (draft-ietf-httpapi-idempotency-key-header).

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::operation::{Catalog, In, Operation};

const FIELD: &str = "idempotency-key";

/// The keywords of a schema that say nothing about its values, beside `type` and `format`.
const ANNOTATIONS: [&str; 7] = [
    "title",
    "description",
    "examples",
    "example",
    "default",
    "deprecated",
    "$comment",
];

/// How long a key is.
const LENGTH: u64 = 36;

/// The arguments that are filled with a key where a call has none.
#[derive(Debug, Default)]
pub(in crate::upstream) struct IdempotencyKeys(BTreeMap<&'static str, &'static str>);

impl IdempotencyKeys {
    /// Finds the operations of `catalog` that declare the header field, and whose schema a UUID fits.
    pub(in crate::upstream) fn new(catalog: &'static Catalog, is_on: bool) -> IdempotencyKeys {
        let operations = catalog.operations.iter().copied().flatten();
        let operations = operations.filter(|operation| is_on && !operation.idempotent);
        let filled = operations.filter_map(|operation| {
            let argument = argument(operation)?;
            let schema: Value = serde_json::from_str(operation.input.json).ok()?;
            let schema = schema.get("properties")?.get(argument)?;
            fits(schema).then_some((operation.name, argument))
        });
        IdempotencyKeys(filled.collect())
    }

    /// Adds the key to the arguments of a call that has none. It is made of the id of the request, and
    /// the place of the call among those of the request.
    pub(in crate::upstream) fn fill(
        &self,
        operation: &Operation,
        arguments: &mut Map<String, Value>,
        (request_id, number): (&str, u32),
    ) {
        if let Some(argument) = self.0.get(operation.name)
            && arguments.get(*argument).is_none_or(Value::is_null)
        {
            arguments.insert(
                (*argument).to_owned(),
                Value::from(uuid(request_id, number)),
            );
        }
    }
}

/// Returns true where a request carries a key that the description of its operation declares.
pub(super) fn is_sent(operation: &Operation, headers: &HeaderMap) -> bool {
    let key = headers.get(FIELD);
    key.is_some_and(|key| !key.is_empty()) && argument(operation).is_some()
}

/// The argument that an operation sends as its key.
fn argument(operation: &Operation) -> Option<&'static str> {
    let mut parameters = operation.parameters.iter();
    let key = parameters.find(|parameter| {
        parameter.location == In::Header
            && parameter.name.eq_ignore_ascii_case(FIELD)
            && parameter.bind.is_none()
    });
    key.map(|parameter| parameter.argument)
}

/// Returns true where every UUID fits a schema, as far as that can be read from it.
fn fits(schema: &Value) -> bool {
    let Some(schema) = schema.as_object() else {
        return false;
    };
    schema
        .iter()
        .all(|(keyword, value)| match keyword.as_str() {
            "type" => {
                let is_text = |value: &Value| value.as_str() == Some("string");
                is_text(value) || value.as_array().is_some_and(|it| it.iter().any(is_text))
            }
            "format" => value.as_str() == Some("uuid"),
            "minLength" => value.as_u64().is_some_and(|least| least <= LENGTH),
            "maxLength" => value.as_u64().is_some_and(|most| most >= LENGTH),
            other => ANNOTATIONS.contains(&other),
        })
}

/// The id of a request, 32 hexadecimal digits, and a number as a UUID of random bits (RFC 9562 §5.4).
fn uuid(request_id: &str, number: u32) -> String {
    let id = u128::from_str_radix(request_id, 16).unwrap_or_default();
    let id = id.wrapping_add(u128::from(number));
    let mut digits: Vec<char> = format!("{id:032x}").chars().collect();
    for (place, digit) in [(12, '4'), (16, '8')] {
        if let Some(slot) = digits.get_mut(place) {
            *slot = digit;
        }
    }
    let mut text = String::with_capacity(36);
    for (place, digit) in digits.into_iter().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn key_is_the_id_of_the_request_as_a_uuid() {
        let key = |number| uuid("0123456789abcdef0123456789abcdef", number);
        assert_eq!(key(0), "01234567-89ab-4def-8123-456789abcdef");
        assert_eq!(key(1), "01234567-89ab-4def-8123-456789abcdf0");
    }

    #[test]
    fn schema_that_a_uuid_may_not_fit_is_left_to_the_caller() {
        for fitting in [
            json!({"type": "string", "description": "d", "maxLength": 64}),
            json!({"type": ["string", "null"], "format": "uuid"}),
        ] {
            assert!(fits(&fitting), "{fitting}");
        }
        for other in [
            json!({"type": "integer"}),
            json!({"type": "string", "maxLength": 20}),
            json!({"type": "string", "pattern": "^k_"}),
            json!({"type": "string", "format": "date"}),
            json!({"$ref": "#/$defs/Key"}),
        ] {
            assert!(!fits(&other), "{other}");
        }
    }
}
