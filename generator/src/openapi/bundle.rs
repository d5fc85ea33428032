//! References to other files: each file is read once and set into the description, and references
//! are pointed at it there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value};

use super::keyword::{self, Form};
use super::pointer::{fragment, join, tokens};
use super::text::Source;
use crate::diagnostic::Diagnostic;

/// Where files are set into the description.
pub(super) const FIELD: &str = "x-files";
/// The most files that are read.
const MAX_FILES: usize = 20_000;

/// The files that have been set into the description, by their names in there.
pub(super) type Files = BTreeMap<String, File>;

/// A file that has been set into the description.
#[derive(Clone, Debug)]
pub(super) struct File {
    path: PathBuf,
    /// Its path as the description's own was given.
    shown: String,
}

/// How paths of files are shown.
struct Shown {
    /// The directory of the description, as it was given.
    around: PathBuf,
    /// The name of that directory.
    directory: PathBuf,
}

impl Shown {
    /// `key` is the path from the directory above the description's.
    fn path(&self, key: &str) -> String {
        let key = Path::new(key);
        let path = match key.strip_prefix(&self.directory) {
            Ok(beside) => self.around.join(beside),
            Err(_) => self.around.join("..").join(key),
        };
        path.display().to_string()
    }
}

/// Adds the file, the pointer in that file, and the line to each diagnostic about another file.
pub(super) fn locate(files: &Files, diagnostics: &mut [Diagnostic]) {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, found) in diagnostics.iter_mut().enumerate() {
        let mut tokens = tokens(&found.pointer);
        if found.file.is_some() || tokens.next().as_deref() != Some(FIELD) {
            continue;
        }
        let Some((key, file)) = tokens.next().and_then(|key| files.get_key_value(&key)) else {
            continue;
        };
        found.pointer = tokens.fold(String::new(), |pointer, token| join(&pointer, &token));
        found.file = Some(file.shown.clone());
        places.entry(key).or_default().push(index);
    }
    for (key, indices) in places {
        let Some(file) = files.get(key) else {
            continue;
        };
        let Ok(mut source) = Source::load(&file.path) else {
            continue;
        };
        if source.parse().is_ok() {
            source.locate_some(&file.shown, diagnostics, &indices);
        }
    }
}

/// A reference as a person would write it: one into another file by the name of that file.
pub(super) fn as_written(files: &Files, reference: &str) -> String {
    let pointer = fragment(reference).unwrap_or_default();
    let mut tokens = tokens(&pointer);
    let is_file = tokens.next().as_deref() == Some(FIELD);
    match tokens
        .next()
        .and_then(|key| files.get(&key))
        .filter(|_| is_file)
    {
        Some(file) => {
            let pointer = tokens.fold(String::new(), |pointer, token| join(&pointer, &token));
            format!("{}#{pointer}", file.shown)
        }
        None => reference.to_owned(),
    }
}

fn directory_or_here(directory: &Path) -> &Path {
    if directory.as_os_str().is_empty() {
        Path::new(".")
    } else {
        directory
    }
}

/// The files of a description, as far as they have been read.
pub(super) struct Bundling {
    entry: PathBuf,
    /// The directory that references stay in.
    reach: PathBuf,
    shown: Shown,
    files: Files,
    /// What each file is called in the description; the entry has no name.
    keys: BTreeMap<PathBuf, Option<String>>,
    waiting: Vec<(PathBuf, String)>,
    diagnostics: Vec<Diagnostic>,
}

impl Bundling {
    /// The description in the file `entry`; none where that has no directory.
    pub(super) fn new(entry: &Path) -> Option<Bundling> {
        let around = entry.parent().unwrap_or(Path::new(""));
        let directory = directory_or_here(around).canonicalize().ok()?;
        let entry = directory.join(entry.file_name()?);
        Some(Bundling {
            reach: directory.parent().unwrap_or(&directory).to_owned(),
            shown: Shown {
                around: around.to_owned(),
                directory: directory.file_name().map(PathBuf::from).unwrap_or_default(),
            },
            files: Files::new(),
            keys: BTreeMap::from([(entry.clone(), None)]),
            entry,
            waiting: Vec::new(),
            diagnostics: Vec::new(),
        })
    }

    /// Sets into `root`, the value of the entry, what its references to other files lead to.
    ///
    /// Files beside the entry's directory are as far as references reach; anything else, and what
    /// is not a file at all, stays a reference and is reported where it is needed. References that
    /// were added to `root` since are followed when this is called again.
    pub(super) fn bundle(&mut self, root: &mut Value, diagnostics: &mut Vec<Diagnostic>) {
        let entry = self.entry.clone();
        let earlier = root
            .as_object_mut()
            .filter(|_| !self.files.is_empty())
            .and_then(|root| root.shift_remove(FIELD));
        self.walk(root, &entry, None, false);
        let mut contents = match earlier {
            Some(Value::Object(contents)) => contents,
            _ => Map::new(),
        };
        while let Some((path, key)) = self.waiting.pop() {
            if let Some(mut value) = self.read(&path, &key) {
                self.walk(&mut value, &path, Some(&key), false);
                contents.insert(key, value);
            }
        }
        if let (Some(root), false) = (root.as_object_mut(), contents.is_empty()) {
            contents.sort_keys();
            root.insert(FIELD.to_owned(), Value::Object(contents));
        }
        diagnostics.append(&mut self.diagnostics);
    }

