//! OpenAPI Overlay 1.0 and 1.1: changes to a description, written down in a file of their own.
//!
//! Actions are applied in their order, each to the result of the one before, and by the rules of
//! 1.1 throughout: what they add to 1.0 would be an error there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_json_path::JsonPath;

use super::error::ReadError;
use super::node::kind;
use super::pointer::{join, tokens};
use super::size::{MAX_COPIED, MAX_DEPTH, Size};
use super::text::Source;
use crate::diagnostic::Diagnostic;

/// How the names of overlays that belong to a description end.
const BESIDE: [&str; 3] = ["overlay.yaml", "overlay.yml", "overlay.json"];

/// The overlays of the description in the file `entry`: those beside it, then `more`; each once.
pub(super) fn files(entry: &Path, more: &[PathBuf]) -> Vec<PathBuf> {
    let beside = BESIDE.iter().map(|ending| entry.with_extension(ending));
    let beside = beside.filter(|path| path.is_file());
    let mut seen = BTreeSet::new();
    let mut is_new = |path: &PathBuf| {
        let real = path.canonicalize().unwrap_or_else(|_| path.clone());
        seen.insert(real)
    };
    beside
        .chain(more.iter().cloned())
        .filter(|path| is_new(path))
        .collect()
}

/// An item that an overlay took out of a list, so that those behind it moved up.
#[derive(Debug)]
pub(super) struct Removed {
    /// The JSON pointer of the list.
    list: String,
    index: usize,
}

/// The original place of what `pointer` leads to since the items were removed, in this order.
pub(super) fn original(removed: &[Removed], pointer: &str) -> String {
    let mut original = pointer.to_owned();
    for Removed { list, index } in removed.iter().rev() {
        let inside = original.strip_prefix(list.as_str());
        let Some(inside) = inside.and_then(|inside| inside.strip_prefix('/')) else {
            continue;
        };
        let (token, rest) = inside.split_at(inside.find('/').unwrap_or(inside.len()));
        if let Some(now) = token.parse::<usize>().ok().filter(|now| now >= index) {
            original = format!("{list}/{}{rest}", now + 1);
        }
    }
    original
}

/// Applies overlays to `root`, read from the file `entry`, and reports what they took out of lists.
///
/// # Errors
/// Where an overlay cannot be read, or says what cannot be done. A target that selects nothing is
/// no error.
pub(super) fn apply(
    entry: &Path,
    overlays: &[PathBuf],
    root: &mut Value,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<Removed>, ReadError> {
    let mut overlaying = Overlaying {
        root,
        copied: 0,
        found: Vec::new(),
        removed: Vec::new(),
    };
    for path in overlays {
        let mut source = Source::load(path)?;
        let (overlay, found) = source.parse()?;
        overlaying.found = found;
        if let Err(found) = overlaying.overlay(&overlay, entry) {
            let mut found = [found];
            source.locate(&mut found);
            let [found] = found;
            return Err(ReadError::Overlay {
                path: path.clone(),
                line: found.line.unwrap_or(1),
                message: format!("{}; {}", found.message, found.help),
            });
        }
        source.locate(&mut overlaying.found);
        for mut found in overlaying.found.drain(..) {
            found.file = Some(path.display().to_string());
            diagnostics.push(found);
        }
    }
    Ok(overlaying.removed)
}

/// A description while overlays are applied to it.
struct Overlaying<'r> {
    root: &'r mut Value,
    /// How many values have been added.
    copied: usize,
    found: Vec<Diagnostic>,
    removed: Vec<Removed>,
}

