//! OpenAPI Overlay 1.0 and 1.1: changes to a description, written down in a file of their own.
//!
//! Actions are applied in their order, each to the result of the one before, and by the rules of
//! 1.1 throughout: what they add to 1.0 would be an error there.

mod merge;
mod reach;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use serde_json::Value;
use serde_json_path::JsonPath;

use super::bundle::FIELD;
use super::edits::{Edits, Source as WrittenIn};
use super::error::ReadError;
use super::node::kind;
use super::pointer::{join, tokens};
use super::size::{MAX_COPIED, MAX_DEPTH, Size};
use super::text::Source;
use super::version::{self, Version};
use crate::diagnostic::Diagnostic;
use merge::Merge;

/// How the names of overlays that belong to a description end.
const BESIDE: [&str; 3] = ["overlay.yaml", "overlay.yml", "overlay.json"];

/// The places beside the file `entry` where an overlay may be.
pub(super) fn beside(entry: &Path) -> impl Iterator<Item = PathBuf> {
    BESIDE.iter().map(|ending| entry.with_extension(ending))
}

/// The overlays of the description in the file `entry`: those beside it, then `more`; each once.
pub(super) fn files(entry: &Path, more: &[PathBuf]) -> Vec<PathBuf> {
    let beside = beside(entry).filter(|path| path.is_file());
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

/// Applies overlays to `root`, read from the file `entry`. `root` has other files set into it
/// already; actions do not select within these, but operations in them are found by their paths.
/// Notes in `edits` what changed, and returns the texts of the overlays.
///
/// # Errors
/// Where an overlay cannot be read, or says what cannot be done. A target that selects nothing is
/// no error.
pub(super) fn apply(
    entry: &Path,
    overlays: &[PathBuf],
    root: &mut Value,
    edits: &mut Edits,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<Source>, ReadError> {
    let files = reach::take_files(root, FIELD);
    let reached = reach::reach(root, &files, edits);
    let mut overlaying = Overlaying {
        schemas_have_siblings: version::of(root).is_ok_and(|version| version >= Version::V3_1),
        root,
        files: &files,
        copied: 0,
        found: Vec::new(),
        edits,
        written: HashMap::new(),
        changed: BTreeSet::new(),
    };
    let mut sources = Vec::new();
    for (index, path) in overlays.iter().enumerate() {
        let mut source = Source::load(path)?;
        let (overlay, found) = source.parse()?;
        overlaying.found = found;
        if let Err(found) = overlaying.overlay(index, &overlay, entry) {
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
        sources.push(source);
    }
    let changed = overlaying.changed;
    reached.restore(root, &changed, edits);
    reach::put_files(root, files);
    Ok(sources)
}

/// A description while overlays are applied to it.
struct Overlaying<'r> {
    root: &'r mut Value,
    /// The other files of the description.
    files: &'r Value,
    /// Whether what is written beside a reference to a schema has an effect.
    schemas_have_siblings: bool,
    /// How many values have been added.
    copied: usize,
    found: Vec<Diagnostic>,
    edits: &'r mut Edits,
    /// What the current action wrote.
    written: HashMap<String, WrittenIn>,
    /// The places that actions changed.
    changed: BTreeSet<String>,
}

impl Overlaying<'_> {
    /// Applies an Overlay Object.
    fn overlay(&mut self, index: usize, overlay: &Value, entry: &Path) -> Result<(), Diagnostic> {
        check_version(overlay)?;
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
        for (number, action) in actions.iter().enumerate() {
            let at = join("/actions", &number.to_string());
            places += self.action(index, action, &at)?;
            let written = std::mem::take(&mut self.written);
            self.changed.extend(written.keys().cloned());
            self.edits.write(written);
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

    /// Applies an Action Object of the overlay `index`, and returns how many places it changed.
    fn action(&mut self, index: usize, action: &Value, at: &str) -> Result<usize, Diagnostic> {
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
            let found = Diagnostic::warning(
                join(at, "target"),
                format!("`{target}` selects nothing, so the action changes nothing"),
                "correct the path, or take the action out",
            );
            self.found.push(found.unmatched());
            return Ok(0);
        }
        let copied = query(action, "copy", at)?;
        let changed = match (action.get("update"), copied) {
            _ if removes => {
                self.remove(&places, at)?;
                places.len()
            }
            (Some(_), Some(_)) => {
                return Err(Diagnostic::error(
                    at,
                    "the action has both `update` and `copy`",
                    "make two actions of it",
                ));
            }
            (Some(update), None) => {
                let at = join(at, "update");
                let from = WrittenIn::Overlay(index, at.clone());
                self.update(&places, update, &at, &from)?
            }
            (None, Some(source)) => {
                let at = join(at, "copy");
                let (from, update) = self.copied(&source, &at)?;
                self.update(&places, &update, &at, &WrittenIn::Copy(from))?
            }
            (None, None) => {
                self.found.push(Diagnostic::warning(
                    at,
                    "the action says nothing to do",
                    "give it `update`, `copy` or `remove: true`",
                ));
                return Ok(0);
            }
        };
        if changed == 0 {
            let found = Diagnostic::warning(
                join(at, "target"),
                format!("the action changes nothing: what `{target}` selects is like this already"),
                "correct the target or the update, or take the action out",
            );
            self.found.push(found.unmatched());
        }
        Ok(changed)
    }

    /// The one value that is copied, and its place.
    fn copied(&self, source: &JsonPath, at: &str) -> Result<(String, Value), Diagnostic> {
        let found = source.query_located(self.root);
        let count = found.len();
        let Ok(one) = found.exactly_one() else {
            return Err(Diagnostic::error(
                at,
                format!("`{source}` selects {count} values, and one is copied"),
                "name one place",
            ));
        };
        Ok((one.location().to_json_pointer(), one.node().clone()))
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
                    self.changed.insert(place.clone());
                }
                Some(Value::Array(items)) => {
                    if let Ok(index) = last.parse()
                        && index < items.len()
                    {
                        items.remove(index);
                        self.edits.remove(parent.to_owned(), index);
                        self.changed.insert(place.clone());
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Merges a value that is at `at` in the overlay into each of the places, and returns how many
    /// of them it changed.
    fn update(
        &mut self,
        places: &[String],
        update: &Value,
        at: &str,
        from: &WrittenIn,
    ) -> Result<usize, Diagnostic> {
        let size = Size::of(update);
        let sort = |value: &Value| (value.is_object(), value.is_array());
        let mut first = None;
        let mut changed = 0;
        for place in places {
            let depth = tokens(place).count() + size.depth;
            self.spend(size.values, depth, at)?;
            if update.is_object() && update.get("$ref").is_none() {
                self.replace_reference(place, depth, at)?;
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
            let mut merge = Merge {
                at,
                from,
                written: &mut self.written,
                changes: 0,
            };
            match (target, update) {
                (Value::Array(items), Value::Array(more)) => merge.append(items, more, place, ""),
                (Value::Array(items), one) => {
                    merge.note(join(place, &items.len().to_string()), "");
                    items.push(one.clone());
                }
                (target, update) => merge.merge(target, update, place, "")?,
            }
            changed += usize::from(merge.changes > 0);
        }
        Ok(changed)
    }

    /// Accounts for values that are added.
    fn spend(&mut self, values: usize, depth: usize, at: &str) -> Result<(), Diagnostic> {
        self.copied += values;
        if self.copied > MAX_COPIED || depth > MAX_DEPTH {
            return Err(Diagnostic::error(
                at,
                format!(
                    "the overlays make the description grow by more than {MAX_COPIED} values, or \
                     deeper than {MAX_DEPTH}"
                ),
                "change fewer places at once",
            ));
        }
        Ok(())
    }

    /// Puts what a reference leads to in its place where fields beside `$ref` have no effect, so
    /// that the change is that of this place alone.
    fn replace_reference(&mut self, place: &str, depth: usize, at: &str) -> Result<(), Diagnostic> {
        let Some(own) = self.root.pointer(place) else {
            return Ok(());
        };
        let is_reference = own.get("$ref").is_some_and(Value::is_string);
        if !is_reference || self.schemas_have_siblings && reach::is_schema(place) {
            return Ok(());
        }
        let Some((from, found)) = reach::follow(self.root, self.files, own) else {
            self.found.push(Diagnostic::warning(
                at,
                "the target selects a reference that leads to nothing, so that the action has no \
                 effect",
                "correct the reference in the description",
            ));
            return Ok(());
        };
        let found = found.clone();
        let size = Size::of(&found);
        self.spend(size.values, depth + size.depth, at)?;
        if let Some(own) = self.root.pointer_mut(place) {
            *own = found;
            let source = HashMap::from([(place.to_owned(), WrittenIn::Copy(from))]);
            self.edits.write(source);
        }
        Ok(())
    }
}

/// Checks the version that an overlay follows.
fn check_version(overlay: &Value) -> Result<(), Diagnostic> {
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