    /// The files that have been set in.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    pub(super) fn into_files(self) -> Files {
        self.files
    }

    /// Re-points the references of a value in the file `path`. `named` says that the members of
    /// the value are called as the description likes, so that none of them is a keyword.
    fn walk(&mut self, value: &mut Value, path: &Path, key: Option<&str>, named: bool) {
        match value {
            Value::Array(items) => {
                for item in items {
                    self.walk(item, path, key, false);
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    if !named && is_data(name, member) {
                        continue;
                    }
                    if !named
                        && name == "$ref"
                        && let Value::String(reference) = member
                    {
                        if let Some(there) = self.repoint(reference, path, key) {
                            *reference = there;
                        }
                        continue;
                    }
                    let named = !named && is_map(name, member);
                    self.walk(member, path, key, named);
                }
            }
            _ => {}
        }
    }

    /// Where a reference leads once the file is set in; none if it can stay as it is.
    fn repoint(&mut self, reference: &str, path: &Path, key: Option<&str>) -> Option<String> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let key = if file.is_empty() {
            key?.to_owned()
        } else {
            match self.key(file, path)? {
                Some(key) => key,
                None => return Some(format!("#{fragment}")),
            }
        };
        let at = join(&join("", FIELD), &key).replace('%', "%25");
        Some(format!("#{at}{fragment}"))
    }

    /// The name of the file that a reference in `path` leads to, which is read later.
    fn key(&mut self, file: &str, path: &Path) -> Option<Option<String>> {
        if file.contains("://") {
            return None;
        }
        let file = percent_encoding::percent_decode_str(file)
            .decode_utf8()
            .ok()?;
        let target = normal(&path.parent()?.join(file.as_ref()))?;
        if let Some(key) = self.keys.get(&target) {
            return Some(key.clone());
        }
        let real = target.canonicalize().ok()?;
        let relative = real.strip_prefix(&self.reach).ok()?;
        if !real.is_file() || self.keys.len() >= MAX_FILES {
            return None;
        }
        let key = relative.to_str()?.replace('\\', "/");
        self.keys.insert(target.clone(), Some(key.clone()));
        self.waiting.push((target, key.clone()));
        Some(Some(key))
    }

    fn read(&mut self, path: &Path, key: &str) -> Option<Value> {
        let shown = self.shown.path(key);
        let file = File {
            path: path.to_owned(),
            shown: shown.clone(),
        };
        self.files.insert(key.to_owned(), file);
        let parsed = Source::load(path).and_then(|mut source| source.parse());
        match parsed {
            Ok((value, found)) => {
                let file = Some(shown);
                self.diagnostics
                    .extend(found.into_iter().map(|found| Diagnostic {
                        file: file.clone(),
                        ..found
                    }));
                Some(value)
            }
            Err(error) => {
                let mut found = Diagnostic::warning(
                    "",
                    error.reason(),
                    "correct the file, or what refers to it",
                );
                found.line = Some(error.line().unwrap_or(1));
                found.file = Some(shown);
                self.diagnostics.push(found);
                None
            }
        }
    }
}

/// The files that a value refers to, as it names them.
pub(super) fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(value, false, &mut found);
    found
}

fn collect(value: &Value, named: bool, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, false, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if !named && is_data(name, member) {
                    continue;
                }
                match member {
                    Value::String(reference) if !named && name == "$ref" => {
                        let file = reference.split('#').next().unwrap_or_default();
                        if !file.is_empty() {
                            found.insert(file.to_owned());
                        }
                    }
                    _ => collect(member, !named && is_map(name, member), found),
                }
            }
        }
        _ => {}
    }
}

/// Whether the field `name` holds data, in which nothing is a reference. An example is data, unless
/// it represents a map of them.
pub(super) fn is_data(name: &str, member: &Value) -> bool {
    match name {
        "default" | "enum" | "const" | "value" | "example" => true,
        "examples" => member.is_array(),
        _ => false,
    }
}

/// Whether the field `name` holds a map whose names are as the description likes. A reference in
/// the place of one is none.
pub(super) fn is_map(name: &str, member: &Value) -> bool {
    let names = matches!(
        name,
        "definitions"
            | "schemas"
            | "examples"
            | "parameters"
            | "responses"
            | "requestBodies"
            | "headers"
            | "encoding"
            | "links"
            | "callbacks"
            | "securitySchemes"
            | "pathItems"
            | "mediaTypes"
    );
    let names = names || keyword::of(name).is_some_and(|keyword| keyword.form == Form::Named);
    names && member.get("$ref").is_none_or(Value::is_object)
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            other => normal.push(other),
        }
    }
    Some(normal)
}
