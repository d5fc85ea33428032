//! `unevaluatedProperties`: validators of schemas that contain each other stay small.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::{lowered, messages};

/// The input of `POST /x` whose body is `N0`, its definitions in itself, and what is reported.
fn input(components: &Value) -> (Value, String) {
    let api = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"post": {"requestBody": {"required": true, "content": {
            "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/N0"}}}
        }}}}},
        "components": {"schemas": components},
    });
    let lowered = lowered(&api.to_string());
    let mut json = lowered.api.operations[0].input.json.clone();
    let definitions = lowered.api.definitions.iter();
    json["$defs"] = definitions
        .map(|(name, schema)| (name.clone(), schema.json.clone()))
        .collect();
    (json, messages(&lowered.diagnostics))
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap()
}

/// Schemas of which each is composed of all later ones by `keyword`, and the first contains itself. The
/// paths through them double with each, and so do the time and the memory of the validator.
fn composed(count: usize, keyword: &str) -> Value {
    let reference = |n: usize| json!({"$ref": format!("#/components/schemas/N{n}")});
    let mut components = json!({});
    for n in 0..count {
        let mut own = json!({format!("p{n}"): {"type": "string"}});
        if n == 0 {
            own["first"] = reference(0);
        }
        let mut schema = json!({"type": "object", "properties": own});
        if n == 0 || keyword == "anyOf" {
            schema["unevaluatedProperties"] = json!(false);
        }
        let later: Vec<Value> = (n + 1..count).map(reference).collect();
        if !later.is_empty() {
            schema[keyword] = json!(later);
        }
        components[format!("N{n}")] = schema;
    }
    components
}

#[test]
fn properties_that_no_part_declares_are_refused_however_many_paths_lead_to_the_parts() {
    let (input, reported) = input(&composed(12, "allOf"));
    assert_eq!(reported, "");
    assert!(!input.to_string().contains("unevaluated"), "{input}");
    let validator = validator(&input);
    for fits in [
        json!({"p0": "a", "p11": "a"}),
        json!({"first": {"p7": "a", "first": {}}}),
    ] {
        assert!(validator.is_valid(&json!({"body": [fits]})), "{fits}");
    }
    for unfit in [
        json!({"p12": "a"}),
        json!({"first": {"p7": 1}}),
        json!({"first": {"more": "a"}}),
    ] {
        assert!(!validator.is_valid(&json!({"body": [unfit]})), "{unfit}");
    }
}

#[test]
fn what_depends_on_the_value_is_reported_and_left_to_the_api_where_too_many_paths_lead_to_it() {
    let (input, reported) = input(&composed(12, "anyOf"));
    assert!(
        reported.contains("components/schemas/N0 `unevaluatedProperties`"),
        "{reported}"
    );
    let validator = validator(&input);
    assert!(validator.is_valid(&json!({"body": [{"p11": "a"}]})));
    assert!(!validator.is_valid(&json!({"body": [{"p0": 1}]})));
}

#[test]
fn what_depends_on_the_value_is_checked_where_schemas_are_no_circle() {
    let components = json!({"N0": {
        "type": "object",
        "anyOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}],
        "unevaluatedProperties": false,
    }});
    let (input, reported) = input(&components);
    assert_eq!(reported, "");
    let validator = validator(&input);
    assert!(validator.is_valid(&json!({"body": [{"a": 1}]})));
    assert!(!validator.is_valid(&json!({"body": [{"a": 1, "c": 1}]})));
}

#[test]
fn patterns_and_additional_properties_of_parts_count() {
    let open = json!({
        "N0": {"type": "object", "allOf": [{"$ref": "#/components/schemas/Open"}], "unevaluatedProperties": false,
               "properties": {"next": {"$ref": "#/components/schemas/N0"}}},
        "Open": {"type": "object", "additionalProperties": {"type": ["string", "object"]}},
    });
    let (schema, _) = input(&open);
    assert!(validator(&schema).is_valid(&json!({"body": [{"any": "a", "next": {"more": "a"}}]})));
    let patterns = json!({
        "N0": {"type": "object", "allOf": [{"$ref": "#/components/schemas/P"}], "unevaluatedProperties": false,
               "properties": {"next": {"$ref": "#/components/schemas/N0"}}},
        "P": {"type": "object", "patternProperties": {"^x-": {"type": "string"}}},
    });
    let (schema, _) = input(&patterns);
    let validator = validator(&schema);
    assert!(validator.is_valid(&json!({"body": [{"x-a": "a", "next": {"x-b": "b"}}]})));
    assert!(!validator.is_valid(&json!({"body": [{"next": {"y-b": "b"}}]})));
    assert!(!validator.is_valid(&json!({"body": [{"x-a": 1}]})));
}
