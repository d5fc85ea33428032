//! `readOnly` and `writeOnly`: properties that travel one way only (OpenAPI 3.0 Schema Object,
//! JSON Schema 2020-12 Validation §9.4), wherever it is said: on their schema, behind a reference,
//! in a part of a composition.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::all_of::{self, Part};
use super::follow::target;
use crate::openapi::{Document, Node, join};

/// How many schemas are looked at to find out which way the values of one travel.
const MAX_SCHEMAS: usize = 64;

/// Which way a value travels only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In answers only (`readOnly`).
    Answer,
    /// In requests only (`writeOnly`).
    Request,
}

impl Way {
    /// The keyword that says so, and the one of the other way.
    fn keywords(self) -> (&'static str, &'static str) {
        match self {
            Way::Answer => ("readOnly", "writeOnly"),
            Way::Request => ("writeOnly", "readOnly"),
        }
    }
}

/// Whether a property whose schema is at `at` is for answers only. One that is also
/// `writeOnly` is not.
pub(crate) fn is_read_only(document: &Document, at: &str, schema: &Value) -> bool {
    travels_only(document, at, schema, Way::Answer)
}

/// Whether a property whose schema is at `at` is for requests only. One that is also
/// `readOnly` is not.
pub(crate) fn is_write_only(document: &Document, at: &str, schema: &Value) -> bool {
    travels_only(document, at, schema, Way::Request)
}

fn travels_only(document: &Document, at: &str, schema: &Value, way: Way) -> bool {
    let at = at.to_owned();
    let mut left = MAX_SCHEMAS;
    is_of_way(document, &Node { value: schema, at }, way, &mut left)
}

fn is_of_way(document: &Document, schema: &Node, way: Way, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    if schema.text("$ref").is_some() {
        let reached = target(document, schema).is_ok_and(|target| {
            target.get("$ref").is_none() && is_of_way(document, &target, way, left)
        });
        if reached || !document.dialect().has_schema_siblings {
            return reached;
        }
    }
    let (this, other) = way.keywords();
    match (schema.flag(this), schema.flag(other)) {
        (Some(true), other) => return other != Some(true),
        // What is said here counts for more than what is said of its parts.
        (Some(false), _) | (_, Some(true)) => return false,
        (None, _) => {}
    }
    let mut parts = schema.items("allOf").into_iter();
    if parts.any(|part| is_of_way(document, &part, way, left)) {
        return true;
    }
    let branches = ["oneOf", "anyOf"].map(|union| schema.items(union));
    let mut branches = branches
        .iter()
        .flatten()
        .filter(|one| !is_null(one))
        .peekable();
    branches.peek().is_some() && branches.all(|one| is_of_way(document, one, way, left))
}

fn is_null(schema: &Node) -> bool {
    let is_nothing = |values: &Node| values.value == &serde_json::json!([null]);
    schema.text("type") == Some("null") || schema.get("enum").is_some_and(|all| is_nothing(&all))
}

/// The properties that travel one way only, of those that a schema declares, by itself, in the parts
/// that it is composed of, or in all branches of a union that declare them.
pub(crate) fn one_way<'d>(
    document: &'d Document,
    at: &str,
    schema: &'d Map<String, Value>,
    way: Way,
) -> BTreeSet<&'d str> {
    let parts = all_of::parts(document, at, schema);
    let mut found = BTreeSet::new();
    let mut others = BTreeSet::new();
    let mut in_branches = BTreeSet::new();
    for part in &parts {
        sort(document, part, way, &mut found, &mut others);
    }
    let mut left = all_of::MAX_BRANCHES;
    for part in &parts {
        all_of::branches(document, part, &mut left, 0, &mut |branch| {
            sort(document, branch, way, &mut in_branches, &mut others);
        });
    }
    found.extend(in_branches.difference(&others));
    found
}

/// Sorts the properties that a part declares by whether they travel one way only.
fn sort<'d>(
    document: &'d Document,
    part: &Part<'d>,
    way: Way,
    one_way: &mut BTreeSet<&'d str>,
    others: &mut BTreeSet<&'d str>,
) {
    let properties = part.schema.get("properties").and_then(Value::as_object);
    let below = join(&part.at, "properties");
    for (name, schema) in properties.into_iter().flatten() {
        let set = match travels_only(document, &join(&below, name), schema, way) {
            true => &mut *one_way,
            false => &mut *others,
        };
        set.insert(name);
    }
}

/// Whether a schema, its parts and their branches require or declare one of the properties.
pub(crate) fn names_any<'d>(
    document: &'d Document,
    schema: &Node<'d>,
    names: &BTreeSet<&'d str>,
) -> bool {
    let Some(source) = schema.object() else {
        return false;
    };
    let mut is_named = false;
    let mut look = |part: &Part<'d>| {
        let required = part.schema.get("required").and_then(Value::as_array);
        let required = required.into_iter().flatten().filter_map(Value::as_str);
        let declared = part.schema.get("properties").and_then(Value::as_object);
        let declared = declared.into_iter().flat_map(Map::keys).map(String::as_str);
        is_named |= required.chain(declared).any(|name| names.contains(name));
    };
    let mut left = all_of::MAX_BRANCHES;
    for part in all_of::parts(document, &schema.at, source) {
        look(&part);
        all_of::branches(document, &part, &mut left, 0, &mut look);
    }
    is_named
}
