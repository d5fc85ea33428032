//! `generator check`: what a strict reader of OpenAPI 3.0 rejects, and how that is reported.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::apis::scratch;

/// A directory with a description in it, `api.json`.
fn with_spec(name: &str, spec: &Value) -> PathBuf {
    let directory = scratch(name);
    let text = serde_json::to_string_pretty(spec).unwrap();
    fs::write(directory.join("api.json"), text).unwrap();
    directory
}

fn check(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_generator"));
    let command = command.args(["check", "api.json"]).args(arguments);
    command.current_dir(directory).output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What `check` reports as JSON, under `strict`.
fn strict(name: &str, spec: &Value) -> Value {
    let done = check(&with_spec(name, spec), &["--format", "json"]);
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    report["strict"].clone()
}

/// The requests that are rejected.
fn rejected(strict: &Value) -> Vec<String> {
    let rejected = strict["rejected"].as_array().unwrap().iter();
    rejected
        .map(|one| {
            let text = |field: &str| one[field].as_str().unwrap();
            format!("{} {}", text("method"), text("path"))
        })
        .collect()
}

/// The pointers of all that is rejected.
fn pointers(strict: &Value) -> Vec<&str> {
    let found = strict["rejections"].as_array().unwrap().iter();
    found.map(|one| one["pointer"].as_str().unwrap()).collect()
}

/// Three operations: one with a parameter of its own, two that share one.
fn spec() -> Value {
    let shared = json!([{"$ref": "#/components/parameters/Page"}]);
    let responses = json!({"200": {"description": "Done."}});
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Pets", "version": "1"},
        "paths": {
            "/pets/{id}": {"get": {
                "parameters": [{
                    "name": "id", "in": "path", "required": true, "schema": {"type": "string"}
                }],
                "responses": responses,
            }},
            "/pets": {"get": {"parameters": shared, "responses": responses}},
            "/owners": {"get": {"parameters": shared, "responses": responses}},
        },
        "components": {
            "parameters": {"Page": {"name": "page", "in": "query", "schema": {"type": "integer"}}},
            "schemas": {"Pet": {"type": "object"}},
        },
    })
}

#[test]
fn check_exits_with_0_when_nothing_is_rejected() {
    let done = check(&with_spec("check_fine", &spec()), &[]);
    assert_eq!(code(&done), 0, "{done:?}");
    assert_eq!(
        stdout(&done),
        "rejected: 0 of 3 operations, 0 of 1 shared schemas, 0 other parts\n"
    );
}

#[test]
fn check_reports_message_place_and_help_of_what_is_rejected() {
    let mut spec = spec();
    spec["paths"]["/pets/{id}"]["get"]["parameters"][0]["style"] = json!("form");
    let directory = with_spec("check_place", &spec);
    let text = fs::read_to_string(directory.join("api.json")).unwrap();
    let line = text
        .lines()
        .position(|line| line.contains("style"))
        .unwrap()
        + 1;
    let done = check(&directory, &[]);
    assert_eq!(code(&done), 1);
    let at = "/paths/~1pets~1{id}/get/parameters/0/style";
    assert_eq!(
        stdout(&done),
        format!(
            "error: strict readers reject `style` of the Parameter Object: unknown variant `form`, \
             expected one of `matrix`, `label`, `simple`\n  --> api.json:{line} ({at})\n  \
             help: use one of those; OpenAPI 3.0 has no other here\n\n\
             rejected GET /pets/{{id}}  line {line}\n\n\
             rejected: 1 of 3 operations, 0 of 1 shared schemas, 0 other parts\n"
        )
    );
    // The generator's own finding about the same style.
    let own = String::from_utf8_lossy(&done.stderr);
    assert!(own.contains("the style `form` is not for"), "{own}");
}

