use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use generator::lower::lower;
use generator::openapi::read;
use tests::harness::requirement;

/// The files of a directory and those below it that may be descriptions.
fn descriptions(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            descriptions(&path, found);
        } else if path
            .extension()
            .is_some_and(|it| it == "yaml" || it == "json")
        {
            found.push(path);
        }
    }
}

#[test]
fn every_finding_names_a_file_and_a_line_that_exist() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut files = Vec::new();
    descriptions(&corpus, &mut files);
    let mut lines: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let (mut read_files, mut findings, mut wrong) = (0, 0, Vec::new());
    for file in files {
        let Ok(document) = read(&file) else {
            continue;
        };
        read_files += 1;
        for found in lower(document).diagnostics {
            findings += 1;
            let named = found
                .file
                .as_ref()
                .map_or_else(|| file.clone(), PathBuf::from);
            let count = *lines.entry(named.clone()).or_insert_with(|| {
                fs::read_to_string(&named).map_or(0, |text| text.lines().count())
            });
            if !found.line.is_some_and(|line| (1..=count).contains(&line)) {
                wrong.push(format!("{}: {found:?}", file.display()));
            }
        }
    }
    println!("{findings} findings in {read_files} descriptions");
    assert!(read_files > 100, "{read_files}");
    assert!(findings > 1000, "{findings}");
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
