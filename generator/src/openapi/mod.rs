//! Reading: from a file to a [`Document`], whatever dialect of OpenAPI it is written in.
//!
//! The text becomes a JSON value (`text`, `yaml`), schemas are set aside from it and references
//! between its other parts resolved (`hollow`), and what is left becomes typed, operation by
//! operation (`document`), so that one bad operation costs no other.

mod document;
mod hollow;
mod locate;
mod normalize;
mod reference;
mod schemas;
mod text;
mod yaml;

use std::path::{Path, PathBuf};

pub use document::{Document, PathOperation};
pub(crate) use reference::join;
pub use schemas::Schemas;

/// Reads a description.
///
/// # Errors
/// Where there is no OpenAPI description to be had from the file. What is wrong *within* a
/// description is no error but a diagnostic of the document.
pub fn read(path: &Path) -> Result<Document, ReadError> {
    let mut source = text::Source::load(path)?;
    let (value, diagnostics) = source.parse()?;
    document::build(source, value, diagnostics)
}

/// The rules that the schemas of a document follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The Schema Object of OpenAPI 3.0.
    OpenApi30,
    /// JSON Schema 2020-12, as of OpenAPI 3.1.
    JsonSchema202012,
}

/// Why a file gives no description.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says, or what the file is instead.
        reason: String,
    },
    /// The text is neither JSON nor YAML.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser met.
        message: String,
    },
    /// The text is no OpenAPI description, or of a version that is not read.
    #[error("{}: {message}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// What it is instead, and what would be right.
        message: String,
    },
}
