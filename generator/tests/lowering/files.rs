use std::fs;
use std::path::{Path, PathBuf};

use generator::diagnostic::Severity;
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

#[test]
fn references_in_place_of_maps_are_followed_and_reported() {
    let lowered = files(
        "maps",
        &[
            (
                "api/main.yaml",
                "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths: {$ref: paths.yaml}\n\
                 components:\n  securitySchemes: {$ref: security.yaml}\n  schemas: {$ref: schemas.yaml}\n\
                 security: [{key: []}]\n",
            ),
            (
                "api/paths.yaml",
                "/things:\n  get: {operationId: list, parameters: {$ref: parts.yaml#/list}, responses: {$ref: parts.yaml#/responses}}\n\
                 \x20 post:\n    operationId: create\n    requestBody: {content: {$ref: parts.yaml#/content}}\n    responses: {}\n",
            ),
            (
                "api/parts.yaml",
                "list: [{name: a, in: query, schema: {type: integer}}]\n\
                 responses: {'200': {description: ok, content: {application/json: {schema: {type: object, properties: {x: {}}}}}}}\n\
                 content: {application/json: {schema: {$ref: 'main.yaml#/components/schemas/Thing'}}}\n",
            ),
            (
                "api/schemas.yaml",
                "Thing: {type: object, properties: {$ref: '#/Names'}}\nNames: {name: {type: string}}\n",
            ),
            (
                "api/security.yaml",
                "key: {type: apiKey, in: header, name: X-Key}\n",
            ),
        ],
    );
    let operations = &lowered.api.operations;
    assert_eq!(operations.len(), 2);
    assert_eq!(lowered.api.security_schemes.len(), 1);
    let create = &operations[0].input.json;
    assert!(create["properties"].get("name").is_some());
    assert_eq!(operations[1].parameters[0].name, "a");
    assert!(operations[1].output.is_some());
    for found in &lowered.diagnostics {
        assert_eq!(found.severity, Severity::Note, "{found:?}");
    }
    assert_eq!(lowered.diagnostics.len(), 7, "{:?}", lowered.diagnostics);
}

#[test]
fn whole_components_may_be_a_reference() {
    let lowered = files(
        "components",
        &[
            (
                "api/main.yaml",
                "openapi: 3.1.0\ninfo: {title: t, version: '1'}\ncomponents: {$ref: 'c.yaml#/components'}\n\
                 paths: {/x: {get: {parameters: [{$ref: '#/components/parameters/P'}]}}}\n",
            ),
            (
                "api/c.yaml",
                "components: {parameters: {P: {name: p, in: query, schema: {$ref: '#/components/schemas/S'}}}, \
                 schemas: {S: {type: boolean}}}\n",
            ),
        ],
    );
    assert_eq!(lowered.api.operations[0].parameters[0].name, "p");
    assert_eq!(lowered.api.definitions[0].json, json!({"type": "boolean"}));
}

#[test]
fn a_map_that_refers_to_itself_or_to_nothing_is_dropped() {
    for reference in ["#/components/schemas", "none.yaml", "#/info"] {
        let text = format!(
            "openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\npaths: {{/x: {{get: {{}}}}}}\ncomponents: {{schemas: {{$ref: '{reference}'}}}}\n"
        );
        let lowered = files("itself", &[("api/main.yaml", &text)]);
        assert_eq!(lowered.api.operations.len(), 1);
        assert_eq!(lowered.diagnostics.len(), 1, "{:?}", lowered.diagnostics);
        assert_eq!(lowered.diagnostics[0].severity, Severity::Warning);
    }
}

#[test]
fn findings_name_the_file_the_line_and_the_place_in_it() {
    let lowered = files(
        "lines",
        &[
            (
                "api/main.yaml",
                "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /x:\n    get:\n      parameters:\n\
                 \x20       - $ref: 'common.yaml#/parameters/Bad'\n        - $ref: '../far/more.json#/Bad'\n\
                 \x20       - {name: c, in: query, schema: {type: bool}}\n",
            ),
            (
                "api/common.yaml",
                "# line 1\n# line 2\nparameters:\n  Bad: {name: a, in: query, schema: {type: bool}}\n",
            ),
            (
                "far/more.json",
                "{\n \"Bad\": {\"name\": \"b\", \"in\": \"query\",\n  \"schema\": {\"type\": \"bool\"}}\n}",
            ),
        ],
    );
    let found: Vec<(Option<String>, Option<usize>, &str)> = lowered
        .diagnostics
        .iter()
        .map(|found| {
            let file = found.file.as_deref().map(|file| {
                let (_, beside) = file.rsplit_once("lines/").unwrap();
                beside.to_owned()
            });
            (file, found.line, found.pointer.as_str())
        })
        .collect();
    assert_eq!(
        found,
        [
            (None, Some(9), "/paths/~1x/get/parameters/2/schema/type"),
            (
                Some("api/../far/more.json".to_owned()),
                Some(3),
                "/Bad/schema/type"
            ),
            (
                Some("api/common.yaml".to_owned()),
                Some(4),
                "/parameters/Bad/schema/type"
            ),
        ]
    );
}

#[test]
fn file_that_cannot_be_parsed_is_named_with_its_line() {
    let lowered = files(
        "broken",
        &[
            (
                "api/main.yaml",
                &main("{parameters: [{$ref: 'parts/p.yaml#/P'}]}"),
            ),
            ("api/parts/p.yaml", "P: {name: p, in: query}\nQ: ]\n"),
        ],
    );
    let mut all = lowered.diagnostics.iter();
    let broken = all.find(|found| found.file.is_some());
    let broken = broken.unwrap_or_else(|| panic!("{:?}", lowered.diagnostics));
    assert!(broken.file.as_ref().unwrap().ends_with("api/parts/p.yaml"));
    assert_eq!(broken.line, Some(2));
}

#[test]
fn reference_from_another_file_to_nothing_is_shown_as_written_there() {
    let lowered = files(
        "nothing",
        &[
            (
                "api/main.yaml",
                &main("{parameters: [{$ref: 'p.yaml#/P'}]}"),
            ),
            (
                "api/p.yaml",
                "P: {name: p, in: query, schema: {$ref: 'q.yaml#/none'}}\n",
            ),
            ("api/q.yaml", "some: {type: string}\n"),
        ],
    );
    let found = &lowered.diagnostics[0];
    assert!(
        found.message.contains("api/q.yaml#/none` leads to nothing"),
        "{found:?}"
    );
    assert!(found.file.as_ref().unwrap().ends_with("api/p.yaml"));
}

#[test]
fn finding_in_a_list_of_another_file_names_that_file() {
    let lowered = files(
        "list",
        &[
            (
                "api/main.yaml",
                &main("{parameters: {$ref: 'p.yaml#/list'}}"),
            ),
            (
                "api/p.yaml",
                "list:\n- {name: p, in: query}\n- {name: q, in: query, schema: {type: bool}}\n",
            ),
        ],
    );
    let mut all = lowered.diagnostics.iter();
    let found = all.find(|found| found.message.contains("bool"));
    let found = found.unwrap_or_else(|| panic!("{:?}", lowered.diagnostics));
    let file = found.file.as_deref().unwrap_or_default();
    assert!(file.ends_with("api/p.yaml"), "{found:?}");
    assert_eq!(found.line, Some(3));
}
