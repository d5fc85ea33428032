//! `tests/CONFORMANCE.md` names tests that exist.

use std::fs;

use tests::harness::requirement::repository;

#[test]
fn every_requirement_leads_to_a_test_that_exists() {
    let root = repository();
    let table = fs::read_to_string(root.join("tests/CONFORMANCE.md")).unwrap();
    let named: Vec<(&str, &str)> = table
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| code.split_once("::"))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named
        .iter()
        .filter(|(file, test)| {
            let source = fs::read_to_string(root.join(file)).unwrap_or_default();
            !source.contains(&format!("fn {test}("))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
