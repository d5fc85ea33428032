//! The steps of `docs/large-api.md`, on the description of the corpus.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use generator::diagnostic::Severity;
use generator::lower::Settings;
use generator::{Options, Outcome, generate, inspect};
use tests::harness::requirement::{self, repository};

/// The overlay that the chapter shows.
fn overlay() -> String {
    let chapter = fs::read_to_string(repository().join("docs/large-api.md")).unwrap();
    let (_, block) = chapter
        .split_once("```yaml file=api.github.com.overlay.yaml\n")
        .unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

#[test]
fn large_description_becomes_twenty_renamed_tools_that_read() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large_api");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).unwrap();
    let spec = directory.join("api.github.com.json");
    fs::copy(corpus.join("corpus/github-rest/api.github.com.json"), &spec).unwrap();
    let settings = Settings::default();
    let whole = inspect(&spec, &[], &settings).unwrap();
    assert!(whole.tools.len() >= 600, "{}", whole.tools.len());
    let mut findings = whole.diagnostics.iter();
    assert!(findings.any(|found| found.message.contains("too large for models")));

    fs::write(directory.join("api.github.com.overlay.yaml"), overlay()).unwrap();
    let curated = inspect(&spec, &[], &settings).unwrap();
    let names: BTreeSet<&str> = curated
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(names.len(), 20, "{names:?}");
    let before: BTreeSet<&str> = whole.tools.iter().map(|tool| tool.name.as_str()).collect();
    assert!(names.is_disjoint(&before), "{names:?}");
    assert!(curated.tools.iter().all(|tool| tool.access == "read"));
    let overlays = curated
        .diagnostics
        .iter()
        .filter(|found| found.file.is_some());
    for found in overlays {
        assert_eq!(found.severity, Severity::Note, "{found:?}");
    }

    let options = Options {
        vendor: true,
        strict: true,
        ..Options::new(&spec, directory.join("github"))
    };
    let report = generate(&options).unwrap();
    assert!(
        matches!(report.outcome, Outcome::Written(_)),
        "{:?}",
        report.outcome
    );
    let tokens = report.summary.definition_bytes / 4;
    assert!(tokens < 50_000, "{tokens}");
    println!("20 tools, {tokens} tokens");
}
