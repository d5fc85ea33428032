//! `--only`: which operations become tools, and that the crate records it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::apis::scratch;

const SPEC: &str = "openapi: 3.1.0
info: {title: Shop, version: '1'}
tags: [{name: orders}, {name: internal, x-mcp: false}]
paths:
  /orders:
    get: {operationId: orders/list, tags: [orders], responses: {}}
    post: {operationId: orders/create, tags: [orders], responses: {}}
  /orders/{id}/items:
    get:
      operationId: items/list
      tags: [items]
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {}
  /cache:
    delete: {operationId: cache/clear, tags: [internal], responses: {}}
";

fn with_spec(name: &str) -> PathBuf {
    let directory = scratch(name);
    fs::write(directory.join("api.yaml"), SPEC).unwrap();
    directory
}

fn generator(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    command.args(arguments).current_dir(directory);
    command.output().unwrap()
}

fn reported(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The operationIds that are inspected with these patterns, and what is reported.
fn inspected(directory: &Path, patterns: &[&str]) -> (Vec<String>, Value) {
    let mut arguments = vec!["inspect", "api.yaml", "--format", "json"];
    arguments.extend(patterns.iter().flat_map(|pattern| ["--only", pattern]));
    let done = generator(directory, &arguments);
    let found: Value = serde_json::from_slice(&done.stdout).unwrap();
    let tools = found["tools"].as_array().unwrap().iter();
    let ids = tools.map(|tool| tool["operation_id"].as_str().unwrap().to_owned());
    (ids.collect(), found["diagnostics"].clone())
}

#[test]
fn only_selects_by_tag_route_and_operation_id() {
    let directory = with_spec("only_selects");
    for (patterns, expected) in [
        (&["tag:items"][..], &["items/list"][..]),
        (&["GET /orders*"], &["items/list", "orders/list"]),
        (&["* /orders"], &["orders/create", "orders/list"]),
        (&["*/list"], &["items/list", "orders/list"]),
        (
            &["tag:items", "POST /orders"],
            &["items/list", "orders/create"],
        ),
        (&["*"], &["items/list", "orders/create", "orders/list"]),
    ] {
        let (ids, diagnostics) = inspected(&directory, patterns);
        assert_eq!(ids, expected, "{patterns:?}");
        assert_eq!(
            diagnostics.as_array().map(Vec::len),
            Some(0),
            "{diagnostics}"
        );
    }
}

#[test]
fn only_that_selects_nothing_is_reported_with_what_may_be_meant() {
    let directory = with_spec("only_slip");
    for (slip, meant) in [
        ("tag:order", "did you mean --only 'tag:orders'?"),
        ("GET /order", "did you mean --only 'GET /orders'?"),
        ("orders/lst", "did you mean --only 'orders/list'?"),
        ("items", "did you mean --only 'tag:items'?"),
        ("tag:internal", "show them with `x-mcp: true`"),
    ] {
        let (_, found) = inspected(&directory, &["tag:items", slip]);
        assert_eq!(found[0]["severity"], "warning", "{slip}: {found}");
        assert!(found[0]["line"].is_u64(), "{slip}: {found}");
        let help = found[0]["help"].as_str().unwrap();
        assert!(help.contains(meant), "{slip}: {help}");
    }
}

#[test]
fn only_is_recorded_and_holds_for_later_runs() {
    let directory = with_spec("only_recorded");
    let only = ["api.yaml", "--only", "tag:items", "--only", "GET /orders"];
    let done = generator(&directory, &only);
    assert!(done.status.success(), "{done:?}");
    assert!(reported(&done).contains("2 tools"), "{done:?}");
    let manifest = fs::read_to_string(directory.join("generated/.generated")).unwrap();
    assert!(
        manifest.contains("# only: tag:items\n# only: GET /orders\n"),
        "{manifest}"
    );
    let header = fs::read_to_string(directory.join("generated/Cargo.toml")).unwrap();
    let header = header.lines().next().unwrap();
    assert!(
        header.contains("generator ../api.yaml --only 'tag:items' --only 'GET /orders'`"),
        "{header}"
    );
    let again = generator(&directory, &["api.yaml", "--check"]);
    assert!(again.status.success(), "{}", reported(&again));
    let again = generator(&directory, &["api.yaml"]);
    assert!(reported(&again).contains("2 tools"), "{}", reported(&again));
    let other = generator(&directory, &["api.yaml", "--check", "--only", "tag:items"]);
    assert!(!other.status.success());
    let all = generator(&directory, &["api.yaml", "--only", "*"]);
    assert!(reported(&all).contains("3 tools"), "{}", reported(&all));
    assert!(
        generator(&directory, &["api.yaml", "--check"])
            .status
            .success()
    );
}

#[test]
fn record_that_has_no_meaning_is_reported_with_its_line() {
    let directory = with_spec("only_broken");
    generator(&directory, &["api.yaml", "--only", "tag:items"]);
    let manifest = directory.join("generated/.generated");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(
        &manifest,
        text.replace("# only: tag:items", "# only: /items"),
    )
    .unwrap();
    let done = generator(&directory, &["api.yaml"]);
    assert!(!done.status.success());
    let place = "error: generated/.generated:2: a method precedes the path";
    assert!(reported(&done).contains(place), "{}", reported(&done));
}

#[test]
fn only_that_leaves_no_tool_is_an_error() {
    let directory = with_spec("only_empty");
    let done = generator(&directory, &["api.yaml", "--only", "tag:none"]);
    assert!(!done.status.success());
    let text = reported(&done);
    assert!(
        text.contains("4 operations, and `x-mcp` or `--only` leaves out each"),
        "{text}"
    );
    assert!(!directory.join("generated").exists());
}

#[test]
fn pattern_that_cannot_be_read_is_wrong_usage() {
    let directory = with_spec("only_usage");
    let done = generator(&directory, &["api.yaml", "--only", "/orders"]);
    assert_eq!(done.status.code(), Some(2));
    assert!(reported(&done).contains("write `GET /orders`"), "{done:?}");
}
