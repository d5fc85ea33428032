//! Definitions that apply themselves to the same value.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::named::{named, target};
use super::walk::{children, children_mut};
use crate::ir;
use crate::lower::context::Context;
use crate::openapi::keyword::Applies;

/// A schema that applies itself to the same value has no meaning, and sends validators into a
/// circle (JSON Schema 2020-12 §9.4.1). Such references are taken out.
pub(crate) fn break_circles(
    cx: &mut Context,
    mut schemas: BTreeMap<String, ir::Schema>,
) -> BTreeMap<String, ir::Schema> {
    let edges: BTreeMap<String, BTreeSet<String>> = schemas
        .iter()
        .map(|(name, schema)| {
            let mut targets = BTreeSet::new();
            in_place(&schema.json, &mut |target| {
                targets.insert(target.to_owned());
            });
            (name.clone(), targets)
        })
        .collect();
    let mut done = HashSet::new();
    for start in edges.keys() {
        // Depth first, without recursion: names may form long chains.
        let mut open: Vec<(&String, Vec<&String>)> = Vec::new();
        let mut above = HashSet::new();
        let targets = |name| {
            edges
                .get(name)
                .map(|set| set.iter().collect())
                .unwrap_or_default()
        };
        if !done.contains(start) {
            open.push((start, targets(start)));
            above.insert(start);
        }
        while let Some((name, rest)) = open.last_mut() {
            let name = *name;
            let Some(next) = rest.pop() else {
                done.insert(name);
                above.remove(name);
                open.pop();
                continue;
            };
            if above.contains(next) {
                cx.warn(
                    "/components/schemas",
                    format!("the schema `{name}` contains itself by way of `{next}`; that part accepts anything"),
                    "let the circle pass through a property or an item",
                );
                if let Some(schema) = schemas.get_mut(name) {
                    cut(&mut schema.json, next);
                    schema.definitions = named(&schema.json);
                }
            } else if !done.contains(next) {
                open.push((next, targets(next)));
                above.insert(next);
            }
        }
    }
    schemas
}

/// Visits the references of a schema that apply in place.
fn in_place(schema: &Value, visit: &mut dyn FnMut(&str)) {
    if let Some(name) = target(schema.get("$ref")) {
        visit(name);
    }
    children(schema, &mut |_, keyword, one| {
        if keyword.applies == Applies::InPlace {
            in_place(one, visit);
        }
    });
}

/// Removes the in-place references to a definition.
fn cut(schema: &mut Value, name: &str) {
    if let Some(members) = schema.as_object_mut()
        && target(members.get("$ref")) == Some(name)
    {
        members.shift_remove("$ref");
    }
    children_mut(schema, &mut |keyword, one| {
        if keyword.applies == Applies::InPlace {
            cut(one, name);
        }
    });
}
