//! A description as it was written, and ways to look at it.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::Value;

use super::bundle::{self, Bundling, Files};
use super::dialect::Dialect;
use super::edits::{Edits, Origin};
use super::error::ReadError;
use super::fields;
use super::maps;
use super::node::Node;
use super::overlay;
use super::pointer::{fragment, join};
use super::text::Source;
use super::upgrade::upgrade;
use super::version::{self, Version};
use crate::diagnostic::Diagnostic;

/// How many references may lead to one another before something is reached.
const MAX_HOPS: usize = 64;

/// An OpenAPI description.
#[derive(Debug)]
pub struct Document {
    source: Source,
    root: Value,
    version: Version,
    dialect: Dialect,
    overlays: Vec<String>,
    edits: Edits,
    overlay_sources: Vec<Source>,
    files: Files,
    diagnostics: Vec<Diagnostic>,
    names: OnceCell<HashMap<String, String>>,
}

impl Document {
    pub(super) fn new(mut source: Source, overlays: &[PathBuf]) -> Result<Self, ReadError> {
        let (mut root, mut diagnostics) = source.parse_description()?;
        let mut bundling = Bundling::new(&source.path);
        let mut edits = Edits::default();
        let mut overlay_sources = Vec::new();
        if !overlays.is_empty() {
            // Operations in other files are changed, too.
            set_files(&mut bundling, &mut root, &mut edits, &mut diagnostics);
            if let Some(bundling) = &bundling {
                bundle::locate(bundling.files(), &mut diagnostics);
            }
            source.locate(&mut diagnostics);
            overlay_sources = overlay::apply(
                &source.path,
                overlays,
                &mut root,
                &mut edits,
                &mut diagnostics,
            )?;
        }
        let version = version::of(&root).map_err(|message| ReadError::Version {
            path: source.path.clone(),
            message,
        })?;
        set_files(&mut bundling, &mut root, &mut edits, &mut diagnostics);
        let files = bundling.map(Bundling::into_files).unwrap_or_default();
        if version == Version::V2_0 {
            upgrade(&mut root, &mut diagnostics).map_err(|reason| ReadError::File {
                path: source.path.clone(),
                reason,
            })?;
        } else {
            diagnostics.extend(fields::check(&root, version));
        }
        Ok(Document {
            source,
            root,
            version,
            dialect: Dialect::of(version),
            overlays: overlays
                .iter()
                .map(|path| path.display().to_string())
                .collect(),
            edits,
            overlay_sources,
            files,
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

    /// What it says it follows: for reading alone.
    pub(super) fn version(&self) -> Version {
        self.version
    }

    pub(crate) fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The named schemas.
    pub(crate) fn schemas(&self) -> Vec<(&str, Node<'_>)> {
        let at = self.dialect.schemas;
        let value = self.root.pointer(at);
        let node = value.map(|value| Node {
            value,
            at: at.to_owned(),
        });
        node.map(|node| node.entries()).unwrap_or_default()
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

    /// Adds to each diagnostic the file and the line of its pointer.
    pub(crate) fn locate(&self, diagnostics: &mut [Diagnostic]) {
        if self.edits.is_empty() {
            bundle::locate(&self.files, diagnostics);
            return self.source.locate(diagnostics);
        }
        let mut originals = diagnostics.to_vec();
        let mut in_overlays: Vec<Vec<usize>> = vec![Vec::new(); self.overlay_sources.len()];
        for (place, found) in originals.iter_mut().enumerate() {
            if found.is_located() {
                continue;
            }
            match self.edits.origin(&found.pointer) {
                Origin::Description(pointer) => found.pointer = pointer,
                Origin::Overlay(index, pointer) => {
                    found.pointer = pointer;
                    if let Some(overlay) = in_overlays.get_mut(index) {
                        overlay.push(place);
                    }
                }
            }
        }
        for (overlay, places) in self.overlay_sources.iter().zip(&in_overlays) {
            let shown = overlay.path.display().to_string();
            overlay.locate_some(&shown, &mut originals, places);
        }
        bundle::locate(&self.files, &mut originals);
        self.source.locate(&mut originals);
        for (found, original) in diagnostics.iter_mut().zip(originals) {
            if original.file.is_some() {
                *found = original;
            } else {
                // The pointer stays the one into the description as the overlays leave it.
                found.line = original.line;
            }
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

    /// What a reference that is at the pointer `at` leads to.
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
                let reference = bundle::as_written(&self.files, reference);
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

/// Sets other files into the description, and maps and lists in the place of references to them.
fn set_files(
    bundling: &mut Option<Bundling>,
    root: &mut Value,
    edits: &mut Edits,
    diagnostics: &mut Vec<Diagnostic>,
) {
    if let Some(bundling) = bundling {
        bundling.bundle(root, diagnostics);
    }
    maps::follow(root, edits, diagnostics);
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
