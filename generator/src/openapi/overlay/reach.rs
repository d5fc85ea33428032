//! References in the way of an overlay: its targets name operations by their paths, wherever the
//! files of the description contain them.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::super::edits::{Edits, Source};
use super::super::keyword::{self, Form};
use super::super::pointer::{fragment, join, tokens};
use super::super::size::{MAX_COPIED, Size};

/// How many references may lead to one another before something is reached.
const MAX_HOPS: usize = 64;

/// Path items and operations that replace the references to them while overlays are applied.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// The places, with the references that were there.
    references: Vec<(String, Value)>,
}

/// Puts path items and operations in the places of the references to them, and notes in `edits`
/// where they are from. `files` are the other files of the description, which `root` is without.
pub(super) fn reach(root: &mut Value, files: &Value, edits: &mut Edits) -> Reached {
    let mut reached = Reached::default();
    let mut left = MAX_COPIED;
    let mut sources = HashMap::new();
    let paths = names(root.get("paths"));
    for path in &paths {
        put(
            root,
            files,
            &join("/paths", path),
            &mut left,
            |at, old, from| {
                reached.references.push((at.clone(), old));
                sources.insert(at, Source::Copy(from));
            },
        );
    }
    edits.write(std::mem::take(&mut sources));
    for path in &paths {
        let item = join("/paths", path);
        for method in names(root.pointer(&item)) {
            put(
                root,
                files,
                &join(&item, &method),
                &mut left,
                |at, old, from| {
                    reached.references.push((at.clone(), old));
                    sources.insert(at, Source::Copy(from));
                },
            );
        }
    }
    edits.write(sources);
    reached
}

impl Reached {
    /// Restores the references to what no action changed.
    pub(super) fn restore(self, root: &mut Value, changed: &BTreeSet<String>, edits: &mut Edits) {
        // The operations first, then the path items around them.
        for (place, reference) in self.references.into_iter().rev() {
            let below = format!("{place}/");
            let first = changed.range(below.clone()..).next();
            let is_below = first.is_some_and(|first| first.starts_with(&below));
            let mut around = place.match_indices('/').map(|(end, _)| place.get(..end));
            let is_around = around.any(|around| around.is_some_and(|at| changed.contains(at)));
            if is_below || is_around || changed.contains(&place) {
                continue;
            }
            if let Some(own) = root.pointer_mut(&place) {
                *own = reference;
                edits.forget(&place);
            }
        }
    }
}

fn names(object: Option<&Value>) -> Vec<String> {
    let members = object.and_then(Value::as_object).into_iter().flatten();
    members
        .filter(|(name, _)| !name.starts_with("x-"))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Puts what the reference at `at` leads to in its place, if there is a reference to an object.
fn put(
    root: &mut Value,
    files: &Value,
    at: &str,
    left: &mut usize,
    note: impl FnOnce(String, Value, String),
) {
    let Some((from, found)) = root.pointer(at).and_then(|own| follow(root, files, own)) else {
        return;
    };
    let size = Size::of(found).values;
    if !found.is_object() || size > *left {
        return;
    }
    *left -= size;
    let found = found.clone();
    if let Some(own) = root.pointer_mut(at) {
        let reference = std::mem::replace(own, found);
        note(at.to_owned(), reference, from);
    }
}

/// Follows references to what they lead to in the end: its pointer and its value. None where
/// `value` is no reference, or the references lead nowhere.
pub(super) fn follow<'d>(
    root: &'d Value,
    files: &'d Value,
    value: &Value,
) -> Option<(String, &'d Value)> {
    let mut reference = value.get("$ref")?.as_str()?;
    for _ in 0..MAX_HOPS {
        let pointer = fragment(reference).filter(|_| reference.starts_with('#'))?;
        let found = root.pointer(&pointer).or_else(|| files.pointer(&pointer))?;
        match found.get("$ref").and_then(Value::as_str) {
            Some(next) => reference = next,
            None => return Some((pointer, found)),
        }
    }
    None
}

/// Whether a place is that of a schema, by the names around it.
pub(super) fn is_schema(place: &str) -> bool {
    let tokens: Vec<String> = tokens(place).collect();
    let mut outwards = tokens.iter().rev().map(String::as_str);
    let (last, around) = (outwards.next(), outwards.next());
    let is_map = |name: &str| {
        matches!(name, "schemas" | "definitions")
            || keyword::of(name).is_some_and(|keyword| keyword.form != Form::One)
    };
    around.is_some_and(is_map)
        || last.is_some_and(|name| {
            name == "schema" || keyword::of(name).is_some_and(|keyword| keyword.form == Form::One)
        })
}

/// The other files, taken out of the description.
pub(super) fn take_files(root: &mut Value, field: &str) -> Value {
    let files = root
        .as_object_mut()
        .and_then(|members| members.shift_remove(field));
    let mut around = Map::new();
    around.extend(files.map(|files| (field.to_owned(), files)));
    Value::Object(around)
}

/// Puts the other files back.
pub(super) fn put_files(root: &mut Value, files: Value) {
    if let (Value::Object(root), Value::Object(files)) = (root, files) {
        root.extend(files);
    }
}