#[test]
fn bad_operation_costs_only_itself() {
    let mut spec = spec();
    spec["paths"]["/pets"]["get"]["responses"]["200"] = json!({"content": {}});
    spec["paths"]["/pets"]["get"]["deprecated"] = json!("no");
    let strict = strict("check_operation", &spec);
    assert_eq!(rejected(&strict), ["GET /pets"]);
    assert_eq!(
        pointers(&strict),
        [
            "/paths/~1pets/get/responses/200",
            "/paths/~1pets/get/deprecated",
        ]
    );
}

#[test]
fn shared_parameter_is_reported_once_and_rejects_each_operation_that_uses_it() {
    let mut spec = spec();
    spec["components"]["parameters"]["Page"]["in"] = json!("body");
    let strict = strict("check_shared", &spec);
    assert_eq!(rejected(&strict), ["GET /pets", "GET /owners"]);
    assert_eq!(pointers(&strict), ["/components/parameters/Page/in"]);
    assert_eq!(strict["rejected"][0]["because"], json!([0]));
}

#[test]
fn shared_schema_is_reported_once_and_rejects_no_operation() {
    let mut spec = spec();
    spec["components"]["schemas"]["Pet"] = json!({"properties": {
        "name": {"type": ["string", "null"]},
        "age": {"exclusiveMinimum": 0},
    }});
    let body =
        json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}});
    for path in ["/pets", "/owners"] {
        spec["paths"][path]["get"]["requestBody"] = body.clone();
    }
    let strict = strict("check_schema", &spec);
    assert_eq!(rejected(&strict), [""; 0]);
    assert_eq!(
        pointers(&strict),
        [
            "/components/schemas/Pet/properties/name/type",
            "/components/schemas/Pet/properties/age/exclusiveMinimum",
        ]
    );
    assert_eq!(strict["schemas"], json!({"read": 1, "rejected": 1}));
}

#[test]
fn schema_written_in_an_operation_rejects_it() {
    let mut spec = spec();
    spec["paths"]["/pets/{id}"]["get"]["parameters"][0]["schema"]["type"] = json!(["string"]);
    let strict = strict("check_inline", &spec);
    assert_eq!(rejected(&strict), ["GET /pets/{id}"]);
    assert_eq!(
        pointers(&strict),
        ["/paths/~1pets~1{id}/get/parameters/0/schema/type"]
    );
}

#[test]
fn parts_that_no_operation_uses_are_reported() {
    let mut spec = spec();
    spec["info"]["version"] = json!(1);
    spec["components"]["securitySchemes"] = json!({"key": {"type": "apiKey"}});
    spec["components"]["links"] = json!({"next": {}});
    let strict = strict("check_parts", &spec);
    assert_eq!(
        pointers(&strict),
        [
            "/info/version",
            "/components/securitySchemes/key",
            "/components/links/next",
        ]
    );
    assert_eq!(strict["other_parts_rejected"], 3);
    assert_eq!(strict["operations"], json!({"read": 3, "rejected": 0}));
}

#[test]
fn reference_that_leads_nowhere_rejects_the_operation() {
    let mut spec = spec();
    spec["components"]["parameters"] = json!({});
    let strict = strict("check_dangling", &spec);
    assert_eq!(rejected(&strict), ["GET /pets", "GET /owners"]);
}

#[test]
fn reference_in_place_of_an_operation_is_rejected() {
    let mut spec = spec();
    spec["paths"]["/owners"]["get"] = json!({"$ref": "#/paths/~1pets/get"});
    let strict = strict("check_reference", &spec);
    assert_eq!(rejected(&strict), ["GET /owners"]);
    assert_eq!(pointers(&strict), ["/paths/~1owners/get/$ref"]);
}

#[test]
fn path_without_a_slash_is_reported_as_passed_over() {
    let mut spec = spec();
    spec["paths"]["things"] = spec["paths"]["/pets"].clone();
    let strict = strict("check_slash", &spec);
    assert_eq!(rejected(&strict), ["GET things"]);
    assert_eq!(pointers(&strict), ["/paths/things"]);
}

