//! The command line: exit codes, and what goes to which stream.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::apis::scratch;

const SPEC: &str = r##"{
  "openapi": "3.1.0",
  "info": {"title": "Pets", "version": "1.10"},
  "paths": {"/pets/{id}": {"get": {
    "operationId": "get_pet",
    "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
    "responses": {"200": {"description": "One pet."}}
  }}}
}"##;

const EMPTY: &str = r#"{"openapi": "3.1.0", "info": {"title": "x", "version": "1"}, "paths": {}}"#;

/// A directory with a description in it.
fn with_spec(name: &str, spec: &str) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("api.json"), spec).unwrap();
    directory
}

fn generator(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.args(arguments).current_dir(directory);
    command.output().unwrap()
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn a_description_becomes_a_crate_named_generated() {
    let directory = with_spec("command_default", SPEC);
    let done = generator(&directory, &["api.json"]);
    assert_eq!(code(&done), Some(0), "{done:?}");
    assert!(done.stdout.is_empty());
    assert!(directory.join("generated/src/lib.rs").exists());
}

#[test]
fn check_exits_with_1_and_shows_the_difference() {
    let directory = with_spec("command_check", SPEC);
    generator(&directory, &["api.json"]);
    assert_eq!(
        code(&generator(&directory, &["api.json", "--check"])),
        Some(0)
    );
    fs::write(directory.join("generated/README.md"), "edited\n").unwrap();
    let done = generator(&directory, &["api.json", "--check"]);
    assert_eq!(code(&done), Some(1));
    assert!(String::from_utf8_lossy(&done.stderr).contains("\n-edited\n"));
}

#[test]
fn what_cannot_be_read_exits_with_1_and_names_it() {
    let directory = with_spec("command_unreadable", SPEC);
    fs::write(directory.join("empty.yaml"), "").unwrap();
    fs::write(directory.join("broken.yaml"), "a: [b\nc: }").unwrap();
    for spec in ["absent.yaml", "empty.yaml", "broken.yaml", "."] {
        let done = generator(&directory, &[spec]);
        assert_eq!(code(&done), Some(1), "{spec}");
        assert!(
            String::from_utf8_lossy(&done.stderr).contains(spec),
            "{done:?}"
        );
    }
    assert!(!directory.join("generated").exists());
}

#[test]
fn wrong_usage_exits_with_2() {
    let directory = with_spec("command_usage", SPEC);
    for arguments in [&["--unknown"][..], &[], &["api.json", "--run", "--check"]] {
        assert_eq!(
            code(&generator(&directory, arguments)),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_output_that_is_the_current_directory_is_refused() {
    let directory = with_spec("command_dot", SPEC);
    assert_eq!(
        code(&generator(&directory, &["api.json", "--out", "."])),
        Some(1)
    );
    assert_eq!(fs::read_dir(&directory).unwrap().count(), 1);
}

#[test]
fn a_description_without_operations_is_refused_only_if_strict() {
    let directory = with_spec("command_empty", EMPTY);
    let done = generator(&directory, &["api.json"]);
    assert_eq!(code(&done), Some(0));
    assert!(String::from_utf8_lossy(&done.stderr).contains("warning: "));
    assert_eq!(
        code(&generator(&directory, &["api.json", "--strict"])),
        Some(1)
    );
}

#[test]
fn with_format_json_stdout_is_json() {
    let directory = with_spec("command_json", SPEC);
    let done = generator(&directory, &["api.json", "--format", "json"]);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(report["summary"]["tools"], 1);
}

#[test]
fn inspect_tells_each_tool_and_writes_nothing() {
    let directory = with_spec("command_inspect", SPEC);
    let done = generator(&directory, &["inspect", "api.json", "--format", "json"]);
    let inspection: Value = serde_json::from_slice(&done.stdout).unwrap();
    let tool = &inspection["tools"][0];
    assert_eq!(tool["name"], "get_pet");
    let parameter = serde_json::json!(
        {"argument": "id", "name": "id", "in": "path", "required": true}
    );
    assert_eq!(tool["parameters"], Value::from(vec![parameter]));
    assert!(!directory.join("generated").exists());
}

#[test]
fn the_order_of_paths_changes_nothing() {
    let paths = |first: &str, second: &str| {
        let path = |name: &str| {
            format!(r#""/{name}": {{"get": {{"responses": {{"200": {{"description": "x"}}}}}}}}"#)
        };
        let (first, second) = (path(first), path(second));
        let info = r#""info": {"title": "x", "version": "1"}"#;
        format!(r#"{{"openapi": "3.1.0", {info}, "paths": {{{first}, {second}}}}}"#)
    };
    let directory = with_spec("command_order", &paths("a", "b"));
    generator(&directory, &["api.json"]);
    fs::write(directory.join("api.json"), paths("b", "a")).unwrap();
    assert_eq!(
        code(&generator(&directory, &["api.json", "--check"])),
        Some(0)
    );
}

#[test]
fn overlays_are_named_in_the_summary_and_in_the_header_if_given() {
    let directory = with_spec("command_overlay", SPEC);
    let overlay = |title: &str| {
        format!(
            "overlay: 1.0.0\nactions: [{{target: $.paths.*.get, update: {{summary: {title}}}}}]"
        )
    };
    fs::write(directory.join("api.overlay.yaml"), overlay("beside")).unwrap();
    fs::write(directory.join("my own.yaml"), overlay("given")).unwrap();
    let done = generator(&directory, &["api.json", "--overlay", "./my own.yaml"]);
    assert_eq!(code(&done), Some(0), "{done:?}");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(
        told.contains("with api.overlay.yaml, ./my own.yaml"),
        "{told}"
    );
    let tools = fs::read_to_string(directory.join("generated/src/tools/default.rs")).unwrap();
    let header = tools.lines().next().unwrap();
    assert!(
        header.contains("generator ../api.json --overlay '../my own.yaml'"),
        "{header}"
    );
    assert!(tools.contains("\"given\""), "{tools}");
    let done = generator(&directory, &["inspect", "api.json", "--format", "json"]);
    let inspection: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        inspection["overlays"],
        serde_json::json!(["api.overlay.yaml"])
    );
}
