use std::collections::BTreeMap;
use std::fs;

use generator::lower::{Lowered, lower};
use generator::openapi::read;
use tests::harness::requirement;

#[test]
fn small_traps_are_read_or_refused_with_a_reason() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut waiting = vec![corpus.join("micro")];
    let mut outcomes = BTreeMap::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let outcome = match read(&path) {
            Err(error) => error.to_string(),
            Ok(document) => {
                let Lowered { api, diagnostics } = lower(document);
                for found in &diagnostics {
                    assert!(
                        !found.message.is_empty() && !found.help.is_empty(),
                        "{found:?}"
                    );
                }
                let tools = api.operations.len();
                format!("{tools} tools, {} diagnostics", diagnostics.len())
            }
        };
        assert!(!outcome.is_empty());
        outcomes.insert(path, outcome);
    }
    assert!(!outcomes.is_empty());
    for (path, outcome) in outcomes {
        let path = path.strip_prefix(&corpus).unwrap().display();
        println!("{path}: {outcome}");
    }
}