#[test]
fn overlay_is_applied_before_the_check() {
    let mut spec = spec();
    spec["paths"]["/pets"]["get"]["deprecated"] = json!("no");
    let directory = with_spec("check_overlay", &spec);
    assert_eq!(code(&check(&directory, &[])), 1);
    let overlay =
        "overlay: 1.0.0\nactions: [{target: \"$.paths['/pets'].get.deprecated\", remove: true}]";
    fs::write(directory.join("mend.yaml"), overlay).unwrap();
    let done = check(&directory, &["--overlay", "mend.yaml"]);
    assert_eq!(code(&done), 0, "{done:?}");
    assert!(String::from_utf8_lossy(&done.stderr).contains("with mend.yaml"));
}

#[test]
fn check_does_not_apply_to_later_versions_and_exits_with_2() {
    for version in ["3.1.0", "3.2.0"] {
        let mut spec = spec();
        spec["openapi"] = json!(version);
        let done = check(&with_spec("check_later", &spec), &[]);
        assert_eq!(code(&done), 2);
        let reported = format!("api.json: OpenAPI {version}: not applicable, strict readers of ");
        assert!(stdout(&done).starts_with(&reported), "{done:?}");
        let done = check(&with_spec("check_later", &spec), &["--format", "json"]);
        let report: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!((code(&done), &report["strict"]), (2, &Value::Null));
    }
}

#[test]
fn description_that_cannot_be_read_exits_with_1() {
    let directory = scratch("check_absent");
    let done = check(&directory, &[]);
    assert_eq!((code(&done), stdout(&done).as_str()), (1, ""));
    assert!(String::from_utf8_lossy(&done.stderr).contains("error: cannot read api.json: "));
}

/// Swagger 2.0 is read in the shape of 3.0, so that what 3.0 says in other words is no finding.
#[test]
fn swagger_is_read_in_the_shape_of_3_0() {
    let flow = |flow: &str, url: &str| json!({"type": "oauth2", "flow": flow, url: "https://x", "scopes": {}});
    let parameter = |name: &str, format: &str| {
        json!({
            "name": name, "in": "query", "type": "array", "items": {"type": "string"},
            "collectionFormat": format,
        })
    };
    let spec = json!({
        "swagger": "2.0",
        "info": {"title": "Old", "version": "1"},
        "paths": {"/pets": {"post": {
            "parameters": [
                parameter("a", "csv"),
                parameter("b", "multi"),
                {"name": "body", "in": "body", "schema": {"$ref": "#/definitions/Pet"}},
            ],
            "responses": {"200": {
                "description": "Done.",
                "schema": {"$ref": "#/definitions/Pet"},
                "headers": {"X-Count": {"type": "integer", "description": "How many."}},
            }},
        }, "get": {
            "parameters": [parameter("a", "tsv")],
            "responses": {"200": {"description": "Done."}},
        }}},
        "definitions": {"Pet": {"type": "object"}, "Bad": {"type": 5}},
        "securityDefinitions": {
            "a": flow("implicit", "authorizationUrl"),
            "b": flow("password", "tokenUrl"),
            "c": flow("application", "tokenUrl"),
            "d": {
                "type": "oauth2", "flow": "accessCode", "authorizationUrl": "https://x",
                "tokenUrl": "https://x", "scopes": {},
            },
            "e": {"type": "basic"},
            "f": {"type": "apiKey", "in": "header", "name": "X-Key"},
        },
    });
    let strict = strict("check_swagger", &spec);
    // OpenAPI 3.0 has no tabs between the items of a list.
    assert_eq!(rejected(&strict), ["GET /pets"]);
    assert_eq!(
        pointers(&strict),
        [
            "/paths/~1pets/get/parameters/0/style",
            "/definitions/Bad/type"
        ]
    );
    assert_eq!(strict["schemas"], json!({"read": 2, "rejected": 1}));
}
