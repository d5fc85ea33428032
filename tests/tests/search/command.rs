use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// Runs `search` of the generated server.
fn search(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connector"));
    command.arg("search").args(arguments);
    command.output().unwrap()
}

/// A file of requests, in a directory of this test's own.
fn requests(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn search_command_prints_families_and_the_input_of_the_best_tool() {
    let output = search(&["stop", "a", "bundle", "for", "now"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("# bundles "), "{text}");
    assert!(text.contains("as JSON Schema:\n{"), "{text}");
}

#[test]
fn search_command_answers_each_line_of_a_file_with_a_line_of_json() {
    let file = requests(
        "search_requests.jsonl",
        "{\"id\": \"a\", \"query\": \"list bundles\", \"more\": 1}\n\n{\"id\": 2, \"query\": \"zzz\"}\n",
    );
    let output = search(&["--queries", file.to_str().unwrap(), "--format", "json"]);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert_eq!(lines[0]["id"], "a");
    let best = &lines[0]["tools"][0];
    for field in ["name", "method", "path"] {
        assert!(best[field].is_string(), "{best}");
    }
    assert!(best["score"].is_number(), "{best}");
    let family = &lines[0]["families"][0];
    assert!(family["name"].is_string(), "{family}");
    assert_eq!(family["tools"][0]["name"], best["name"], "{family}");
    assert_eq!(lines[1]["id"], 2);
    assert_eq!(lines[1]["tools"].as_array().map(Vec::len), Some(0));
}

#[test]
fn search_command_names_the_line_that_is_no_request() {
    let file = requests(
        "search_wrong.jsonl",
        "{\"query\": \"a\"}\n{\"text\": \"a\"}\n",
    );
    let output = search(&["--queries", file.to_str().unwrap()]);
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("search_wrong.jsonl:2: "), "{error}");
    assert!(error.contains("`query`"), "{error}");
}

#[test]
fn search_command_without_a_request_is_an_error() {
    let output = search(&[]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
