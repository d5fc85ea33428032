//! Reading: from a file to a [`Document`], whatever dialect of OpenAPI it is written in.
//!
//! The text becomes one JSON value (`text`, `yaml`), which stays as it is: no part of it is typed,
//! copied or checked before somebody asks for it, so a bad node costs nothing but itself. Parts
//! are looked at through a `Node`, a value that knows its JSON pointer. Other files are set into it
//! (`bundle`), overlays change it (`overlay`), and Swagger 2.0 is brought into the shape of
//! OpenAPI 3.0 (`upgrade`). `edits` leads from the result back to the files.

mod bundle;
mod dialect;
mod discriminators;
mod document;
mod duplicate;
mod edits;
mod error;
mod fields;
pub(crate) mod keyword;
mod locate;
mod maps;
mod node;
mod objects;
mod other;
mod overlay;
mod pointer;
mod rules;
mod schemes;
mod simple_schema;
mod size;
mod spelling;
pub mod strict;
mod text;
mod upgrade;
mod version;
mod yaml;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub(crate) use dialect::PartEncoding;
pub use document::Document;
pub use error::ReadError;
pub(crate) use node::Node;
pub(crate) use pointer::join;
pub(crate) use upgrade::ITEM_STYLES;

/// Reads a description, and applies the overlay `NAME.overlay.yaml` (`.yml`, `.json`) beside it.
///
/// # Errors
/// Where there is no OpenAPI description to be had from the file. What is wrong *within* a
/// description is no error but a diagnostic.
pub fn read(path: &Path) -> Result<Document, ReadError> {
    read_with(path, &[])
}

/// Reads a description, and applies the overlay beside it, then `overlays` in their order. A file
/// that is named twice is applied once.
///
/// # Errors
/// As [`read`], and where an overlay cannot be applied.
pub fn read_with(path: &Path, overlays: &[PathBuf]) -> Result<Document, ReadError> {
    Document::new(text::Source::load(path)?, &overlay::files(path, overlays))
}

/// The places where an overlay is looked for beside a description.
pub(crate) fn overlays_beside(path: &Path) -> impl Iterator<Item = PathBuf> {
    overlay::beside(path)
}

/// The files that the text of a description, or of a file of one, refers to, as it names them; none
/// where the text cannot be parsed. `path` is what it is called.
pub(crate) fn references(path: &Path, text: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8(text.to_vec()).ok();
    let source = text.and_then(|text| text::Source::new(path, text).ok());
    match source.map(|mut source| source.parse()) {
        Some(Ok((value, _))) => bundle::references(&value),
        _ => BTreeSet::new(),
    }
}

/// Reads a description from its text, without overlays; `path` is what it is called.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, text: String) -> Result<Document, ReadError> {
    Document::new(text::Source::new(path, text)?, &[])
}
