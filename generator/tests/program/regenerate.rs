//! The script that a crate has to regenerate itself, in a repository of git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::apis::scratch;

/// A description whose one tool takes at most `limit`.
fn spec(limit: u32) -> String {
    format!(
        "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths:\n  /pets:\n    get:\n      \
         operationId: list_pets\n      parameters:\n      - {{name: limit, in: query, schema: \
         {{type: integer, maximum: {limit}}}}}\n"
    )
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    for setting in [
        "user.name=t",
        "user.email=t@example.com",
        "commit.gpgsign=false",
    ] {
        git.args(["-c", setting]);
    }
    let done = git.args(arguments).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "git {arguments:?}: {done:?}");
    String::from_utf8(done.stdout).unwrap()
}

/// A repository with a description, its crate in `server`, and the scripts at its root.
fn repository(name: &str) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("api.yaml"), spec(100)).unwrap();
    let runtime = [
        "--runtime",
        "https://git.example.com/d.git",
        "--runtime-tag",
        "v1",
    ];
    let done = Command::new(env!("CARGO_BIN_EXE_generator"))
        .args(["api.yaml", "--out", "server"])
        .args(runtime)
        .args(["--only", "GET /*"])
        .current_dir(&directory)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    for name in [".ci", ".github"] {
        fs::rename(directory.join("server").join(name), directory.join(name)).unwrap();
    }
    let line = fs::read_to_string(directory.join(".ci/generated")).unwrap();
    let (paths, options) = line.split_at("../api.yaml .".len());
    assert_eq!(paths, "../api.yaml .");
    assert!(
        options.starts_with(" --only 'GET /*' --runtime https:"),
        "{line}"
    );
    // As someone edits it, perhaps without the last end of a line.
    let line = format!("\napi.yaml server{}", options.trim_end());
    fs::write(directory.join(".ci/generated"), line).unwrap();
    fs::write(directory.join(".gitignore"), "/target\n").unwrap();
    git(&directory, &["init", "--quiet", "--initial-branch", "main"]);
    for (key, value) in [("user.name", "t"), ("user.email", "t@example.com")] {
        git(&directory, &["config", key, value]);
    }
    commit(&directory);
    directory
}

fn commit(directory: &Path) {
    git(directory, &["add", "--all"]);
    git(directory, &["commit", "--quiet", "--message", "c"]);
}

/// Runs the script; a crate's own tests take minutes.
fn regenerate(directory: &Path, tests: &str) -> Output {
    let mut script = Command::new("bash");
    script.arg(".ci/regenerate").current_dir(directory);
    script.env("GENERATOR", env!("CARGO_BIN_EXE_generator"));
    script.env("TESTS", tests).output().unwrap()
}

fn proposal(directory: &Path, file: &str) -> String {
    fs::read_to_string(directory.join("target/regenerate").join(file)).unwrap()
}

#[test]
fn a_changed_description_becomes_a_branch_with_the_text_of_a_pull_request() {
    let directory = repository("regenerate_changed");
    fs::write(directory.join("api.yaml"), spec(50)).unwrap();
    commit(&directory);
    let done = regenerate(&directory, "true");
    assert!(done.status.success(), "{done:?}");
    assert_eq!(proposal(&directory, "label"), "semver: major\n");
    assert_eq!(
        proposal(&directory, "title"),
        "Regenerate: a change that breaks calls\n"
    );
    let body = proposal(&directory, "body.md");
    assert!(body.starts_with("## Tools: major: 1 change"), "{body}");
    assert!(
        body.contains("the maximum was 100, and is 50 now"),
        "{body}"
    );
    let changed = git(&directory, &["diff", "--name-only", "main", "regenerate"]);
    assert!(
        changed.contains("server/tools.lock") && !changed.contains("api.yaml"),
        "{changed}"
    );
    assert_eq!(git(&directory, &["status", "--porcelain"]), "");
}

#[test]
fn a_branch_that_is_there_ends_the_script_before_it_writes() {
    let directory = repository("regenerate_branch");
    git(&directory, &["branch", "regenerate"]);
    fs::write(directory.join("api.yaml"), spec(50)).unwrap();
    commit(&directory);
    let done = regenerate(&directory, "true");
    assert!(!done.status.success());
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(
        said.contains("there is a branch regenerate already"),
        "{said}"
    );
    assert_eq!(git(&directory, &["status", "--porcelain"]), "");
}

#[test]
fn an_unchanged_description_becomes_no_branch() {
    let directory = repository("regenerate_unchanged");
    let done = regenerate(&directory, "false");
    assert!(done.status.success(), "{done:?}");
    let said = String::from_utf8(done.stdout).unwrap();
    assert!(said.contains("nothing to regenerate"), "{said}");
    assert_eq!(git(&directory, &["branch", "--list", "regenerate"]), "");
}

#[test]
fn a_crate_whose_tests_fail_becomes_no_branch() {
    let directory = repository("regenerate_red");
    fs::write(directory.join("api.yaml"), spec(50)).unwrap();
    commit(&directory);
    assert!(!regenerate(&directory, "false").status.success());
    assert_eq!(git(&directory, &["branch", "--list", "regenerate"]), "");
}

#[test]
fn a_generated_file_that_was_edited_ends_the_script() {
    let directory = repository("regenerate_edited");
    let file = directory.join("server/src/lib.rs");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text + "// mine\n").unwrap();
    commit(&directory);
    let done = regenerate(&directory, "true");
    assert!(!done.status.success());
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("src/lib.rs: was edited"), "{said}");
    assert_eq!(git(&directory, &["status", "--porcelain"]), "");
}
