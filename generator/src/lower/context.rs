//! What all passes share while a description is lowered.

use std::collections::HashSet;

use super::schema::{Definitions, Patterns};
use super::settings::{Outputs, Settings};
use crate::diagnostic::Diagnostic;
use crate::openapi::Document;

pub(crate) struct Context<'d> {
    pub(crate) document: &'d Document,
    pub(crate) definitions: Definitions<'d>,
    pub(crate) patterns: Patterns,
    /// How large the definition of a tool may be, in bytes of compact JSON.
    pub(crate) max_definition_bytes: usize,
    /// How many tokens the definitions of all tools may take before they are shortened.
    pub(crate) budget: usize,
    pub(crate) outputs: Outputs,
    /// Where the first callback is.
    pub(crate) first_callback: Option<String>,
    /// Where bodies are that are left out because the description says nothing of them.
    pub(crate) bodies_of_nothing: Vec<String>,
    diagnostics: Vec<Diagnostic>,
    reported: HashSet<(String, String)>,
}

impl<'d> Context<'d> {
    pub(crate) fn new(
        document: &'d Document,
        diagnostics: Vec<Diagnostic>,
        settings: &Settings,
    ) -> Self {
        Context {
            document,
            definitions: Definitions::new(document),
            patterns: Patterns::default(),
            max_definition_bytes: settings.max_definition_bytes,
            budget: settings.budget,
            outputs: settings.outputs,
            first_callback: None,
            bodies_of_nothing: Vec::new(),
            diagnostics,
            reported: HashSet::new(),
        }
    }

    /// Takes note of a finding; what many operations share is reported once.
    pub(crate) fn report(&mut self, found: Diagnostic) {
        let key = (found.pointer.clone(), found.message.clone());
        if self.reported.insert(key) {
            self.diagnostics.push(found);
        }
    }

    pub(crate) fn warn(
        &mut self,
        at: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.report(Diagnostic::warning(at, message, help));
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}
