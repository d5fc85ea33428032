//! What the README and the book have.

use std::collections::BTreeSet;
use std::path::Path;

use runtime::config::Config;

use crate::markdown::{self, Document};

/// The most lines of the README.
const README_LINES: usize = 150;
/// The languages that blocks of code may have.
const LANGUAGES: &[&str] = &["json", "rust", "sh", "text", "toml", "yaml"];

/// The files that a document links to.
fn targets(document: &Document) -> BTreeSet<&str> {
    let links = document.links.iter().map(|(_, target)| target.as_str());
    links.collect()
}

#[test]
fn readme_has_at_most_150_lines() {
    let lines = Document::read("README.md").text.lines().count();
    assert!(lines <= README_LINES, "{lines} lines");
}

#[test]
fn readme_and_summary_lead_to_every_chapter() {
    let (readme, summary) = (
        Document::read("README.md"),
        Document::read("docs/SUMMARY.md"),
    );
    for chapter in markdown::book() {
        let name = chapter.path.file_name().unwrap().to_str().unwrap();
        if name == "SUMMARY.md" {
            continue;
        }
        assert!(targets(&summary).contains(name), "SUMMARY.md lacks {name}");
        let path = chapter.path.to_str().unwrap();
        assert!(targets(&readme).contains(path), "README.md lacks {path}");
    }
}

#[test]
fn blocks_of_code_name_their_language() {
    for document in markdown::all() {
        for block in &document.blocks {
            let language = block.language.as_str();
            let place = document.at(block.line);
            assert!(LANGUAGES.contains(&language), "{place}: `{language}`");
        }
    }
}

#[test]
fn settings_in_the_book_are_read() {
    let mut count = 0;
    for document in markdown::book() {
        for block in document.blocks.iter().filter(|it| it.language == "toml") {
            let place = document.at(block.line);
            let read = Config::parse(&block.text, Path::new("connector.toml"));
            assert!(read.is_ok(), "{place}: {}", read.unwrap_err());
            count += 1;
        }
    }
    assert!(count > 5, "{count} blocks");
}
