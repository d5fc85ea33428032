//! The shared schemas of both sides, and schemas as they are compared: without references, without
//! parts, the keywords of one value beside each other.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::ir;

/// How deep references and parts are followed for one schema.
const MAX_DEPTH: usize = 32;
/// The keyword under which a flat schema notes that its value may also be null.
pub(super) const NULLABLE: &str = "nullable";

/// The shared schemas of both sides.
#[derive(Debug)]
pub(super) struct Definitions<'a> {
    old: &'a IndexMap<String, ir::Schema>,
    new: &'a IndexMap<String, ir::Schema>,
    /// Those that are the same on both sides, with all that they reach.
    unchanged: HashSet<&'a str>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(
        old: &'a IndexMap<String, ir::Schema>,
        new: &'a IndexMap<String, ir::Schema>,
    ) -> Definitions<'a> {
        let same = old
            .iter()
            .filter(|(name, schema)| new.get(*name).is_some_and(|new| new.json == schema.json));
        let mut unchanged: HashSet<&str> = same.map(|(name, _)| name.as_str()).collect();
        // What refers to a changed one is changed.
        let mut users: IndexMap<&str, Vec<&str>> = IndexMap::new();
        for (name, schema) in old {
            for inner in &schema.definitions {
                users.entry(inner).or_default().push(name);
            }
        }
        let changed = old.keys().map(String::as_str);
        let mut waiting: Vec<&str> = changed.filter(|name| !unchanged.contains(name)).collect();
        while let Some(name) = waiting.pop() {
            for user in users.get(name).into_iter().flatten() {
                if unchanged.remove(user) {
                    waiting.push(user);
                }
            }
        }
        Definitions {
            old,
            new,
            unchanged,
        }
    }

    /// Returns true where two schemas are the same to the letter, with all that they refer to.
    /// Other schemas may still have the same meaning.
    pub(super) fn is_same(&self, old: &Value, new: &Value) -> bool {
        old == new && self.refers_to_unchanged(old)
    }

    fn refers_to_unchanged(&self, schema: &Value) -> bool {
        match schema {
            Value::Object(members) => members.iter().all(|(name, member)| match member {
                Value::String(target) if name == "$ref" => {
                    named(target).is_some_and(|name| self.unchanged.contains(name))
                }
                _ => self.refers_to_unchanged(member),
            }),
            Value::Array(items) => items.iter().all(|item| self.refers_to_unchanged(item)),
            _ => true,
        }
    }

    pub(super) fn flat_old(&self, schema: &Value) -> Map<String, Value> {
        flat(self.old, schema, 0)
    }

    pub(super) fn flat_new(&self, schema: &Value) -> Map<String, Value> {
        flat(self.new, schema, 0)
    }
}

/// The name of the definition that a schema is a reference to, if it is one.
pub(super) fn target(schema: &Value) -> Option<&str> {
    named(schema.get("$ref")?.as_str()?)
}

fn named(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/$defs/")
}

/// A schema without `$ref` and `allOf`, its bounds as tight as all of its parts together, and null
/// as a keyword of its own. Inner schemas are as they were.
fn flat(
    definitions: &IndexMap<String, ir::Schema>,
    schema: &Value,
    depth: usize,
) -> Map<String, Value> {
    let Some(source) = schema.as_object() else {
        return match schema {
            Value::Bool(false) => Map::from_iter([("not".to_owned(), json!({}))]),
            _ => Map::new(),
        };
    };
    let mut flattened = Map::new();
    let mut parts: Vec<&Value> = Vec::new();
    for (keyword, value) in source {
        match (keyword.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                let definition = named(reference).and_then(|name| definitions.get(name));
                parts.extend(definition.map(|definition| &definition.json));
            }
            ("allOf", Value::Array(all)) => parts.extend(all),
            _ => {
                flattened.insert(keyword.clone(), value.clone());
            }
        }
    }
    separate_null(&mut flattened);
    if depth < MAX_DEPTH {
        for part in parts {
            let part = flat(definitions, part, depth + 1);
            merge(&mut flattened, part);
        }
        without_null_variants(definitions, &mut flattened, depth);
    }
    flattened
}

/// Moves null from the types and the listed values into a keyword of its own.
fn separate_null(schema: &mut Map<String, Value>) {
    let mut is_nullable = false;
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        let all = kinds.len();
        kinds.retain(|kind| kind != "null");
        is_nullable = kinds.len() < all && !kinds.is_empty();
        if kinds.is_empty() {
            schema.insert("type".to_owned(), json!("null"));
        }
    }
    if let Some(value) = schema.shift_remove("const") {
        schema.entry("enum").or_insert_with(|| json!([value]));
    }
    if let Some(Value::Array(values)) = schema.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if is_nullable {
        schema.insert(NULLABLE.to_owned(), Value::Bool(true));
    }
}

/// Takes the variant null out of a union; a single other variant replaces the union.
fn without_null_variants(
    definitions: &IndexMap<String, ir::Schema>,
    schema: &mut Map<String, Value>,
    depth: usize,
) {
    for keyword in ["anyOf", "oneOf"] {
        let Some(Value::Array(variants)) = schema.get(keyword) else {
            continue;
        };
        let is_null = |one: &&Value| one.get("type").is_some_and(|kind| kind == "null");
        let others: Vec<Value> = variants
            .iter()
            .filter(|one| !is_null(one))
            .cloned()
            .collect();
        let is_nullable = others.len() < variants.len();
        if others.is_empty() || !is_nullable && others.len() > 1 {
            continue;
        }
        schema.shift_remove(keyword);
        match others.as_slice() {
            [one] => {
                let one = flat(definitions, one, depth + 1);
                merge(schema, one);
            }
            _ => {
                schema.insert(keyword.to_owned(), Value::Array(others));
            }
        }
        if is_nullable {
            schema.insert(NULLABLE.to_owned(), Value::Bool(true));
        }
    }
}

/// Adds what a part says to the keywords beside it.
fn merge(schema: &mut Map<String, Value>, part: Map<String, Value>) {
    let both_typed = schema.contains_key("type") && part.contains_key("type");
    if both_typed && !part.contains_key(NULLABLE) {
        schema.shift_remove(NULLABLE);
    }
    for (keyword, value) in part {
        let Some(own) = schema.get_mut(&keyword) else {
            if keyword != NULLABLE || !both_typed {
                schema.insert(keyword, value);
            }
            continue;
        };
        if *own == value {
            continue;
        }
        match (keyword.as_str(), own, value) {
            ("properties", Value::Object(own), Value::Object(more)) => {
                for (name, schema) in more {
                    match own.get_mut(&name) {
                        Some(known) if *known != schema => {
                            *known = json!({"allOf": [known.take(), schema]});
                        }
                        Some(_) => {}
                        None => {
                            own.insert(name, schema);
                        }
                    }
                }
            }
            ("required", Value::Array(own), Value::Array(more)) => {
                let more = more.into_iter().filter(|name| !own.contains(name));
                let more: Vec<Value> = more.collect();
                own.extend(more);
            }
            ("enum", Value::Array(own), Value::Array(other)) => {
                own.retain(|value| other.contains(value));
            }
            (
                "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties",
                own,
                value,
            ) if value.as_f64() > own.as_f64() => *own = value,
            (
                "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties",
                own,
                value,
            ) if value.as_f64() < own.as_f64() => *own = value,
            ("additionalProperties", own, Value::Bool(false)) => *own = Value::Bool(false),
            // Texts: the nearer one is shown. Else the parts are compared no further.
            _ => {}
        }
    }
}
