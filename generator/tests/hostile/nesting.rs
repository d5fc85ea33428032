//! Nesting far beyond what a stack holds.

use serde_json::{Map, json};

use crate::support::{one, run};

const DEEP: usize = 10_000;

/// A description with this in place of a schema.
fn with(schema: &str) -> String {
    one(&json!("HERE"), &Map::new()).replace("\"HERE\"", schema)
}

fn nested(open: &str, close: &str, times: usize) -> String {
    format!("{}1{}", open.repeat(times), close.repeat(times))
}

#[test]
fn lists_in_json() {
    let text = format!(
        "{{\"openapi\": \"3.1.0\", \"x\": {}}}",
        nested("[", "]", DEEP)
    );
    run("json_lists", "json", text).refuses("api.json:1:5");
}

#[test]
fn objects_in_json() {
    let text = format!(
        "{{\"openapi\": \"3.1.0\", \"x\": {}}}",
        nested("{\"a\":", "}", DEEP)
    );
    run("json_objects", "json", text).refuses("api.json:1:");
}

#[test]
fn lists_in_yaml() {
    let text = format!("openapi: 3.1.0\nx: {}\n", nested("[", "]", DEEP));
    run("yaml_lists", "yaml", text).refuses("api.yaml:2:51");
}

#[test]
fn blocks_in_yaml() {
    let lines = (0..3000).map(|depth| format!("{}a:\n", " ".repeat(depth)));
    let text = format!("openapi: 3.1.0\n{}", lines.collect::<String>());
    run("yaml_blocks", "yaml", text).refuses("api.yaml:51");
}

#[test]
fn items_on_one_line_of_yaml() {
    let text = format!("openapi: 3.1.0\nx:\n{}1\n", "- ".repeat(DEEP));
    run("yaml_items", "yaml", text).refuses("api.yaml:3:");
}

#[test]
fn schemas() {
    let text = with(&nested("{\"items\":", "}", DEEP).replace('1', "{}"));
    run("schemas", "json", text).refuses("api.json:1:");
}

#[test]
fn schemas_within_what_is_read() {
    let text = with(&nested("{\"items\":", "}", 200).replace('1', "{}"));
    run("schemas_read", "json", text).makes(1, "schemas are nested more than 40 deep");
}

#[test]
fn examples_within_what_is_read() {
    let example = nested("[", "]", 200);
    let text = with(&format!("{{\"type\": \"array\", \"example\": {example}}}"));
    run("examples_read", "json", text).makes(1, "values are nested more than 32 deep");
}
