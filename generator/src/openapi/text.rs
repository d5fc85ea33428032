//! From a file to a JSON value.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ReadError, duplicate, locate, other, yaml};
use crate::diagnostic::Diagnostic;

/// The largest file that is read: 64 MiB. Real descriptions stay below 20.
const MAX_BYTES: u64 = 64 << 20;

/// The text of a description and where it came from.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    text: String,
    notation: Notation,
}

/// The notation of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Json,
    Yaml,
}

impl Source {
    pub(super) fn load(path: &Path) -> Result<Self, ReadError> {
        let failed = |reason: String| ReadError::File {
            path: path.to_owned(),
            reason,
        };
        let metadata = fs::metadata(path).map_err(|error| failed(error.to_string()))?;
        if metadata.is_dir() {
            return Err(failed(other::directory(path)));
        }
        if !metadata.is_file() {
            // A pipe may have no writer, and a device may have no end.
            return Err(failed(
                "it is a pipe or a device; save the description in a file".to_owned(),
            ));
        }
        let too_large = || failed(format!("it is larger than {} MiB", MAX_BYTES >> 20));
        if metadata.len() > MAX_BYTES {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default());
        let file = fs::File::open(path).map_err(|error| failed(error.to_string()))?;
        // It may have grown.
        file.take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| failed(error.to_string()))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(too_large());
        }
        if let Some(other) = other::bytes(&bytes) {
            return Err(failed(other.to_owned()));
        }
        let text = String::from_utf8(bytes)
            .map_err(|error| failed(format!("it is no UTF-8 text: {}", error.utf8_error())))?;
        Source::new(path, text)
    }

    pub(super) fn new(path: &Path, text: String) -> Result<Self, ReadError> {
        if text.trim_start_matches('\u{feff}').trim().is_empty() {
            return Err(ReadError::File {
                path: path.to_owned(),
                reason: "it is empty".to_owned(),
            });
        }
        Ok(Source {
            path: path.to_owned(),
            text,
            notation: Notation::Yaml,
        })
    }

    fn text(&self) -> &str {
        self.text.trim_start_matches('\u{feff}')
    }

    /// The value of the text, and what is odd about the text itself.
    pub(super) fn parse(&mut self) -> Result<(Value, Vec<Diagnostic>), ReadError> {
        let is_json = self
            .path
            .extension()
            .is_some_and(|extension| extension == "json");
        if is_json || self.text().trim_start().starts_with(['{', '[']) {
            match serde_json::from_str(self.text()) {
                Ok(value) => {
                    self.notation = Notation::Json;
                    let found = duplicate::json(self.text(), &value);
                    return Ok((value, found));
                }
                // What begins like JSON may still be YAML in flow style, and JSON that is nested
                // deeper than the JSON parser goes is read as such.
                Err(error) if is_json && !error.to_string().starts_with("recursion limit") => {
                    let (line, column) = (error.line(), error.column());
                    let message = error.to_string();
                    let message = message.split(" at line ").next().unwrap_or_default();
                    return Err(self.syntax(line, column, message.to_owned()));
                }
                Err(_) => {}
            }
        }
        yaml::parse(self.text())
            .map_err(|error| self.syntax(error.line, error.column, error.message))
    }

    /// As [`Source::parse`], for a text that should be a description.
    ///
    /// # Errors
    /// As there; names what the text is where it is of another kind.
    pub(super) fn parse_description(&mut self) -> Result<(Value, Vec<Diagnostic>), ReadError> {
        let parsed = self.parse();
        // RAML is YAML below its first line.
        let is_raml = self.text().starts_with("#%RAML");
        if matches!(&parsed, Ok((root, _)) if root.is_object() && !is_raml) {
            return parsed;
        }
        match other::text(&self.path, self.text()) {
            Some(message) => Err(ReadError::Version {
                path: self.path.clone(),
                message,
            }),
            None => parsed,
        }
    }

    fn syntax(&self, line: usize, column: usize, message: String) -> ReadError {
        ReadError::Syntax {
            path: self.path.clone(),
            line,
            column,
            message,
        }
    }

    /// Adds this file, which is called `shown`, and the line in it to the diagnostics at these
    /// places of the list.
    pub(super) fn locate_some(
        &self,
        shown: &str,
        diagnostics: &mut [Diagnostic],
        places: &[usize],
    ) {
        let found = places.iter().filter_map(|&place| diagnostics.get(place));
        let mut located: Vec<Diagnostic> = found.cloned().collect();
        for found in &mut located {
            (found.file, found.line) = (None, None);
        }
        self.locate(&mut located);
        for (&place, mut located) in places.iter().zip(located) {
            located.file = Some(shown.to_owned());
            if let Some(found) = diagnostics.get_mut(place) {
                *found = located;
            }
        }
    }

    /// Adds to each diagnostic the line of its pointer.
    pub(super) fn locate(&self, diagnostics: &mut [Diagnostic]) {
        let is_open = |found: &Diagnostic| found.line.is_none() && found.file.is_none();
        if !diagnostics.iter().any(is_open) {
            return;
        }
        let mut wanted = locate::Wanted::default();
        for diagnostic in diagnostics.iter().filter(|found| is_open(found)) {
            wanted.insert(&diagnostic.pointer);
        }
        match self.notation {
            Notation::Json => locate::json(self.text(), &mut wanted),
            Notation::Yaml => locate::yaml(self.text(), &mut wanted),
        }
        for diagnostic in diagnostics.iter_mut().filter(|found| is_open(found)) {
            diagnostic.line = wanted.line(&diagnostic.pointer);
        }
    }
}
