use std::collections::BTreeSet;

use generator::lower::Lowered;
use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
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
pub(crate) struct Sampling<'s> {
    pub(crate) root: &'s Value,
    /// Which of alternatives are taken.
    pub(crate) way: usize,
}

impl Sampling<'_> {
    pub(crate) fn sample(&self) -> Value {
        self.value(self.root)
    }

    pub(crate) fn value(&self, schema: &Value) -> Value {
        self.part(schema, &BTreeSet::new(), 0)
    }

    /// `needed` are the properties that what the schema is a part of requires.
    fn part(&self, schema: &Value, needed: &BTreeSet<String>, depth: usize) -> Value {
        if depth > 24 {
            return Value::Null;
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.root.pointer(reference.trim_start_matches('#'));
            let needed = &self.needed(schema, needed.clone(), depth);
            let target = target.map_or(Value::Null, |one| self.part(one, needed, depth + 1));
            return match schema.get("properties") {
                Some(_) => merged(target, self.object(schema, needed, depth)),
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
        let named = named.or_else(|| schema["examples"].get(0));
        if let Some(named) = named.filter(|one| !one.is_null()) {
            return named.clone();
        }
        let mut needed = self.needed(schema, needed.clone(), depth);
        let mut made = Value::Null;
        for part in schema["allOf"].as_array().into_iter().flatten() {
            made = merged(made, self.part(part, &needed, depth + 1));
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = schema[keyword].as_array().into_iter().flatten();
            let branches: Vec<_> = branches.filter(|one| one["type"] != "null").collect();
            if let Some(branch) = branches.get(self.way % branches.len().max(1)) {
                needed = self.needed(branch, needed, depth);
                made = merged(made, self.part(branch, &needed, depth + 1));
            }
        }
        let kind = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().find(|kind| **kind != "null"),
            other => Some(other),
        };
        let own = match kind.and_then(Value::as_str) {
            Some("object") => self.object(schema, &needed, depth),
            None if schema["properties"].is_object() || schema["required"].is_array() => {
                self.object(schema, &needed, depth)
            }
            Some("array") => self.array(schema, depth),
            Some("string") if made.is_null() => json!(text(schema)),
            Some("integer" | "number") if made.is_null() => number(schema),
            Some("boolean") if made.is_null() => json!(true),
            _ => Value::Null,
        };
        merged(made, own)
    }

    /// The properties that a schema and all its parts require.
    fn needed(&self, schema: &Value, mut all: BTreeSet<String>, depth: usize) -> BTreeSet<String> {
        let required = schema["required"].as_array().into_iter().flatten();
        all.extend(required.filter_map(Value::as_str).map(str::to_owned));
        if depth > 24 {
            return all;
        }
        if let Some(reference) = schema["$ref"].as_str()
            && let Some(target) = self.root.pointer(reference.trim_start_matches('#'))
        {
            all = self.needed(target, all, depth + 1);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            all = self.needed(part, all, depth + 1);
        }
        all
    }

    fn object(&self, schema: &Value, needed: &BTreeSet<String>, depth: usize) -> Value {
        let nothing = BTreeSet::new();
        let own = self.needed(
            &json!({"required": schema["required"]}),
            BTreeSet::new(),
            depth,
        );
        let mut made = Map::new();
        for name in needed {
            let property = &schema["properties"][name];
            let value = match property.is_null() {
                true if !own.contains(name) => continue,
                true => &schema["additionalProperties"],
                false => property,
            };
            made.insert(name.clone(), self.part(value, &nothing, depth + 1));
        }
        let least = schema["minProperties"].as_u64().unwrap_or(0);
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (name, property) in properties {
            if made.len() as u64 >= least {
                break;
            }
            let made_up = self.part(property, &nothing, depth + 1);
            made.entry(name.clone()).or_insert(made_up);
        }
        Value::Object(made)
    }

    fn array(&self, schema: &Value, depth: usize) -> Value {
        let least = schema["minItems"].as_u64().unwrap_or(1).clamp(1, 5);
        match schema.get("items") {
            Some(items) => {
                let nothing = BTreeSet::new();
                (0..least)
                    .map(|_| self.part(items, &nothing, depth + 1))
                    .collect()
            }
            None => json!([]),
        }
    }
}

fn merged(left: Value, right: Value) -> Value {
    match (left, right) {
        (Value::Object(mut left), Value::Object(right)) => {
            for (name, value) in right {
                let one = left.remove(&name).unwrap_or_default();
                left.insert(name, merged(one, value));
            }
            Value::Object(left)
        }
        (Value::Null, right) => right,
        // Made up: another part may say which texts there are.
        (Value::String(left), Value::String(right)) if left.chars().all(|c| c == 'a') => {
            right.into()
        }
        (left, _) => left,
    }
}

fn text(schema: &Value) -> String {
    if let Some(pattern) = schema["pattern"].as_str() {
        let mut runner = TestRunner::deterministic();
        let plain = pattern.trim_start_matches('^').trim_end_matches('$');
        let made = string_regex(&plain.replace(r"\d", "[0-9]")).ok();
        let made = made.and_then(|texts| texts.new_tree(&mut runner).ok());
        if let Some(made) = made {
            return made.current();
        }
    }
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
