//! What all passes share while a description is lowered.

use std::collections::{HashMap, HashSet};

use super::annotation::EXTENSION;
use super::definition::Definitions;
use super::pattern::Patterns;
use crate::diagnostic::Diagnostic;
use crate::openapi::{Document, Node};

pub(super) struct Context<'d> {
    pub(super) document: &'d Document,
    pub(super) definitions: Definitions<'d>,
    pub(super) patterns: Patterns,
    /// How large the definition of a tool may be, in bytes of compact JSON.
    pub(super) max_definition_bytes: usize,
    /// The declared tags that have our extension, by name, with their places in the list.
    pub(super) extended_tags: HashMap<&'d str, Vec<(usize, Node<'d>)>>,
    /// Where the first callback stands.
    pub(super) first_callback: Option<String>,
    diagnostics: Vec<Diagnostic>,
    told: HashSet<(String, String)>,
}

impl<'d> Context<'d> {
    pub(super) fn new(
        document: &'d Document,
        diagnostics: Vec<Diagnostic>,
        max_definition_bytes: usize,
    ) -> Self {
        Context {
            document,
            definitions: Definitions::new(document),
            patterns: Patterns::default(),
            max_definition_bytes,
            extended_tags: extended_tags(document),
            first_callback: None,
            diagnostics,
            told: HashSet::new(),
        }
    }

    /// Takes note of a finding; what many operations share is told once.
    pub(super) fn report(&mut self, found: Diagnostic) {
        let key = (found.pointer.clone(), found.message.clone());
        if self.told.insert(key) {
            self.diagnostics.push(found);
        }
    }

    pub(super) fn warn(
        &mut self,
        at: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Diagnostic::warning(at, message, help));
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

fn extended_tags(document: &Document) -> HashMap<&str, Vec<(usize, Node<'_>)>> {
    let mut tags: HashMap<&str, Vec<(usize, Node)>> = HashMap::new();
    for (place, tag) in document.root().items("tags").into_iter().enumerate() {
        if let Some(name) = tag.text("name").filter(|_| tag.get(EXTENSION).is_some()) {
            tags.entry(name).or_default().push((place, tag));
        }
    }
    tags
}
