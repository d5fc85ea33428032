use serde_json::{Value, json};

use crate::support::operation;

fn example(responses: &str, parts: &str) -> (u16, String, String) {
    let (operation, _) = operation("3.0.0", &format!("responses: {responses}"), parts);
    let example = operation.example.unwrap();
    (example.status, example.media_type, example.body)
}

/// The answer made from a schema.
fn made(schema: &str, parts: &str) -> Value {
    let content = format!("{{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}");
    serde_json::from_str(&example(&content, parts).2).unwrap()
}

#[test]
fn the_description_s_own_example_answers() {
    let responses = "{'404': {content: {application/json: {example: 0}}}, '201': {content: {text/plain: {}, \
                     application/json: {examples: {a: {value: {b: 1.50}}}}}}}";
    let (status, media_type, body) = example(responses, "");
    assert_eq!(
        (status, media_type.as_str(), body.as_str()),
        (201, "application/json", r#"{"b":1.50}"#)
    );
}

#[test]
fn an_example_may_be_elsewhere() {
    let responses = "{'200': {$ref: '#/components/responses/R'}}";
    let parts = "components: {responses: {R: {content: {application/json: {examples: {a: {$ref: '#/components/examples/E'}}}}}}, \
                 examples: {E: {value: [1]}}}";
    assert_eq!(example(responses, parts).2, "[1]");
}

#[test]
fn an_example_above_sixteen_kilobytes_is_made_anew() {
    let long = "x".repeat(17_000);
    let responses = format!(
        "{{'200': {{content: {{application/json: {{example: {long}, schema: {{type: boolean}}}}}}}}}}"
    );
    assert_eq!(example(&responses, "").2, "true");
}

#[test]
fn an_answer_without_content_has_no_media_type() {
    assert_eq!(
        example("{'204': {description: none}}", ""),
        (204, String::new(), String::new())
    );
}

#[test]
fn made_answers_fit_their_schema() {
    let schema = "{type: object, properties: {a: {type: string, minLength: 9}, b: {type: integer, minimum: 3, \
                  exclusiveMinimum: true}, c: {enum: [x, y]}, d: {type: array, minItems: 2, items: {type: boolean}}, \
                  e: {type: string, format: date}, f: {default: 7}, g: {type: string, writeOnly: true}}}";
    assert_eq!(
        made(schema, ""),
        json!({"a": "examplexx", "b": 4, "c": "x", "d": [true, true], "e": "2026-01-01", "f": 7})
    );
}

#[test]
fn made_answers_end_where_schemas_do_not() {
    let parts = "components: {schemas: {T: {type: object, required: [up], properties: {up: {$ref: '#/components/schemas/T'}, \
                 kids: {type: array, items: {$ref: '#/components/schemas/T'}}}}}}";
    assert_eq!(
        made("{$ref: '#/components/schemas/T'}", parts),
        json!({"up": null, "kids": []})
    );
}

#[test]
fn callbacks_and_webhooks_are_reported_once_and_make_no_tools() {
    let callback = "callbacks: {done: {'{$url}': {post: {}}}}";
    let (_, diagnostics) = operation(
        "3.1.0",
        callback,
        "webhooks: {a: {post: {}}, b: {post: {}}}",
    );
    let found: Vec<String> = diagnostics
        .iter()
        .map(|one| one.severity.to_string())
        .collect();
    assert_eq!(found, ["note", "note"]);
}
