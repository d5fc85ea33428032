//! `properties` that refer to others. No version of the specification lets a map of schemas be a
//! reference, but descriptions of many files do it, and mean what the reference leads to.

use serde_json::{Map, Value, json};

use super::bundle::{is_data, is_map};
use super::pointer::{fragment, join};
use crate::diagnostic::Diagnostic;

/// How many references are followed from one map to the next.
const MAX_HOPS: usize = 8;

/// Puts the properties that a reference leads to in its place, each as a reference to its schema.
/// One that leads to no schemas is taken out: its text is no schema of a property `$ref`.
pub(super) fn follow(root: &mut Value, diagnostics: &mut Vec<Diagnostic>) {
    let mut places = Vec::new();
    find(root, "", false, &mut places);
    for (at, reference) in places {
        let found = schemas(root, &reference);
        diagnostics.push(match &found {
            Some(_) => Diagnostic::warning(
                join(&at, "$ref"),
                "`properties` cannot be a reference; the properties that it leads to are taken",
                "refer to a schema that has these properties, under `allOf`",
            ),
            None => Diagnostic::warning(
                join(&at, "$ref"),
                format!(
                    "`{reference}` is no schema of a property, and leads to none; it is dropped"
                ),
                "map names to schemas",
            ),
        });
        if let Some(Value::Object(properties)) = root.pointer_mut(&at) {
            let own = std::mem::take(properties);
            for (name, schema) in own {
                if name == "$ref" && schema.is_string() {
                    for (name, schema) in found.iter().flatten() {
                        properties
                            .entry(name.as_str())
                            .or_insert_with(|| schema.clone());
                    }
                } else {
                    properties.insert(name, schema);
                }
            }
        }
    }
}

/// Finds the maps, by their pointers, and what they refer to. `named` as in bundling.
fn find(value: &Value, at: &str, named: bool, places: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find(item, &join(at, &index.to_string()), false, places);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if !named && is_data(name, member) {
                    continue;
                }
                let at = join(at, name);
                let reference = member.get("$ref").and_then(Value::as_str);
                if let (false, "properties", Some(reference)) = (named, name.as_str(), reference) {
                    places.push((at.clone(), reference.to_owned()));
                }
                find(member, &at, !named && is_map(name, member), places);
            }
        }
        _ => {}
    }
}

/// The schemas of the map that a reference within the document leads to, as references.
fn schemas(root: &Value, reference: &str) -> Option<Map<String, Value>> {
    let within = |reference: &str| fragment(reference).filter(|_| reference.starts_with('#'));
    let mut at = within(reference)?;
    for _ in 0..MAX_HOPS {
        let target = root.pointer(&at)?.as_object()?;
        if let Some(Value::String(next)) = target.get("$ref") {
            at = within(next)?;
            continue;
        }
        let are_schemas = target
            .values()
            .all(|one| one.is_object() || one.is_boolean());
        let refer = |name: &String| {
            let there = join(&at, name).replace('%', "%25");
            (name.clone(), json!({"$ref": format!("#{there}")}))
        };
        return (are_schemas && !target.is_empty()).then(|| target.keys().map(refer).collect());
    }
    None
}
