//! Parts of one schema that no value could satisfy together: what is left takes what the API most
//! likely does.

use serde_json::{Map, Value, json};

use super::value::{is_of, read_as};
use crate::lower::context::Context;
use crate::openapi::join;

/// Loosens what contradicts itself in the lowered schema of what is at `at`.
pub(crate) fn loosen(cx: &mut Context<'_>, at: &str, lowered: &mut Map<String, Value>) {
    loosen_enum(cx, at, lowered);
    loosen_closed(cx, at, lowered);
    for (least, most) in [
        ("minimum", "maximum"),
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
    ] {
        let number = |keyword| lowered.get(keyword).and_then(Value::as_f64);
        if number(least) > number(most) && number(most).is_some() {
            cx.warn(
                join(at, least),
                format!("`{least}` is above `{most}`; both are dropped"),
                "exchange them",
            );
            lowered.shift_remove(least);
            lowered.shift_remove(most);
        }
    }
}

/// Properties that are required where `additionalProperties: false` forbids them.
fn loosen_closed(cx: &mut Context<'_>, at: &str, lowered: &mut Map<String, Value>) {
    let is_closed = lowered.get("additionalProperties") == Some(&json!(false))
        && !lowered.contains_key("patternProperties");
    let Some(Value::Array(required)) = lowered.get("required").filter(|_| is_closed) else {
        return;
    };
    let known = lowered.get("properties").and_then(Value::as_object);
    let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
    let names = required.iter().filter_map(Value::as_str);
    let missing: Vec<String> = names
        .filter(|name| !is_known(name))
        .map(str::to_owned)
        .collect();
    if missing.is_empty() {
        return;
    }
    cx.warn(
        join(at, "required"),
        format!(
            "`{}` is required, and forbidden by `additionalProperties: false`; it is allowed",
            missing.join("`, `")
        ),
        "describe it under `properties`",
    );
    let properties = lowered.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.extend(missing.into_iter().map(|name| (name, json!({}))));
    }
}

/// An enum of which no value is of the schema's type.
fn loosen_enum(cx: &mut Context<'_>, at: &str, lowered: &mut Map<String, Value>) {
    let (Some(kind), Some(Value::Array(values))) = (lowered.get("type"), lowered.get("enum"))
    else {
        return;
    };
    if values.iter().any(|value| is_of(value, kind)) {
        return;
    }
    if *kind == json!("array") && fits_items(values, lowered.get("items")) {
        cx.warn(
            join(at, "enum"),
            "no value of the enum is an array; it is taken for that of the items",
            "write it into `items`",
        );
        let values = lowered.shift_remove("enum");
        let items = lowered.entry("items").or_insert_with(|| json!({}));
        if let (Value::Object(items), Some(Value::Array(values))) = (items, values) {
            let read = |value| items.get("type").map(|kind| read_as(kind, value));
            let values = values.iter();
            let values: Value = values
                .map(|value| read(value).unwrap_or_else(|| value.clone()))
                .collect();
            items.insert("enum".to_owned(), values);
        }
        return;
    }
    cx.warn(
        join(at, "enum"),
        format!("no value of the enum is of the type {kind}; the type is dropped"),
        "write the values as the type wants them",
    );
    lowered.shift_remove("type");
}

/// Whether items with this schema may be one of these values.
fn fits_items(values: &[Value], items: Option<&Value>) -> bool {
    match items {
        None => true,
        Some(Value::Object(items)) if items.contains_key("enum") => false,
        Some(Value::Object(items)) => match items.get("type") {
            Some(kind) => values
                .iter()
                .any(|value| is_of(&read_as(kind, value), kind)),
            None => true,
        },
        Some(_) => false,
    }
}
