//! What a tool answers in mock mode.

use openapiv3 as v3;
use serde_json::{Map, Value, json};

use super::media::{Kind, kind};
use super::parameter::hollow_reference;
use super::response::each;
use super::schema::Lowering;
use crate::ir::Example;

/// The largest example that is kept.
const MAX_BYTES: usize = 16 * 1024;
/// How deep an example made from a schema goes.
const MAX_DEPTH: usize = 6;

/// The first answer of success: the description's JSON example, or one made from the schema.
pub(super) fn example(responses: &v3::Responses, lowering: &Lowering<'_>) -> Option<Example> {
    let success: Vec<_> = each(responses)
        .filter(|(status, _)| status.starts_with('2'))
        .collect();
    let written = success.iter().find_map(|(status, response)| {
        let (media_type, example) = response.content.iter().find_map(|(media_type, media)| {
            let is_json = matches!(kind(media_type), Kind::Json | Kind::StructuredJson);
            is_json.then_some(())?;
            Some((media_type, media.example.as_ref()?.to_string()))
        })?;
        (example.len() <= MAX_BYTES).then(|| answer(status, media_type, example))
    });
    written.or_else(|| {
        let (status, response) = success.first()?;
        let Some((media_type, media)) = response
            .content
            .iter()
            .min_by_key(|(media_type, _)| kind(media_type))
        else {
            return Some(answer(status, "", String::new()));
        };
        let body = match kind(media_type) {
            Kind::Json | Kind::StructuredJson | Kind::JsonLines => {
                let schema = media
                    .schema
                    .as_ref()
                    .map(hollow_reference)
                    .unwrap_or_default();
                let made = sample(&schema, lowering, 0).to_string();
                if made.len() <= MAX_BYTES {
                    made
                } else {
                    "{}".to_owned()
                }
            }
            Kind::Form => "example=example".to_owned(),
            Kind::Xml => "<example/>".to_owned(),
            Kind::Multipart | Kind::Text | Kind::Binary => "example".to_owned(),
        };
        Some(answer(status, media_type, body))
    })
}

fn answer(status: &str, media_type: &str, body: String) -> Example {
    let status = status.parse().unwrap_or(200);
    Example {
        status,
        media_type: super::media::concrete(media_type),
        body,
    }
}

/// A value that fits a schema, as far as that can be had cheaply.
fn sample(schema: &Value, lowering: &Lowering<'_>, depth: usize) -> Value {
    let (schema, _) = lowering.follow(schema, "");
    let Some(object) = schema.as_object() else {
        return Value::Null;
    };
    let listed = |key: &str| object.get(key)?.as_array()?.first().cloned();
    let given = ["example", "const", "default"]
        .iter()
        .find_map(|key| object.get(*key).cloned());
    if let Some(value) = given
        .or_else(|| listed("examples"))
        .or_else(|| listed("enum"))
    {
        return value;
    }
    if let Some(parts) = object.get("allOf").and_then(Value::as_array) {
        let mut merged = properties(object, lowering, depth);
        for part in parts {
            match sample(part, lowering, depth + 1) {
                Value::Object(part) => merged.extend(part),
                other if merged.is_empty() => return other,
                _ => {}
            }
        }
        return merged.into();
    }
    if let Some(first) = listed("oneOf").or_else(|| listed("anyOf")) {
        return sample(&first, lowering, depth + 1);
    }
    let kind = match object.get("type") {
        Some(Value::String(kind)) => kind.as_str(),
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .unwrap_or("null"),
        _ if object.contains_key("properties") => "object",
        _ if object.contains_key("items") => "array",
        _ => return json!({}),
    };
    match kind {
        "object" => properties(object, lowering, depth).into(),
        "array" => {
            let least = object
                .get("minItems")
                .and_then(Value::as_u64)
                .unwrap_or(0)
                .min(8);
            if depth >= MAX_DEPTH && least == 0 {
                return json!([]);
            }
            let item = object
                .get("items")
                .map(|items| sample(items, lowering, depth + 1));
            let count = usize::try_from(least.max(1)).unwrap_or(1);
            vec![item.unwrap_or_default(); count].into()
        }
        "integer" | "number" => object.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "string" => text(object).into(),
        _ => Value::Null,
    }
}

fn properties(
    object: &Map<String, Value>,
    lowering: &Lowering<'_>,
    depth: usize,
) -> Map<String, Value> {
    let required: Vec<&str> = object
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = object
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    properties
        .filter(|(name, property)| {
            let is_deep = depth >= MAX_DEPTH;
            let is_secret = property.get("writeOnly") == Some(&Value::Bool(true));
            !is_secret && (!is_deep || depth < 2 * MAX_DEPTH && required.contains(&name.as_str()))
        })
        .map(|(name, property)| (name.clone(), sample(property, lowering, depth + 1)))
        .collect()
}

fn text(schema: &Map<String, Value>) -> String {
    let format = schema
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let text = match format {
        "date-time" => "2026-01-01T00:00:00Z",
        "date" => "2026-01-01",
        "time" => "00:00:00Z",
        "duration" => "PT1H",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "email" => "person@example.com",
        "uri" | "url" | "uri-reference" | "iri" => "https://example.com/",
        "hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "ZXhhbXBsZQ==",
        _ => "example",
    };
    let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
    let mut text = text.to_owned();
    let least = usize::try_from(bound("minLength").unwrap_or(0).min(1024)).unwrap_or(0);
    while text.len() < least {
        text.push('x');
    }
    match bound("maxLength").and_then(|most| usize::try_from(most).ok()) {
        Some(most) if format.is_empty() => text.chars().take(most.max(least)).collect(),
        _ => text,
    }
}
