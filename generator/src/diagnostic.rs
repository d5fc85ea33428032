//! What the generator has to say about a description: what is wrong, where, and what would be right.

use std::fmt;

use serde::Serialize;

/// One finding about a description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where: a JSON pointer (RFC 6901) into the description, or into `file`. Empty for the
    /// document as a whole.
    pub pointer: String,
    /// The file that `pointer` leads into, where it is not the description itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line of the file `pointer` leads to, from 1, where known.
    pub line: Option<usize>,
    /// What was found.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// True where it is about a choice of the user (an overlay, `--only`, `x-mcp`) that applies to
    /// nothing.
    #[serde(skip)]
    pub is_unmatched: bool,
}

/// How much a finding costs the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is lost.
    Note,
    /// Something was changed, loosened or dropped on the way; the tools still work.
    Warning,
    /// An operation was left out.
    Error,
}

impl Diagnostic {
    /// A [`Severity::Note`] at `pointer`.
    pub fn note(
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Note, pointer, message, help)
    }

    /// A [`Severity::Warning`] at `pointer`.
    pub fn warning(
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, pointer, message, help)
    }

    /// A [`Severity::Error`] at `pointer`.
    pub fn error(
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Error, pointer, message, help)
    }

    /// The same finding, about a choice of the user that applies to nothing.
    pub(crate) fn unmatched(self) -> Self {
        Diagnostic {
            is_unmatched: true,
            ..self
        }
    }

    /// Returns true where the finding has its file or its line already.
    pub(crate) fn is_located(&self) -> bool {
        self.file.is_some() || self.line.is_some()
    }

    fn new(
        severity: Severity,
        pointer: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Diagnostic {
            severity,
            pointer: pointer.into(),
            file: None,
            line: None,
            message: message.into(),
            help: help.into(),
            is_unmatched: false,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}
