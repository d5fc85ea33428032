//! Compositions (`allOf`) that no value with all their properties fits, because a part of them is
//! closed to the properties of another: `additionalProperties: false` looks at the schema it is
//! in only, where its author thought of the whole.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::follow::follow;
use crate::openapi::{Document, join};

/// How deep parts are looked for within parts.
const MAX_DEPTH: usize = 8;
/// How many branches of unions are looked at for the properties that they declare.
pub(crate) const MAX_BRANCHES: usize = 200;

/// The parts of a composition that forbid what another part declares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Excludes {
    /// The schema itself, or a part of it (`allOf`).
    pub(crate) part: bool,
    /// A branch of one of its unions (`oneOf`, `anyOf`).
    pub(crate) branch: bool,
}

/// Whether a part of the composition at `at`, or the schema itself, forbids what another part or a
/// branch of a union declares; and whether a branch forbids what a part declares.
pub(crate) fn excludes(document: &Document, at: &str, schema: &Map<String, Value>) -> Excludes {
    let composed = ["allOf", "oneOf", "anyOf"];
    if !composed.iter().any(|keyword| schema.contains_key(*keyword)) {
        return Excludes::default();
    }
    let parts = parts(document, at, schema);
    let declared: HashSet<&str> = parts.iter().flat_map(names).collect();
    let forbids = |part: &Part, others: &HashSet<&str>| {
        is_closed(part) && !others.is_subset(&names(part).collect())
    };
    let mut excludes = Excludes {
        part: parts.iter().any(|part| forbids(part, &declared)),
        branch: false,
    };
    let mut left = MAX_BRANCHES;
    let closed: Vec<&Part> = parts.iter().filter(|part| is_closed(part)).collect();
    for part in &parts {
        branches(document, part, &mut left, 0, &mut |branch| {
            let required = branch.schema.get("required").and_then(Value::as_array);
            let required = required.into_iter().flatten().filter_map(Value::as_str);
            let wanted: HashSet<&str> = names(branch).chain(required).collect();
            excludes.part |= closed.iter().any(|part| forbids(part, &wanted));
            excludes.branch |= forbids(branch, &declared);
        });
    }
    excludes
}

/// Whether the schema at `at`, or a part of it, takes no properties but its own.
pub(crate) fn is_closed_somewhere(document: &Document, at: &str, schema: &Value) -> bool {
    let schema = schema.as_object();
    schema.is_some_and(|schema| parts(document, at, schema).iter().any(is_closed))
}

/// Has such a composition, or a part of it, take what the others declare. What no part declares is
/// left to the API: `unevaluatedProperties` would forbid it, and where schemas contain each other
/// its validators grow beyond all bounds.
pub(crate) fn open(lowered: &mut Map<String, Value>) {
    for keyword in ["additionalProperties", "unevaluatedProperties"] {
        if lowered.get(keyword) == Some(&json!(false)) {
            lowered.shift_remove(keyword);
        }
    }
}

/// A schema, or a part that it is composed of, and where it is.
pub(crate) struct Part<'d> {
    pub(crate) schema: &'d Map<String, Value>,
    pub(crate) at: String,
}

/// A schema and all parts that it is composed of by `allOf`, through references, each once.
pub(crate) fn parts<'d>(
    document: &'d Document,
    at: &str,
    schema: &'d Map<String, Value>,
) -> Vec<Part<'d>> {
    let mut parts = Vec::new();
    let at = at.to_owned();
    add(
        document,
        Part { schema, at },
        &mut parts,
        &mut HashSet::new(),
        0,
    );
    parts
}

/// `seen` are the schemas that references have led to.
fn add<'d>(
    document: &'d Document,
    part: Part<'d>,
    parts: &mut Vec<Part<'d>>,
    seen: &mut HashSet<String>,
    depth: usize,
) {
    let Part { schema, ref at } = part;
    let at = at.clone();
    parts.push(part);
    let branches = schema.get("allOf").and_then(Value::as_array);
    let below = join(&at, "allOf");
    for (index, branch) in branches.into_iter().flatten().enumerate() {
        if depth >= MAX_DEPTH {
            break;
        }
        let found = match branch.get("$ref").and_then(Value::as_str) {
            None => Some((branch, join(&below, &index.to_string()))),
            Some(reference) => {
                let target = follow(document, reference, &at).ok();
                let target = target.filter(|target| seen.insert(target.at.clone()));
                target.map(|target| (target.value, target.at))
            }
        };
        if let Some((Value::Object(schema), at)) = found {
            add(document, Part { schema, at }, parts, seen, depth + 1);
        }
    }
}

/// Visits the parts of the branches of a part's unions.
pub(crate) fn branches<'d>(
    document: &'d Document,
    part: &Part<'d>,
    left: &mut usize,
    depth: usize,
    visit: &mut dyn FnMut(&Part<'d>),
) {
    for union in ["oneOf", "anyOf"] {
        let at = join(&part.at, union);
        let list = part.schema.get(union).and_then(Value::as_array);
        for (index, branch) in list.into_iter().flatten().enumerate() {
            if *left == 0 || depth > MAX_DEPTH {
                return;
            }
            *left -= 1;
            let at = join(&at, &index.to_string());
            let found = match branch.get("$ref").and_then(Value::as_str) {
                None => Some((branch, at)),
                Some(reference) => {
                    let target = follow(document, reference, &at).ok();
                    target.map(|target| (target.value, target.at))
                }
            };
            if let Some((Value::Object(schema), at)) = found {
                for part in parts(document, &at, schema) {
                    visit(&part);
                    branches(document, &part, left, depth + 1, visit);
                }
            }
        }
    }
}

fn is_closed(part: &Part) -> bool {
    part.schema.get("additionalProperties") == Some(&json!(false))
        && !part.schema.contains_key("patternProperties")
}

fn names<'d>(part: &Part<'d>) -> impl Iterator<Item = &'d str> + use<'d> {
    let properties = part.schema.get("properties").and_then(Value::as_object);
    properties
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
}
