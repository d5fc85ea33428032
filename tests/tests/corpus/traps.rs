use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use generator::diagnostic::Diagnostic;
use generator::lower::{Lowered, lower};
use generator::openapi::{ReadError, read};
use serde_json::Value;
use tests::harness::requirement;

use crate::descriptions::parsed;

/// Groups whose files are made to be wrong.
const WRONG: [&str; 2] = ["mermade-fail", "oai-fail32"];

/// What became of a file.
enum Outcome {
    Tools(usize, Vec<Diagnostic>),
    Refused(ReadError),
}

impl Outcome {
    fn of(path: &Path) -> Outcome {
        match read(path) {
            Err(error) => Outcome::Refused(error),
            Ok(document) => {
                let Lowered { api, diagnostics } = lower(document);
                Outcome::Tools(api.operations.len(), diagnostics)
            }
        }
    }

    fn print(&self, name: &str, expected: Option<u64>) {
        let expected = expected.map_or_else(|| "no".to_owned(), |count| count.to_string());
        match self {
            Outcome::Refused(error) => {
                println!("{name}: {expected} operations, refused\n    {error}");
            }
            Outcome::Tools(tools, diagnostics) => {
                println!("{name}: {expected} operations, {tools} tools");
                for found in diagnostics {
                    let line = found
                        .line
                        .map_or_else(String::new, |line| format!(":{line}"));
                    let at: String = found.pointer.chars().take(100).collect();
                    let message: String = found.message.chars().take(150).collect();
                    println!("    {}{line} {at} {message}", found.severity);
                }
            }
        }
    }
}

/// The small files, and what the index of the corpus says of each.
fn files(corpus: &Path) -> BTreeMap<String, (PathBuf, Value)> {
    let index = parsed(&corpus.join("micro/index.dev.json"));
    let entries = index.as_array().unwrap().iter();
    entries
        .map(|entry| {
            let file = entry["file"].as_str().unwrap();
            let path = corpus.join("micro").join(file);
            (file.to_owned(), (path, entry.clone()))
        })
        .collect()
}

/// With `--nocapture` the outcomes are printed as a table.
#[test]
fn small_traps_are_read_or_refused_with_a_reason() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut wrong = Vec::new();
    for (name, (path, entry)) in files(&corpus) {
        // What the index could not read, or what is no description by itself, has no version.
        let is_description = entry["version"].as_str().is_some_and(|it| it != "None");
        let expected = entry["operations"].as_u64().filter(|_| is_description);
        let outcome = Outcome::of(&path);
        outcome.print(&name, expected);
        match &outcome {
            Outcome::Refused(error) => {
                if expected.is_some_and(|operations| operations > 0) || error.to_string().is_empty()
                {
                    wrong.push(format!("{name} is refused: {error}"));
                }
            }
            Outcome::Tools(tools, diagnostics) => {
                for found in diagnostics {
                    if found.message.is_empty() || found.help.is_empty() {
                        wrong.push(format!("{name}: {found:?}"));
                    }
                }
                if let Some(expected) = expected {
                    let left_out = diagnostics
                        .iter()
                        .any(|found| found.severity.to_string() == "error");
                    if *tools as u64 != expected && !left_out {
                        wrong.push(format!("{name}: {tools} tools of {expected} operations"));
                    }
                }
                let is_placed =
                    |found: &Diagnostic| !found.pointer.is_empty() && found.line.is_some();
                let group = entry["group"].as_str().unwrap();
                if WRONG.contains(&group) && !diagnostics.iter().any(is_placed) {
                    wrong.push(format!("{name} is wrong, and nothing says where"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever lies about beside descriptions is read or refused too.
#[test]
fn every_file_among_the_traps_has_an_outcome() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut waiting = vec![corpus.join("micro")];
    let mut files = 0;
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(path).unwrap();
            waiting.extend(entries.map(|entry| entry.unwrap().path()));
            continue;
        }
        if let Outcome::Refused(error) = Outcome::of(&path) {
            assert!(!error.to_string().is_empty(), "{}", path.display());
        }
        files += 1;
    }
    assert!(files > 0);
}
