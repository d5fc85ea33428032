//! A description as it was written, and ways to look at it.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

use super::ReadError;
use super::bundle::bundle;
use super::fields;
use super::overlay::{self, Removed};
use super::pointer::{fragment, join};
use super::properties;
use super::text::Source;
use super::upgrade::upgrade;
use crate::diagnostic::Diagnostic;

/// How many references may lead to one another before something is reached.
const MAX_HOPS: usize = 64;

/// An OpenAPI description.
#[derive(Debug)]
pub struct Document {
    source: Source,
    root: Value,
    version: Version,
    overlays: Vec<String>,
    removed: Vec<Removed>,
    diagnostics: Vec<Diagnostic>,
    names: OnceCell<HashMap<String, String>>,
}

/// What version of the OpenAPI Specification a description follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// Swagger 2.0: as 3.0, once it is brought into its shape.
    V2_0,
    /// 3.0: schemas of its own dialect.
    V3_0,
    /// 3.1: schemas of JSON Schema 2020-12.
    V3_1,
    /// 3.2: as 3.1, with more methods and a parameter for the whole query string.
    V3_2,
}

/// A value of a description, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node<'d> {
    pub(crate) value: &'d Value,
    /// Its JSON pointer.
    pub(crate) at: String,
}

impl Document {
    pub(super) fn new(mut source: Source, overlays: &[PathBuf]) -> Result<Self, ReadError> {
        let (mut root, mut diagnostics) = source.parse()?;
        let removed = overlay::apply(&source.path, overlays, &mut root, &mut diagnostics)?;
        let version = version(&root).map_err(|message| ReadError::Version {
            path: source.path.clone(),
            message,
        })?;
        bundle(&source.path, &mut root, &mut diagnostics);
        properties::follow(&mut root, &mut diagnostics);
        if version == Version::V2_0 {
            upgrade(&mut root, &mut diagnostics);
        } else {
            diagnostics.extend(fields::check(&root, version));
        }
        Ok(Document {
            source,
            root,
            version,
            overlays: overlays
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            removed,
            diagnostics,
            names: OnceCell::new(),
        })
    }

    /// The description as one JSON value, with all that reading did to it.
    pub fn value(&self) -> &Value {
        &self.root
    }

    /// The files of the overlays that were applied, in order.
    pub fn overlays(&self) -> &[String] {
        &self.overlays
    }

    pub(crate) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn root(&self) -> Node<'_> {
        Node {
            value: &self.root,
            at: String::new(),
        }
    }

    /// What reading the text found.
    pub(crate) fn take_diagnostics(&mut self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.diagnostics)
    }

    /// Tells each diagnostic the line its pointer leads to.
    pub(crate) fn locate(&self, diagnostics: &mut [Diagnostic]) {
        if self.removed.is_empty() {
            return self.source.locate(diagnostics);
        }
        let original = |found: &Diagnostic| Diagnostic {
            pointer: overlay::original(&self.removed, &found.pointer),
            ..found.clone()
        };
        let mut originals: Vec<Diagnostic> = diagnostics.iter().map(original).collect();
        self.source.locate(&mut originals);
        for (found, original) in diagnostics.iter_mut().zip(originals) {
            found.line = original.line;
        }
    }

    /// Follows `$ref` for as long as there is one (Reference Object).
    ///
    /// # Errors
    /// Where it leads nowhere, in a circle, or out of the document.
    pub(crate) fn resolve<'d>(&'d self, node: Node<'d>) -> Result<Node<'d>, Diagnostic> {
        let start = node.at.clone();
        let mut node = node;
        for _ in 0..MAX_HOPS {
            let Some(reference) = node.value.get("$ref").and_then(Value::as_str) else {
                return Ok(node);
            };
            node = self.target(reference, &node.at)?;
        }
        Err(Diagnostic::warning(
            start,
            "the references lead in a circle",
            "let one of them lead to a definition",
        ))
    }

    /// What a reference that stands at the pointer `at` leads to.
    ///
    /// # Errors
    /// Where that is nothing, or in another document.
    pub(crate) fn target<'d>(&'d self, reference: &str, at: &str) -> Result<Node<'d>, Diagnostic> {
        let found = match reference.split_once('#') {
            Some(("", _)) => self.within(reference, at),
            _ => self.named(reference),
        };
        found.ok_or_else(|| {
            if reference.starts_with('#') {
                Diagnostic::warning(
                    at,
                    format!("`{reference}` leads to nothing"),
                    "define what it names, or correct the reference",
                )
            } else {
                Diagnostic::warning(
                    at,
                    format!("`{reference}` leads to no file near this one"),
                    "keep the file beside the description; what is on other hosts is not fetched",
                )
            }
        })
    }

    /// A reference within the document: a pointer from its root, or from the nearest schema with
    /// an `$id` (JSON Schema 2020-12 §8.2.1), or the name of an anchor.
    fn within(&self, reference: &str, at: &str) -> Option<Node<'_>> {
        let fragment = fragment(reference)?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.named(&format!("#{fragment}"));
        }
        let mut base = at;
        while let Some(end) = base.rfind('/') {
            base = base.get(..end)?;
            let schema = self.root.pointer(base)?;
            if !base.is_empty()
                && schema.get("$id").is_some_and(Value::is_string)
                && let Some(value) = schema.pointer(&fragment)
            {
                let at = format!("{base}{fragment}");
                return Some(Node { value, at });
            }
        }
        let value = self.root.pointer(&fragment)?;
        let at = fragment;
        Some(Node { value, at })
    }

    /// A schema by its `$id`, `$anchor` or both.
    fn named(&self, reference: &str) -> Option<Node<'_>> {
        let names = self.names.get_or_init(|| {
            let mut names = HashMap::new();
            collect_names(&self.root, "", "", &mut names);
            names
        });
        let (id, rest) = reference.split_once('#').unwrap_or((reference, ""));
        let at = match names.get(reference) {
            Some(at) => at.clone(),
            None => format!("{}{}", names.get(id)?, fragment(&format!("#{rest}"))?),
        };
        let value = self.root.pointer(&at)?;
        Some(Node { value, at })
    }
}

