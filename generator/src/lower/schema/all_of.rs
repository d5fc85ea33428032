//! Compositions (`allOf`) that no value with all their properties fits, because a part of them is
//! closed to the properties of another: `additionalProperties: false` looks at the schema it stands
//! in only, where its author thought of the whole.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::follow::follow;
use crate::openapi::Document;

/// How deep parts are looked for within parts.
const MAX_DEPTH: usize = 8;

/// Whether a part of the composition at `at`, or the schema itself, forbids what another declares.
pub(crate) fn excludes(document: &Document, at: &str, schema: &Map<String, Value>) -> bool {
    if !schema.contains_key("allOf") {
        return false;
    }
    let parts = Parts::of(document, at, schema);
    let declared: HashSet<&str> = parts.0.iter().flat_map(names).collect();
    let mut closed = parts.0.iter().filter(|part| is_closed(part));
    closed.any(|part| names(part).collect::<HashSet<_>>().len() < declared.len())
}

/// Whether the schema at `at`, or a part of it, takes no properties but its own.
pub(crate) fn is_closed_somewhere(document: &Document, at: &str, schema: &Value) -> bool {
    let schema = schema.as_object();
    schema.is_some_and(|schema| {
        let parts = Parts::of(document, at, schema);
        parts.0.iter().any(|part| is_closed(part))
    })
}

/// Has such a composition, or a part of it, take what the others declare. What nobody declares is
/// left to the API: `unevaluatedProperties` would forbid it, and where schemas contain each other
/// its validators grow beyond all bounds.
pub(crate) fn open(lowered: &mut Map<String, Value>) {
    for keyword in ["additionalProperties", "unevaluatedProperties"] {
        if lowered.get(keyword) == Some(&json!(false)) {
            lowered.shift_remove(keyword);
        }
    }
}

/// A schema and all parts it is composed of.
struct Parts<'d>(Vec<&'d Map<String, Value>>);

impl<'d> Parts<'d> {
    fn of(document: &'d Document, at: &str, schema: &'d Map<String, Value>) -> Parts<'d> {
        let mut parts = Parts(Vec::new());
        parts.add(document, at, schema, &mut HashSet::new(), 0);
        parts
    }

    /// `seen` are the schemas that references have led to.
    fn add(
        &mut self,
        document: &'d Document,
        at: &str,
        schema: &'d Map<String, Value>,
        seen: &mut HashSet<String>,
        depth: usize,
    ) {
        self.0.push(schema);
        let branches = schema.get("allOf").and_then(Value::as_array);
        for branch in branches.into_iter().flatten().filter(|_| depth < MAX_DEPTH) {
            match branch.get("$ref").and_then(Value::as_str) {
                None => {
                    if let Some(branch) = branch.as_object() {
                        self.add(document, at, branch, seen, depth + 1);
                    }
                }
                Some(reference) => {
                    let target = follow(document, reference, at).ok();
                    let target = target.filter(|target| seen.insert(target.at.clone()));
                    if let Some(target) = target
                        && let Some(schema) = target.value.as_object()
                    {
                        self.add(document, &target.at, schema, seen, depth + 1);
                    }
                }
            }
        }
    }
}

fn is_closed(schema: &Map<String, Value>) -> bool {
    schema.get("additionalProperties") == Some(&json!(false))
        && !schema.contains_key("patternProperties")
}

fn names<'d>(schema: &&'d Map<String, Value>) -> impl Iterator<Item = &'d str> + use<'d> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
}
