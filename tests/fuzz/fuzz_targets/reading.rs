//! From bytes to a document: a description and an overlay, separated by a line `%%%%`, each JSON or
//! YAML. Whatever they are, they are read or refused, and what JSON and YAML both read is the same.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use fuzz::chance;
use generator::openapi::{self, ReadError};
use generator::{lower, report};
use libfuzzer_sys::fuzz_target;

/// Separates the overlay from the description.
const SEPARATOR: &[u8] = b"\n%%%%\n";

/// A directory of this process, with nothing else in it. Its name has no chance in it, so that the
/// same seed produces the same run.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let name = |number| std::env::temp_dir().join(format!("drawbridge-fuzz-{number:04}"));
    let own = (0..10_000)
        .map(name)
        .find(|path| fs::create_dir(path).is_ok());
    let directory = own.expect("a new directory").join("only");
    fs::create_dir(&directory).expect("a directory");
    directory
});

fuzz_target!(init: chance::fix(), |data: &[u8]| {
    let at = data
        .windows(SEPARATOR.len())
        .position(|window| window == SEPARATOR);
    let (description, overlay) = match at {
        Some(at) => (&data[..at], Some(&data[at + SEPARATOR.len()..])),
        None => (data, None),
    };
    read(description, overlay);
    if let Ok(text) = std::str::from_utf8(description) {
        agree(text);
    }
});

fn read(description: &[u8], overlay: Option<&[u8]>) {
    let entry = DIRECTORY.join("api.yaml");
    let beside = DIRECTORY.join("changes.yaml");
    fs::write(&entry, description).expect("a file");
    let mut overlays = Vec::new();
    if let Some(overlay) = overlay {
        fs::write(&beside, overlay).expect("a file");
        overlays.push(beside);
    }
    match openapi::read_with(&entry, &overlays) {
        Ok(document) => {
            let lowered = lower::lower(document);
            report::diagnostics(&entry, &lowered.diagnostics, true);
        }
        Err(error) => refused(&error),
    }
}

/// A refusal is reported in one line, and says where in the text it is.
fn refused(error: &ReadError) {
    let text = report::error(error);
    assert!(!text.contains(|c: char| c.is_control()), "{text:?}");
    if let ReadError::Syntax { line, column, .. } = error {
        assert!(*line > 0 && *column > 0, "{text}");
    }
}

/// JSON is YAML: where both read a text, they read the same.
fn agree(text: &str) {
    let json = openapi::parse(Path::new("/nowhere/api.json"), text.to_owned());
    let Ok(json) = json else { return };
    // A comment makes YAML of it.
    let yaml = openapi::parse(Path::new("/nowhere/api.yaml"), format!("# YAML\n{text}"));
    if let Ok(yaml) = yaml {
        assert_eq!(json.value(), yaml.value());
    }
}
