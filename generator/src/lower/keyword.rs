//! The keywords of JSON Schema that hold no schema themselves.

use serde_json::{Map, Value, json};

use super::schema::Direction;

const TYPES: [&str; 7] = [
    "string", "number", "integer", "boolean", "object", "array", "null",
];

/// What becomes of a keyword.
pub(super) enum Plain<'k> {
    Keep(&'k str, Value),
    Ignore,
    Wrong(String, String),
}

/// Lowers a keyword whose value is no schema.
pub(super) fn plain<'k>(key: &'k str, value: &Value, direction: Direction) -> Plain<'k> {
    let keep = |fits: bool| {
        if fits {
            Plain::Keep(key, value.clone())
        } else {
            Plain::Ignore
        }
    };
    let rules = direction == Direction::Input;
    match key {
        "type" => types(value),
        "title" | "description" => keep(value.as_str().is_some_and(|text| !text.is_empty())),
        "format" | "contentEncoding" | "contentMediaType" => keep(rules && value.is_string()),
        "default" | "const" => keep(rules),
        "deprecated" => keep(*value == Value::Bool(true)),
        "uniqueItems" => keep(rules && *value == Value::Bool(true)),
        "example" if rules => Plain::Keep("examples", json!([value])),
        "examples" => keep(rules && value.as_array().is_some_and(|several| !several.is_empty())),
        "enum" if rules => match value.as_array() {
            Some(values) if values.is_empty() => Plain::Wrong(
                "an empty `enum` accepts nothing; it is left out".to_owned(),
                "list the values, or leave `enum` out".to_owned(),
            ),
            Some(values) => {
                let distinct = values.iter().fold(Vec::new(), |mut kept, value| {
                    if !kept.contains(value) {
                        kept.push(value.clone());
                    }
                    kept
                });
                Plain::Keep(key, distinct.into())
            }
            None => wrong(key, "a list"),
        },
        "maximum" | "minimum" if rules => {
            if value.is_number() {
                keep(true)
            } else {
                wrong(key, "a number")
            }
        }
        "exclusiveMaximum" | "exclusiveMinimum" => keep(rules && value.is_number()),
        "multipleOf" if rules => match value.as_f64() {
            Some(factor) if factor > 0.0 => keep(true),
            _ => wrong(key, "a number above 0"),
        },
        "maxLength" | "minLength" | "maxItems" | "minItems" | "maxProperties" | "minProperties"
        | "maxContains" | "minContains"
            if rules =>
        {
            if value.as_u64().is_some() {
                keep(true)
            } else {
                wrong(key, "a count")
            }
        }
        "dependentRequired" => keep(rules && value.is_object()),
        "x-mcp-header" => keep(value.is_string()),
        _ => Plain::Ignore,
    }
}

fn wrong<'k>(key: &str, what: &str) -> Plain<'k> {
    Plain::Wrong(
        format!("`{key}` is not {what} and is left out"),
        format!("write {what}"),
    )
}

fn types<'k>(value: &Value) -> Plain<'k> {
    let named = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(several) => several.as_slice(),
        _ => &[],
    };
    let known: Vec<_> = named
        .iter()
        .filter(|name| TYPES.iter().any(|known| *name == known))
        .cloned()
        .collect();
    match known.as_slice() {
        [] => Plain::Wrong(
            format!("`type: {value}` is none of JSON Schema's types; any type is accepted"),
            format!("the types are: {}", TYPES.join(", ")),
        ),
        [one] => Plain::Keep("type", one.clone()),
        several => Plain::Keep("type", several.to_vec().into()),
    }
}

/// OpenAPI 3.0's boolean exclusive bounds, as the numbers they stand for.
pub(super) fn exclusive_bounds(schema: &Map<String, Value>, lowered: &mut Map<String, Value>) {
    for (bound, exclusive) in [
        ("minimum", "exclusiveMinimum"),
        ("maximum", "exclusiveMaximum"),
    ] {
        if schema.get(exclusive) == Some(&Value::Bool(true))
            && let Some(value) = lowered.shift_remove(bound)
        {
            lowered.insert(exclusive.to_owned(), value);
        }
    }
}

/// `schema`, and null.
pub(super) fn nullable(schema: Value) -> Value {
    let null = || Value::from("null");
    let Value::Object(mut object) = schema else {
        return schema;
    };
    if object.is_empty() {
        return object.into();
    }
    if let Some(values) = object.get_mut("enum").and_then(Value::as_array_mut)
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    let is_typed = match object.get_mut("type") {
        Some(Value::Array(types)) => {
            if !types.contains(&null()) {
                types.push(null());
            }
            true
        }
        Some(one) => {
            if *one != null() {
                *one = vec![one.take(), null()].into();
            }
            true
        }
        None => false,
    };
    let composed = ["$ref", "allOf", "anyOf", "oneOf", "not", "const", "if"];
    if composed.iter().any(|keyword| object.contains_key(*keyword)) {
        let takes_null = object
            .get("anyOf")
            .and_then(Value::as_array)
            .is_some_and(|several| several.iter().any(|one| one.get("type") == Some(&null())));
        if takes_null
            && !is_typed
            && object
                .keys()
                .all(|key| key == "anyOf" || !composed.contains(&key.as_str()))
        {
            return object.into();
        }
        let mut outer = Map::new();
        for annotation in ["title", "description"] {
            if let Some(text) = object.shift_remove(annotation) {
                outer.insert(annotation.to_owned(), text);
            }
        }
        outer.insert("anyOf".to_owned(), json!([object, {"type": "null"}]));
        return outer.into();
    }
    object.into()
}

/// Whether a pattern is one of ECMAScript with the `u` flag, as JSON Schema recommends, or without.
pub(super) fn is_ecma(pattern: &str) -> bool {
    regress::Regex::with_flags(pattern, "u").is_ok() || regress::Regex::new(pattern).is_ok()
}
