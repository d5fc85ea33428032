use generator::lower::Lowered;
use serde_json::{Map, Value, json};
use tests::harness::requirement;

use crate::descriptions::descriptions;
use crate::published::with_definitions;

/// How many ways through the alternatives of a schema are tried.
const WAYS: usize = 12;

/// A definition that was cut for its size shows what its main call needs: arguments with all that is
/// required, made of what is shown alone, fit the whole input.
#[test]
fn main_call_of_every_cut_definition_can_be_made_from_what_is_shown() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut failed = Vec::new();
    let mut cut = 0;
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        for operation in &api.operations {
            let Some(published) = &operation.published else {
                continue;
            };
            cut += 1;
            let whole = without_texts(&with_definitions(&operation.input, api));
            let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
            let whole_fits = options.build(&whole).unwrap();
            let made = |shown: &Value| {
                let mut ways = (0..WAYS).map(|way| Sampling { root: shown, way }.sample());
                ways.any(|arguments| whole_fits.is_valid(&arguments))
            };
            // What cannot be made of the whole either says nothing of the cut.
            if made(&published.json) || !made(&with_definitions(&operation.input, api)) {
                continue;
            }
            let arguments = Sampling {
                root: &published.json,
                way: 0,
            }
            .sample();
            let error = whole_fits.iter_errors(&arguments).next();
            let error = error.map(|error| format!("{} at {}", error, error.instance_path()));
            failed.push(format!(
                "{id}: {}: {}",
                operation.name,
                error.unwrap_or_default()
            ));
        }
    }
    println!("{cut} definitions are cut");
    assert!(
        failed.is_empty(),
        "{} of {cut}:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// The schema without what a sample is not made for: the spelling of texts.
fn without_texts(schema: &Value) -> Value {
    match schema {
        Value::Object(members) => {
            let kept = members.iter().filter(|(keyword, value)| {
                !(value.is_string() && *keyword == "pattern" || *keyword == "propertyNames")
            });
            kept.map(|(keyword, value)| (keyword.clone(), without_texts(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(without_texts).collect(),
        other => other.clone(),
    }
}

/// Makes a value of a schema, as somebody would who sees no more than it.
struct Sampling<'s> {
    root: &'s Value,
    /// Which of alternatives are taken.
    way: usize,
}

impl Sampling<'_> {
    fn sample(&self) -> Value {
        self.value(self.root, 0)
    }

    fn value(&self, schema: &Value, depth: usize) -> Value {
        if depth > 24 {
            return Value::Null;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            let target = target.map_or(Value::Null, |target| self.value(target, depth + 1));
            return match schema.get("properties") {
                Some(_) => merged(target, self.object(schema, depth)),
                None => target,
            };
        }
        let named = schema.get("const").or_else(|| {
            let values = schema.get("enum")?.as_array()?;
            values.get(self.way % values.len().max(1))
        });
        let named = named
            .or_else(|| schema.get("default"))
            .filter(|one| !one.is_null());
        if let Some(named) = named.or_else(|| schema["examples"].get(0)) {
            return named.clone();
        }
        let mut made = Value::Null;
        for part in schema["allOf"].as_array().into_iter().flatten() {
            made = merged(made, self.value(part, depth + 1));
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = schema[keyword].as_array().into_iter().flatten();
            let branches: Vec<_> = branches.filter(|one| one["type"] != "null").collect();
            if let Some(branch) = branches.get(self.way % branches.len().max(1)) {
                made = merged(made, self.value(branch, depth + 1));
            }
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null"),
            other => Some(other),
        };
        let own = match kind.and_then(Value::as_str) {
            Some("object") => self.object(schema, depth),
            None if schema["properties"].is_object() || schema["required"].is_array() => {
                self.object(schema, depth)
            }
            Some("array") => self.array(schema, depth),
            Some("string") if made.is_null() => json!(text(schema)),
            Some("integer" | "number") if made.is_null() => number(schema),
            Some("boolean") if made.is_null() => json!(true),
            _ => Value::Null,
        };
        merged(made, own)
    }

    fn object(&self, schema: &Value, depth: usize) -> Value {
        let required = schema["required"].as_array().into_iter().flatten();
        let mut made = Map::new();
        for name in required.filter_map(Value::as_str) {
            let property = &schema["properties"][name];
            let value = match property.is_null() {
                true => &schema["additionalProperties"],
                false => property,
            };
            made.insert(name.to_owned(), self.value(value, depth + 1));
        }
        Value::Object(made)
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 5);
        match schema.get("items") {
            Some(items) => (0..least).map(|_| self.value(items, depth + 1)).collect(),
            None => json!([]),
        }
    }
}

fn merged(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            left.extend(right);
            Value::Object(left)
        }
        (Value::Null, right) => right,
        (left, _) => left,
    }
}

fn text(schema: &Value) -> String {
    let least = schema["minLength"].as_u64().unwrap_or(1);
    let least = usize::try_from(least).unwrap_or(1).clamp(1, 1000);
    "a".repeat(least)
}

fn number(schema: &Value) -> Value {
    for (keyword, by) in [("minimum", 0), ("exclusiveMinimum", 1), ("maximum", 0)] {
        if let Some(bound) = schema[keyword].as_i64() {
            return json!(bound + by);
        }
    }
    json!(1)
}
