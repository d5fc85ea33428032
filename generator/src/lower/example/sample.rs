//! A value that fits a schema, for answers in mock mode.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use crate::lower::schema as schemas;
use crate::openapi::{Document, Node};

/// How deep a sample goes.
const MAX_DEPTH: usize = 12;
/// How many values a sample has at most, about.
const MAX_VALUES: usize = 400;

/// A small value that fits, as far as each keyword alone shows.
pub(crate) fn sample<'d>(document: &'d Document, schema: &Node<'d>) -> Value {
    let mut sampling = Sampling {
        document,
        open: Vec::new(),
        values: 0,
    };
    sampling.value(schema).unwrap_or_default()
}

struct Sampling<'d> {
    document: &'d Document,
    /// References that are being followed.
    open: Vec<String>,
    values: usize,
}

impl<'d> Sampling<'d> {
    /// None where the schema leads back into itself or the sample has grown large enough.
    fn value(&mut self, schema: &Node<'d>) -> Option<Value> {
        self.values += 1;
        if self.open.len() > MAX_DEPTH || self.values > MAX_VALUES {
            return None;
        }
        if let Some(reference) = schema.text("$ref") {
            let target = schemas::follow(self.document, reference, &schema.at).ok()?;
            if self.open.contains(&target.at) {
                return None;
            }
            return self.value(&target);
        }
        if let Some(given) = given(schema) {
            return Some(given.clone());
        }
        self.open.push(schema.at.clone());
        let made = self.made(schema);
        self.open.pop();
        made
    }

    fn made(&mut self, schema: &Node<'d>) -> Option<Value> {
        let kind = schema.get("type").and_then(|kind| match kind.value {
            Value::Array(kinds) => {
                let mut kinds = kinds.iter().filter_map(Value::as_str);
                kinds.find(|kind| *kind != "null")
            }
            one => one.as_str(),
        });
        let all = schema.items("allOf");
        if !all.is_empty() || kind == Some("object") || schema.get("properties").is_some() {
            return self.object(schema, &all);
        }
        for keyword in ["oneOf", "anyOf"] {
            for branch in schema.items(keyword) {
                if branch.text("type") != Some("null")
                    && let Some(value) = self.value(&branch)
                {
                    return Some(value);
                }
            }
        }
        Some(match kind {
            Some("array") => return self.array(schema),
            Some("string") => json!(text(schema)),
            Some("integer" | "number") => number(schema),
            Some("boolean") => json!(true),
            None if schema.get("items").is_some() => return self.array(schema),
            _ => Value::Null,
        })
    }

    fn object(&mut self, schema: &Node<'d>, all: &[Node<'d>]) -> Option<Value> {
        let mut members = Map::new();
        for branch in all {
            match self.value(branch) {
                Some(Value::Object(more)) => members.extend(more),
                Some(Value::Null) | None => {}
                Some(other) if members.is_empty() => return Some(other),
                Some(_) => {}
            }
        }
        let required = schema.items("required");
        let required: HashSet<&str> = required
            .iter()
            .filter_map(|one| one.value.as_str())
            .collect();
        for (name, property) in schema.members("properties") {
            if schemas::is_write_only(self.document, &property.at, property.value) {
                continue;
            }
            match self.value(&property) {
                Some(value) => {
                    members.insert(name.to_owned(), value);
                }
                // Something that is required but has no end: nothing fits better than null.
                None if required.contains(name) => {
                    members.insert(name.to_owned(), Value::Null);
                }
                None => {}
            }
        }
        for branch in schema
            .items("oneOf")
            .into_iter()
            .chain(schema.items("anyOf"))
            .take(1)
        {
            if let Some(Value::Object(more)) = self.value(&branch) {
                members.extend(more);
            }
        }
        Some(Value::Object(members))
    }

    fn array(&mut self, schema: &Node<'d>) -> Option<Value> {
        let least = schema
            .get("minItems")
            .and_then(|least| least.value.as_u64())
            .unwrap_or(1);
        let mut items = Vec::new();
        if let Some(item) = schema.get("items") {
            for _ in 0..least.clamp(1, 5) {
                items.extend(self.value(&item));
            }
        }
        Some(Value::Array(items))
    }
}

/// A value that the schema itself names.
fn given<'d>(schema: &Node<'d>) -> Option<&'d Value> {
    let value = schema.object()?;
    let first = |keyword| {
        value
            .get(keyword)
            .and_then(Value::as_array)
            .and_then(|all| all.first())
    };
    value
        .get("const")
        .or_else(|| value.get("example"))
        .or_else(|| first("examples"))
        .or_else(|| value.get("default").filter(|default| !default.is_null()))
        .or_else(|| first("enum"))
}

fn text(schema: &Node) -> String {
    let sample = match schema.text("format") {
        Some("date-time") => "2026-01-01T00:00:00Z",
        Some("date") => "2026-01-01",
        Some("time") => "00:00:00Z",
        Some("duration") => "P1D",
        Some("email" | "idn-email") => "someone@example.com",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        Some("uri" | "url" | "iri" | "uri-reference") => "https://example.com/",
        Some("hostname") => "example.com",
        Some("ipv4") => "192.0.2.1",
        Some("ipv6") => "2001:db8::1",
        Some("byte") => "ZXhhbXBsZQ==",
        _ => "example",
    };
    let bound = |keyword| schema.get(keyword).and_then(|bound| bound.value.as_u64());
    let least = usize::try_from(bound("minLength").unwrap_or(0))
        .unwrap_or(0)
        .min(1000);
    let most = bound("maxLength").and_then(|most| usize::try_from(most).ok());
    let mut text = sample.to_owned();
    while text.len() < least {
        text.push('x');
    }
    match most {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}

fn number(schema: &Node) -> Value {
    let bound = |keyword| {
        schema
            .get(keyword)
            .map(|bound| bound.value)
            .filter(|one| one.is_number())
    };
    let step = |by: f64, from: &Value| match (from.as_i64(), from.as_f64()) {
        (Some(whole), _) => whole.checked_add(by as i64).map(|next| json!(next)),
        (None, Some(number)) => Some(json!(number + by)),
        _ => None,
    };
    if let Some(least) = bound("minimum") {
        if schema.flag("exclusiveMinimum") == Some(true) {
            return step(1.0, least).unwrap_or_else(|| least.clone());
        }
        return least.clone();
    }
    if let Some(above) = bound("exclusiveMinimum") {
        return step(1.0, above).unwrap_or_else(|| above.clone());
    }
    if let Some(most) = bound("maximum").filter(|most| most.as_f64() < Some(1.0)) {
        return most.clone();
    }
    bound("multipleOf").cloned().unwrap_or_else(|| json!(1))
}