impl Overlaying<'_> {
    /// Applies an Overlay Object.
    fn overlay(&mut self, overlay: &Value, entry: &Path) -> Result<(), Diagnostic> {
        version(overlay)?;
        self.extends(overlay, entry);
        let actions = overlay.get("actions").and_then(Value::as_array);
        let Some(actions) = actions.filter(|actions| !actions.is_empty()) else {
            return Err(Diagnostic::error(
                "/actions",
                "the overlay has no actions",
                "list at least one under `actions`",
            ));
        };
        let mut places = 0;
        for (index, action) in actions.iter().enumerate() {
            places += self.action(action, &join("/actions", &index.to_string()))?;
        }
        self.found.push(Diagnostic::note(
            "",
            format!(
                "the overlay is applied: {} actions, which change {places} places",
                actions.len()
            ),
            "nothing is to be done",
        ));
        Ok(())
    }

    /// Which description an overlay is for is its own business; another name is worth a word.
    fn extends(&mut self, overlay: &Value, entry: &Path) {
        let Some(extends) = overlay.get("extends").and_then(Value::as_str) else {
            return;
        };
        let name = extends.rsplit('/').next().unwrap_or(extends);
        let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
        if entry.file_name().is_some_and(|file| file != &*name) {
            self.found.push(Diagnostic::note(
                "/extends",
                format!("the overlay is for `{extends}`, and is applied to another file"),
                "apply it to that one, if it is not the same",
            ));
        }
    }

    /// Applies an Action Object, and returns how many places it changed.
    fn action(&mut self, action: &Value, at: &str) -> Result<usize, Diagnostic> {
        let target = query(action, "target", at)?.ok_or_else(|| {
            Diagnostic::error(
                at,
                "the action has no target",
                "say in `target` which places it changes, as a JSONPath such as `$.info`",
            )
        })?;
        let removes = match action.get("remove") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(removes)) => *removes,
            Some(other) => {
                let is = kind(other);
                return Err(Diagnostic::error(
                    join(at, "remove"),
                    format!("`remove` is {is}"),
                    "it is true or false",
                ));
            }
        };
        let places = select(&target, self.root);
        if places.is_empty() {
            self.found.push(Diagnostic::warning(
                join(at, "target"),
                format!("`{target}` selects nothing, so the action changes nothing"),
                "correct the path, or take the action out",
            ));
            return Ok(0);
        }
        let copied = query(action, "copy", at)?;
        match (action.get("update"), copied) {
            _ if removes => self.remove(&places, at)?,
            (Some(_), Some(_)) => {
                return Err(Diagnostic::error(
                    at,
                    "the action has both `update` and `copy`",
                    "make two actions of it",
                ));
            }
            (Some(update), None) => self.update(&places, update, at, "update")?,
            (None, Some(source)) => {
                let found = source.query(self.root);
                let count = found.len();
                let Ok(one) = found.exactly_one() else {
                    return Err(Diagnostic::error(
                        join(at, "copy"),
                        format!("`{source}` selects {count} values, and one is copied"),
                        "name one place",
                    ));
                };
                let update = one.clone();
                self.update(&places, &update, at, "copy")?;
            }
            (None, None) => {
                self.found.push(Diagnostic::warning(
                    at,
                    "the action says nothing to do",
                    "give it `update`, `copy` or `remove: true`",
                ));
                return Ok(0);
            }
        }
        Ok(places.len())
    }

    /// Takes out the places, from the last to the first, so that each is where it was found.
    fn remove(&mut self, places: &[String], at: &str) -> Result<(), Diagnostic> {
        for place in places.iter().rev() {
            let Some((parent, _)) = place.rsplit_once('/') else {
                return Err(Diagnostic::error(
                    join(at, "target"),
                    "the whole description cannot be removed",
                    "remove a part of it",
                ));
            };
            let last = tokens(place).last().unwrap_or_default();
            match self.root.pointer_mut(parent) {
                Some(Value::Object(members)) => {
                    members.shift_remove(&last);
                }
                Some(Value::Array(items)) => {
                    if let Ok(index) = last.parse()
                        && index < items.len()
                    {
                        items.remove(index);
                        let list = parent.to_owned();
                        self.removed.push(Removed { list, index });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Merges the value of the action's `field` into each of the places.
    fn update(
        &mut self,
        places: &[String],
        update: &Value,
        at: &str,
        field: &str,
    ) -> Result<(), Diagnostic> {
        let at = join(at, field);
        let size = Size::of(update);
        let sort = |value: &Value| (value.is_object(), value.is_array());
        let mut first = None;
        for place in places {
            self.copied += size.values;
            let depth = tokens(place).count() + size.depth;
            if self.copied > MAX_COPIED || depth > MAX_DEPTH {
                return Err(Diagnostic::error(
                    at,
                    format!(
                        "the overlays make the description grow by more than {MAX_COPIED} values, or deeper than {MAX_DEPTH}"
                    ),
                    "change fewer places at once",
                ));
            }
            let Some(target) = self.root.pointer_mut(place) else {
                continue;
            };
            if *first.get_or_insert(sort(target)) != sort(target) {
                return Err(Diagnostic::error(
                    at,
                    "the target selects values of different kinds",
                    "select objects only, or lists only, or other values only",
                ));
            }
            match (target, update) {
                (Value::Array(items), Value::Array(more)) => items.extend(more.iter().cloned()),
                (Value::Array(items), one) => items.push(one.clone()),
                (target, update) => merge(target, update, &at)?,
            }
        }
        Ok(())
    }
}

/// Merges a value of an overlay, which is at `at`, into one of the description.
fn merge(target: &mut Value, update: &Value, at: &str) -> Result<(), Diagnostic> {
    match (target, update) {
        (Value::Object(members), Value::Object(more)) => {
            for (name, update) in more {
                match members.get_mut(name) {
                    Some(target) => merge(target, update, &join(at, name))?,
                    None => {
                        members.insert(name.clone(), update.clone());
                    }
                }
            }
            Ok(())
        }
        (Value::Array(items), Value::Array(more)) => {
            items.extend(more.iter().cloned());
            Ok(())
        }
        // A name without a value, in an outline of the description.
        (Value::Object(_) | Value::Array(_), Value::Null) => Ok(()),
        (target, update) => {
            let is_primitive = |value: &Value| !value.is_object() && !value.is_array();
            if target.is_null() || is_primitive(target) && is_primitive(update) {
                *target = update.clone();
                return Ok(());
            }
            let (is, wanted) = (kind(update), kind(target));
            Err(Diagnostic::error(
                at,
                format!("{is} cannot be merged into {wanted} of the description"),
                format!("give {wanted}, or remove what is there in an action before"),
            ))
        }
    }
}

/// Checks the version that an overlay follows.
fn version(overlay: &Value) -> Result<(), Diagnostic> {
    let version = match overlay.get("overlay") {
        Some(Value::String(version)) => version.trim().to_owned(),
        Some(Value::Number(version)) => version.to_string(),
        _ => {
            return Err(Diagnostic::error(
                "/overlay",
                "no OpenAPI Overlay: the field `overlay` with the version is missing",
                "write `overlay: 1.1.0` as its first line",
            ));
        }
    };
    let is = |minor: &str| {
        let rest = version.strip_prefix(minor);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
    };
    if is("1.0") || is("1.1") {
        return Ok(());
    }
    Err(Diagnostic::error(
        "/overlay",
        format!("Overlay {version} is not read"),
        "use 1.0 or 1.1",
    ))
}

/// The JSONPath (RFC 9535) in a field of an action, if there is one.
fn query(action: &Value, field: &str, at: &str) -> Result<Option<JsonPath>, Diagnostic> {
    let at = join(at, field);
    match action.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(path)) => match JsonPath::parse(path.trim()) {
            Ok(query) => Ok(Some(query)),
            Err(error) => Err(Diagnostic::error(
                at,
                format!(
                    "`{path}` is no JSONPath: {} (character {})",
                    error.message(),
                    error.position() + 1
                ),
                "follow RFC 9535; names with other characters than letters, digits and `_` read `['x-name']`",
            )),
        },
        Some(other) => Err(Diagnostic::error(
            at,
            format!("`{field}` is {}", kind(other)),
            "it is a JSONPath such as `$.info`",
        )),
    }
}

/// The JSON pointers of what a query selects, each once, in the order of their parts: what is
/// within something comes after it, and items come in their order.
fn select(query: &JsonPath, root: &Value) -> Vec<String> {
    let mut found: Vec<_> = query
        .query_located(root)
        .all()
        .into_iter()
        .map(|node| node.to_location())
        .collect();
    found.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    found.dedup();
    found.iter().map(|place| place.to_json_pointer()).collect()
}
