//! Links between documents.

use std::path::{Component, Path, PathBuf};

use tests::harness::requirement::repository;

use crate::markdown::{self, Document};

/// What is wrong with a link, if anything is.
fn wrong(document: &Document, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let directory = document.path.parent().unwrap_or(Path::new(""));
    let path = match file {
        "" => document.path.clone(),
        file => flat(&directory.join(file)),
    };
    if !repository().join(&path).exists() {
        return Some("there is no such file".to_owned());
    }
    if document.path.starts_with("docs") && !path.starts_with("docs") {
        return Some("the file is not part of the book".to_owned());
    }
    if fragment.is_empty() {
        return None;
    }
    let anchors = Document::read(&path).anchors;
    let is_known = anchors.iter().any(|anchor| anchor == fragment);
    (!is_known).then(|| format!("no heading of {} has this anchor", path.display()))
}

/// A path without `..`.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                flat.pop();
            }
            part => flat.push(part),
        }
    }
    flat
}

#[test]
fn links_between_documents_lead_to_files_and_headings() {
    let mut found = Vec::new();
    for document in markdown::all() {
        for (line, target) in &document.links {
            if let Some(wrong) = wrong(&document, target) {
                found.push(format!("{}: {target}: {wrong}", document.at(*line)));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn link_to_a_missing_file_or_heading_is_reported() {
    let document = Document::read("docs/introduction.md");
    for target in [
        "missing.md",
        "errors.md#missing",
        "#missing",
        "../README.md",
    ] {
        assert!(wrong(&document, target).is_some(), "{target}");
    }
    assert_eq!(wrong(&document, "errors.md#kinds"), None);
}

/// Directories at the root of the repository that documents name files in.
const ROOTS: &[&str] = &[
    ".ci/",
    "docs/",
    "generator/",
    "runtime/",
    "specs/",
    "tests/",
];

#[test]
fn files_named_in_documents_exist() {
    let (mut found, mut count) = (Vec::new(), 0);
    for document in markdown::all() {
        for (line, span) in &document.spans {
            let path = span.split("::").next().unwrap_or_default();
            let is_path = !path.contains([' ', '<', '*', '{']);
            if is_path && ROOTS.iter().any(|root| path.starts_with(root)) {
                count += 1;
                if !repository().join(path).exists() {
                    found.push(format!("{}: {span}", document.at(*line)));
                }
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(count > 100, "{count} paths");
}
