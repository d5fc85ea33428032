//! References in lowered schemas.

use std::collections::BTreeSet;

use serde_json::Value;

/// How a reference to a definition begins.
pub(crate) const PREFIX: &str = "#/$defs/";

pub(crate) fn target(reference: Option<&Value>) -> Option<&str> {
    reference?.as_str()?.strip_prefix(PREFIX)
}

/// The definitions that a lowered schema names itself, sorted.
pub(crate) fn named(schema: &Value) -> Vec<String> {
    let mut names = BTreeSet::new();
    collect(schema, &mut names);
    names.into_iter().collect()
}

/// Looks into every place a lowered schema can have a schema in.
fn collect(schema: &Value, names: &mut BTreeSet<String>) {
    let Some(members) = schema.as_object() else {
        return;
    };
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                names.extend(reference.strip_prefix(PREFIX).map(str::to_owned));
            }
            ("properties" | "patternProperties" | "dependentSchemas", Value::Object(schemas)) => {
                schemas.values().for_each(|one| collect(one, names));
            }
            ("allOf" | "anyOf" | "oneOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter().for_each(|one| collect(one, names));
            }
            (
                "items"
                | "contains"
                | "additionalProperties"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else"
                | "unevaluatedItems"
                | "unevaluatedProperties"
                | "contentSchema",
                one,
            ) => collect(one, names),
            _ => {}
        }
    }
}