fn collect_names(value: &Value, at: &str, id: &str, names: &mut HashMap<String, String>) {
    match value {
        Value::Object(members) => {
            let text = |field: &str| members.get(field).and_then(Value::as_str);
            let own = text("$id").or_else(|| text("$self").filter(|_| at.is_empty()));
            let id = own.unwrap_or(id);
            if let Some(own) = own {
                names
                    .entry(own.trim_end_matches('#').to_owned())
                    .or_insert_with(|| at.to_owned());
            }
            for anchor in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
                for name in [format!("{id}#{anchor}"), format!("#{anchor}")] {
                    names.entry(name).or_insert_with(|| at.to_owned());
                }
            }
            for (name, member) in members {
                collect_names(member, &join(at, name), id, names);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_names(item, &join(at, &index.to_string()), id, names);
            }
        }
        _ => {}
    }
}

/// What version a text claims to follow, or what it is instead.
fn version(root: &Value) -> Result<Version, String> {
    let Some(root) = root.as_object() else {
        return Err(format!(
            "no OpenAPI description: {} where an object with the field `openapi` is expected",
            kind(root)
        ));
    };
    let text = |field: &str| {
        root.get(field).map(|value| match value {
            Value::String(text) => text.trim().to_owned(),
            other => other.to_string(),
        })
    };
    if let Some(version) = text("openapi") {
        let is = |minor: &str| {
            let rest = version.strip_prefix(minor);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-']))
        };
        return match () {
            () if is("3.0") => Ok(Version::V3_0),
            () if is("3.1") => Ok(Version::V3_1),
            () if is("3.2") => Ok(Version::V3_2),
            () => Err(format!(
                "OpenAPI {version} is not read; 3.0, 3.1 and 3.2 are"
            )),
        };
    }
    if let Some(version) = text("swagger") {
        return match version.as_str() {
            "2.0" | "2" => Ok(Version::V2_0),
            _ => Err(format!(
                "Swagger {version} is not read; 2.0 and OpenAPI 3.0 to 3.2 are"
            )),
        };
    }
    let other = [
        ("overlay", "an OpenAPI Overlay"),
        ("arazzo", "an Arazzo description"),
        ("asyncapi", "an AsyncAPI description"),
        ("$schema", "a JSON Schema"),
        ("swaggerVersion", "a Swagger 1 description"),
        ("jsonrpc", "a JSON-RPC message"),
        ("item", "a Postman collection"),
    ];
    let is = other.iter().find(|(field, _)| root.contains_key(*field));
    Err(match is {
        Some((_, is)) => format!("{is}, not an OpenAPI description"),
        None => {
            "no OpenAPI description: the field `openapi` with the version is missing".to_owned()
        }
    })
}

/// A value's type in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl<'d> Node<'d> {
    /// The field of this name, if it is there and not null.
    pub(crate) fn get(&self, field: &str) -> Option<Node<'d>> {
        let value = self.value.as_object()?.get(field)?;
        let at = join(&self.at, field);
        (!value.is_null()).then_some(Node { value, at })
    }

    /// The text of a field.
    pub(crate) fn text(&self, field: &str) -> Option<&'d str> {
        self.value.as_object()?.get(field)?.as_str()
    }

    /// The boolean of a field.
    pub(crate) fn flag(&self, field: &str) -> Option<bool> {
        self.value.as_object()?.get(field)?.as_bool()
    }

    pub(crate) fn object(&self) -> Option<&'d Map<String, Value>> {
        self.value.as_object()
    }

    /// The members of the object in this field; none if it is something else.
    pub(crate) fn members(&self, field: &str) -> Vec<(&'d str, Node<'d>)> {
        self.get(field)
            .map(|node| node.entries())
            .unwrap_or_default()
    }

    /// The members of this object.
    pub(crate) fn entries(&self) -> Vec<(&'d str, Node<'d>)> {
        let members = self.value.as_object().into_iter().flatten();
        members
            .map(|(name, value)| {
                let at = join(&self.at, name);
                (name.as_str(), Node { value, at })
            })
            .collect()
    }

    /// The items of the list in this field; none if it is something else.
    pub(crate) fn items(&self, field: &str) -> Vec<Node<'d>> {
        let Some(list) = self.get(field) else {
            return Vec::new();
        };
        let items = list.value.as_array().into_iter().flatten().enumerate();
        items
            .map(|(index, value)| Node {
                value,
                at: join(&list.at, &index.to_string()),
            })
            .collect()
    }
}
