//! The documents that name tests name tests that exist.

use std::fs;

use tests::harness::requirement::repository;

/// The tests that a document names as `file::test`, with the file's path from the repository's
/// root.
fn named(document: &str) -> Vec<(String, String)> {
    let text = fs::read_to_string(repository().join(document)).unwrap();
    let spans = text.split('`').skip(1).step_by(2);
    spans
        .filter_map(|code| code.split_once("::"))
        .map(|(file, test)| (file.to_owned(), test.to_owned()))
        .collect()
}

fn missing(document: &str) -> Vec<(String, String)> {
    let root = repository();
    let mut named = named(document);
    named.retain(|(file, test)| {
        let source = fs::read_to_string(root.join(file)).unwrap_or_default();
        !source.contains(&format!("fn {test}("))
    });
    named
}

#[test]
fn every_requirement_leads_to_a_test_that_exists() {
    assert!(named("tests/CONFORMANCE.md").len() > 20);
    assert_eq!(missing("tests/CONFORMANCE.md"), []);
}

#[test]
fn every_attack_leads_to_a_test_that_exists() {
    assert!(!named("SECURITY.md").is_empty());
    assert_eq!(missing("SECURITY.md"), []);
}
