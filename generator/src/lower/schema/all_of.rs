//! Compositions (`allOf`) that no value with all their properties fits, because a part of them is
//! closed to the properties of another: `additionalProperties: false` looks at the schema it stands
//! in only, where its author thought of the whole.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::follow::follow;
use crate::openapi::{Document, join};

/// How deep parts are looked for within parts.
pub(crate) const MAX_DEPTH: usize = 8;

/// Whether a part of the composition at `at`, or the schema itself, forbids what another declares.
pub(crate) fn excludes(document: &Document, at: &str, schema: &Map<String, Value>) -> bool {
    if !schema.contains_key("allOf") {
        return false;
    }
    let parts = parts(document, at, schema);
    let declared: HashSet<&str> = parts.iter().flat_map(names).collect();
    let mut closed = parts.iter().filter(|part| is_closed(part));
    closed.any(|part| names(part).collect::<HashSet<_>>().len() < declared.len())
}

/// Whether the schema at `at`, or a part of it, takes no properties but its own.
pub(crate) fn is_closed_somewhere(document: &Document, at: &str, schema: &Value) -> bool {
    let schema = schema.as_object();
    schema.is_some_and(|schema| parts(document, at, schema).iter().any(is_closed))
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

/// A schema, or a part that it is composed of, and where it stands.
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
