//! The shared schemas of both sides, and schemas as they are compared: without references, without
//! parts, the keywords of one value beside each other.

use std::cmp::Ordering;
use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::several::{self, SEVERAL};
use super::value::order;
use crate::ir;

/// How deep references and parts are followed for one schema.
const MAX_DEPTH: usize = 32;
/// The keyword under which a flat schema notes that its value may also be null.
pub(super) const NULLABLE: &str = "nullable";
/// The keyword of all unions in a flat schema: how many variants fit at once makes no difference.
pub(super) const UNION: &str = "anyOf";

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
            ("oneOf" | "anyOf", Value::Array(variants)) => match variants.as_slice() {
                [one] => parts.push(one),
                _ => several::add(&mut flattened, UNION, value.clone()),
            },
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
    let Some(Value::Array(variants)) = schema.get(UNION) else {
        return;
    };
    let others: Vec<Value> = variants
        .iter()
        .filter(|one| !is_null(one))
        .cloned()
        .collect();
    let is_nullable = others.len() < variants.len();
    if others.is_empty() || !is_nullable {
        return;
    }
    schema.shift_remove(UNION);
    match others.as_slice() {
        [one] => {
            let one = flat(definitions, one, depth + 1);
            merge(schema, one);
        }
        _ => {
            schema.insert(UNION.to_owned(), Value::Array(others));
        }
    }
    schema.insert(NULLABLE.to_owned(), Value::Bool(true));
}

/// Returns true for a variant that only null fits.
fn is_null(variant: &Value) -> bool {
    let is_list_of_null = |list: &Value| list.as_array().is_some_and(|all| *all == [Value::Null]);
    let is_type = |kind: &Value| *kind == "null" || *kind == json!(["null"]);
    variant.get("type").is_some_and(is_type)
        || variant.get("const").is_some_and(Value::is_null)
        || variant.get("enum").is_some_and(is_list_of_null)
}

/// Adds what a part says to the keywords beside it.
fn merge(schema: &mut Map<String, Value>, part: Map<String, Value>) {
    let both_typed = schema.contains_key("type") && part.contains_key("type");
    if both_typed && !part.contains_key(NULLABLE) {
        schema.shift_remove(NULLABLE);
    }
    for (keyword, value) in part {
        match (keyword.as_str(), value) {
            (NULLABLE, value) => {
                if !both_typed {
                    schema.insert(keyword, value);
                }
            }
            (SEVERAL, Value::Object(more)) => {
                for (keyword, values) in &more {
                    for value in values.as_array().into_iter().flatten() {
                        several::add(schema, keyword, value.clone());
                    }
                }
            }
            (name, value) if several::may_be_several(name) => several::add(schema, name, value),
            (name, value) => match schema.get_mut(name) {
                Some(own) if *own != value => merge_keyword(name, own, value),
                Some(_) => {}
                None => {
                    schema.insert(keyword, value);
                }
            },
        }
    }
}

/// Merges two values of one keyword into one that says as much as both.
fn merge_keyword(keyword: &str, own: &mut Value, value: Value) {
    match (keyword, own, value) {
        ("properties" | "patternProperties", Value::Object(own), Value::Object(more)) => {
            for (name, schema) in more {
                match own.get_mut(&name) {
                    Some(known) => merge_schemas(known, schema),
                    None => {
                        own.insert(name, schema);
                    }
                }
            }
        }
        ("items" | "additionalProperties", own, value) => merge_schemas(own, value),
        ("type", own, value) => {
            let list = |value: Value| match value {
                Value::Array(kinds) => kinds,
                one => vec![one],
            };
            let (before, after) = (list(own.clone()), list(value));
            let both: Vec<Value> = before
                .iter()
                .filter(|kind| {
                    after.contains(kind) || **kind == "integer" && after.contains(&json!("number"))
                })
                .chain(
                    after
                        .iter()
                        .filter(|kind| **kind == "integer" && before.contains(&json!("number"))),
                )
                .cloned()
                .collect();
            if !both.is_empty() {
                *own = Value::Array(both);
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
        ) if order(&value, own) == Some(Ordering::Greater) => *own = value,
        (
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties",
            own,
            value,
        ) if order(&value, own) == Some(Ordering::Less) => *own = value,
        ("uniqueItems", own, Value::Bool(true)) => *own = Value::Bool(true),
        // Texts: the nearer one is shown.
        _ => {}
    }
}

/// Makes one schema of two that apply to the same value.
fn merge_schemas(own: &mut Value, other: Value) {
    let parts = own.as_object_mut().filter(|schema| schema.len() == 1);
    if let Some(Value::Array(parts)) = parts.and_then(|schema| schema.get_mut("allOf")) {
        if !parts.contains(&other) {
            parts.push(other);
        }
    } else if *own == Value::Bool(true) || other == Value::Bool(false) {
        *own = other;
    } else if *own != Value::Bool(false) && other != Value::Bool(true) && *own != other {
        *own = json!({"allOf": [own.take(), other]});
    }
}
