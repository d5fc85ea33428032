//! References in place of maps and lists. No version of the specification lets the fields of its
//! objects be references where they hold a map of named things, or a list; but descriptions of many
//! files do it, and mean what the reference leads to.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::bundle::{is_data, is_map};
use super::edits::{Edits, Source};
use super::pointer::{fragment, join};
use super::size::{MAX_COPIED, Size};
use crate::diagnostic::Diagnostic;

/// How many references are followed from one map to the next, and how often maps are looked for in
/// what has been put in place of a reference.
const MAX_HOPS: usize = 8;

/// What is in a field, and how it is taken from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// Things that can be references themselves: each becomes one.
    Referable,
    /// Maps of such things: each becomes a reference, and is looked at again.
    Maps,
    /// Small things that cannot: they are copied.
    Others,
    /// A list: it is copied.
    List,
    /// A map of referable things in one place, a list in another.
    MapOrList,
}

fn holds(field: &str) -> Option<Holds> {
    Some(match field {
        "paths" | "webhooks" | "pathItems" | "schemas" | "definitions" | "$defs" | "properties"
        | "patternProperties" | "dependentSchemas" | "securitySchemes" | "responses"
        | "requestBodies" | "headers" | "examples" | "links" | "callbacks" | "content"
        | "mediaTypes" => Holds::Referable,
        "components" => Holds::Maps,
        "encoding" | "variables" | "securityDefinitions" | "scopes" | "flows" | "mapping" => {
            Holds::Others
        }
        "tags" | "servers" | "security" | "required" | "allOf" | "anyOf" | "oneOf" => Holds::List,
        "parameters" => Holds::MapOrList,
        _ => return None,
    })
}

/// Puts what a reference leads to in its place. One that leads to no map or list is taken out: its
/// text is nothing that could be called `$ref`.
/// Notes in `edits` where what was copied is from.
pub(super) fn follow(root: &mut Value, edits: &mut Edits, diagnostics: &mut Vec<Diagnostic>) {
    let mut left = MAX_COPIED;
    for _ in 0..MAX_HOPS {
        let mut places = Vec::new();
        find(root, "", false, &mut places);
        if places.is_empty() {
            return;
        }
        for place in places {
            put(root, place, &mut left, edits, diagnostics);
        }
    }
}

/// A field that is a reference.
struct Place {
    at: String,
    field: String,
    reference: String,
    holds: Holds,
}

fn put(
    root: &mut Value,
    place: Place,
    left: &mut usize,
    edits: &mut Edits,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let Place {
        at,
        field,
        reference,
        holds,
    } = place;
    let found = found(root, &reference, holds, left);
    diagnostics.push(match &found {
        Some(_) => Diagnostic::note(
            join(&at, "$ref"),
            format!("`{field}` cannot be a reference; what it leads to is taken"),
            "refer to what is in it, one by one",
        ),
        None => Diagnostic::warning(
            join(&at, "$ref"),
            format!("`{reference}` leads to nothing that could be in `{field}`; it is dropped"),
            "write it there, or correct the reference",
        ),
    });
    let Some(own) = root.pointer_mut(&at) else {
        return;
    };
    let (from, found) = found.unzip();
    match (found, own) {
        (Some(Value::Object(mut found)), Value::Object(own)) => {
            if holds == Holds::Others {
                let from = from.unwrap_or_default();
                let copied = |name: &String| (join(&at, name), Source::Copy(join(&from, name)));
                let new = found.keys().filter(|name| !own.contains_key(*name));
                edits.write(new.map(copied).collect());
            }
            for (name, value) in std::mem::take(own) {
                match name.as_str() {
                    "$ref" => {
                        for (name, value) in std::mem::take(&mut found) {
                            own.entry(name).or_insert(value);
                        }
                    }
                    _ => {
                        own.insert(name, value);
                    }
                }
            }
        }
        (Some(found), own) => {
            *own = found;
            let source = Source::Copy(from.unwrap_or_default());
            edits.write(HashMap::from([(at, source)]));
        }
        (None, Value::Object(own)) => {
            own.shift_remove("$ref");
        }
        (None, _) => {}
    }
}

/// Finds the fields that are references. `named` as in bundling.
fn find(value: &Value, at: &str, named: bool, places: &mut Vec<Place>) {
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
                let holds = holds(name).filter(|_| !named);
                if let (Some(holds), Some(reference)) = (holds, reference) {
                    places.push(Place {
                        at: at.clone(),
                        field: name.clone(),
                        reference: reference.to_owned(),
                        holds,
                    });
                }
                find(member, &at, !named && is_map(name, member), places);
            }
        }
        _ => {}
    }
}

/// What replaces a reference within the document, and where it is from; none if it leads to nothing of the kind,
/// or what is taken would be too much.
fn found(root: &Value, reference: &str, holds: Holds, left: &mut usize) -> Option<(String, Value)> {
    let within = |reference: &str| fragment(reference).filter(|_| reference.starts_with('#'));
    let mut at = within(reference)?;
    let mut target = root.pointer(&at)?;
    for _ in 0..MAX_HOPS {
        let Some(Value::String(next)) = target.get("$ref") else {
            break;
        };
        at = within(next)?;
        target = root.pointer(&at)?;
    }
    let mut spend = |values: usize| {
        *left = left.checked_sub(values)?;
        Some(())
    };
    let found = match (target, holds) {
        (Value::Object(members), Holds::Referable | Holds::Maps | Holds::MapOrList) => {
            let are_things = members
                .iter()
                .all(|(name, one)| name.starts_with("x-") || one.is_object() || one.is_boolean());
            if !are_things || members.is_empty() || members.contains_key("$ref") {
                return None;
            }
            spend(members.len())?;
            let refer = |name: &String| {
                let there = join(&at, name).replace('%', "%25");
                (name.clone(), json!({"$ref": format!("#{there}")}))
            };
            Value::Object(members.keys().map(refer).collect::<Map<_, _>>())
        }
        (Value::Object(members), Holds::Others) if !members.contains_key("$ref") => {
            spend(Size::of(target).values)?;
            target.clone()
        }
        (Value::Array(_), Holds::List | Holds::MapOrList) => {
            spend(Size::of(target).values)?;
            target.clone()
        }
        _ => return None,
    };
    Some((at, found))
}
