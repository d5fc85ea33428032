use std::fs;
use std::path::{Path, PathBuf};

use generator::lower::{Lowered, lower};
use generator::openapi::read;
use serde_json::json;

/// Reads `api/main.yaml` of these files.
fn files(name: &str, files: &[(&str, &str)]) -> Lowered {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (path, text) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    lower(read(&directory.join("api/main.yaml")).unwrap())
}

/// A description with one operation in flow style.
fn main(operation: &str) -> String {
    format!("openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{/x: {{get: {operation}}}}}")
}

#[test]
fn references_reach_other_files_and_back() {
    let lowered = files(
        "reach",
        &[
            ("api/main.yaml", &main("{$ref: 'paths/x.yaml#/get'}")),
            (
                "api/paths/x.yaml",
                "get: {parameters: [{$ref: '../../common/p%20q.yaml#/components/parameters/P'}, \
                 {name: s, in: query, schema: {$ref: '#/local'}}]}\nlocal: {type: boolean}",
            ),
            (
                "common/p q.yaml",
                "components: {parameters: {P: {name: p, in: query, schema: {type: integer}}}}",
            ),
        ],
    );
    assert!(lowered.diagnostics.is_empty(), "{:?}", lowered.diagnostics);
    let properties = &lowered.api.operations[0].input.json["properties"];
    assert_eq!(properties["p"], json!({"type": "integer"}));
    assert_eq!(lowered.api.definitions[0].json, json!({"type": "boolean"}));
}

#[test]
fn files_may_refer_to_each_other_in_a_circle() {
    let lowered = files(
        "circle",
        &[
            (
                "api/main.yaml",
                &main("{parameters: [{name: p, in: query, schema: {$ref: a.yaml}}]}"),
            ),
            (
                "api/a.yaml",
                "{type: object, properties: {b: {$ref: b.yaml}}}",
            ),
            (
                "api/b.yaml",
                "{type: object, properties: {a: {$ref: './a.yaml#'}}}",
            ),
        ],
    );
    assert_eq!(lowered.api.definitions.len(), 2);
    assert!(lowered.diagnostics.is_empty());
}

#[test]
fn references_stay_near_the_description() {
    let outside = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    for reference in [
        outside.to_str().unwrap(),
        "../../../x.yaml",
        "https://example.com/a.yaml",
        "none.yaml",
    ] {
        let operation =
            format!("{{parameters: [{{name: p, in: query, schema: {{$ref: '{reference}'}}}}]}}");
        let lowered = files(
            "near",
            &[("api/main.yaml", &main(&operation)), ("../x.yaml", "{}")],
        );
        assert_eq!(lowered.diagnostics.len(), 1, "{reference}");
        assert_eq!(
            lowered.api.operations[0].input.json["properties"]["p"],
            json!({})
        );
    }
}

#[test]
fn references_in_values_are_left_alone() {
    let operation = "{parameters: [{name: p, in: query, schema: {default: {$ref: a.yaml}}}]}";
    let lowered = files(
        "values",
        &[("api/main.yaml", &main(operation)), ("api/a.yaml", "1")],
    );
    assert_eq!(
        lowered.api.operations[0].input.json["properties"]["p"],
        json!({"default": {"$ref": "a.yaml"}})
    );
}
