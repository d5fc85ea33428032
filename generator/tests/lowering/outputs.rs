use serde_json::{Value, json};

use crate::support::operation;

/// The output schema of an operation with these responses, in flow style.
fn output(responses: &str, parts: &str) -> Option<Value> {
    let (operation, _) = operation("3.1.0", &format!("responses: {responses}"), parts);
    operation.output.map(|schema| without_notes(schema.json))
}

/// An output schema without the room for notes, which each has.
fn without_notes(mut schema: Value) -> Value {
    let members = schema.as_object_mut().unwrap();
    let properties = members["properties"].as_object_mut().unwrap();
    let notes = properties.shift_remove("_notes");
    if properties.is_empty() {
        members.shift_remove("properties");
    }
    assert_eq!(notes, Some(json!({"type": "object"})));
    schema
}

fn ok(schema: &str) -> String {
    format!("{{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}")
}

#[test]
fn outputs_reject_nothing_but_other_types() {
    let schema = "{type: object, required: [a], additionalProperties: false, properties: {a: {type: string, \
                  format: date, enum: ['x'], pattern: x}, b: {type: array, items: {type: integer, minimum: 1}}, \
                  c: {writeOnly: true}}}";
    assert_eq!(
        output(&ok(schema), "").unwrap(),
        json!({
            "type": "object",
            "properties": {
                "a": {"type": ["string", "null"]},
                "b": {"type": ["array", "null"], "items": {"type": ["integer", "null"]}},
            },
        })
    );
}

#[test]
fn other_json_is_wrapped() {
    assert_eq!(
        output(&ok("{type: array, items: {}}"), "").unwrap(),
        json!({"type": "object", "properties": {"result": {"type": ["array", "null"], "items": {}}}})
    );
}

#[test]
fn a_reference_at_the_root_is_written_out() {
    let parts = "components: {schemas: {A: {type: object, properties: {next: {$ref: '#/components/schemas/A'}}}}}";
    let output = output(&ok("{$ref: '#/components/schemas/A'}"), parts).unwrap();
    assert_eq!(
        output,
        json!({"type": "object", "properties": {"next": {"$ref": "#/$defs/A_output"}}})
    );
}

#[test]
fn variants_may_fit_at_once() {
    let output = output(
        &ok("{oneOf: [{type: object}, {type: object, title: b}]}"),
        "",
    )
    .unwrap();
    assert_eq!(output["type"], "object");
    assert_eq!(
        output["anyOf"][1],
        json!({"type": ["object", "null"], "title": "b"})
    );
}

#[test]
fn there_is_none_where_an_answer_may_have_another_shape() {
    for responses in [
        "{'200': {content: {application/json: {schema: {oneOf: [{type: object}, {type: array}]}}}}}",
        "{'200': {content: {application/json: {schema: {}}}}}",
        "{'200': {content: {application/json: {schema: {type: object}}}}, '204': {}}",
        "{'200': {content: {application/json: {schema: {type: object}}}}, '201': {content: {application/json: \
         {schema: {type: array}}}}}",
        "{'200': {content: {text/plain: {schema: {type: string}}}}}",
        "{'200': {content: {application/json: {schema: {type: object}}, text/csv: {}}}}",
        "{'200': {content: {application/json: {schema: {type: object}}}}, '206': {content: {image/png: {}}}}",
        "{2XX: {content: {application/json: {schema: {type: object}}, '*/*': {}}}}",
        "{default: {content: {application/json: {schema: {type: object}}, application/pdf: {}}}}",
        "{'404': {content: {application/json: {schema: {type: object}}}}}",
        "{}",
    ] {
        assert_eq!(output(responses, ""), None, "{responses}");
    }
}

#[test]
fn there_is_none_above_four_kilobytes() {
    let schema = |size: usize| format!("{{type: object, description: '{}'}}", "x".repeat(size));
    assert!(output(&ok(&schema(4000)), "").is_some());
    assert!(output(&ok(&schema(4096)), "").is_none());
}

#[test]
fn conditions_and_negations_reject_no_answer() {
    let schema = "{type: object, properties: {a: {type: string}}, if: {required: [a]}, then: {required: [b]}, \
                  else: {properties: {a: false}}, not: {required: [c]}, dependentRequired: {a: [b]}, \
                  dependentSchemas: {a: false}, propertyNames: {maxLength: 1}, unevaluatedProperties: false, \
                  patternProperties: {x: false}, minProperties: 2, const: {}}";
    assert_eq!(
        output(&ok(schema), "").unwrap(),
        json!({"type": "object", "properties": {"a": {"type": ["string", "null"]}}})
    );
}

#[test]
fn conditions_in_parts_reject_no_answer_either() {
    let parts = "components: {schemas: {B: {type: object, if: {type: object}, then: false, properties: {c: {type: integer}}}}}";
    let schema = "{type: object, allOf: [{if: true, then: false}, {$ref: '#/components/schemas/B'}], \
                  additionalProperties: {if: {}, else: {}, type: integer, maximum: 1}}";
    let (operation, _) = operation("3.1.0", &format!("responses: {}", ok(schema)), parts);
    let output = without_notes(operation.output.unwrap().json);
    assert_eq!(
        output,
        json!({
            "type": "object",
            "allOf": [{}, {"$ref": "#/$defs/B_output"}],
            "additionalProperties": {"type": ["integer", "null"]},
        })
    );
}

#[test]
fn what_is_written_and_read_is_in_answers() {
    let schema =
        "{type: object, properties: {a: {writeOnly: true, readOnly: true}, b: {writeOnly: true}}}";
    let output = output(&ok(schema), "").unwrap();
    assert_eq!(output["properties"], json!({"a": {}}));
}

#[test]
fn a_type_that_is_listed_twice_is_published_once() {
    let schema = "{type: object, properties: {a: {type: [string, string]}, b: {type: [null, string, null]}}}";
    let kind = json!({"type": ["string", "null"]});
    assert_eq!(
        output(&ok(schema), "").unwrap()["properties"],
        json!({"a": kind, "b": kind})
    );
}

#[test]
fn null_beside_objects_leaves_the_answer_an_object() {
    let union = "{anyOf: [{type: object}, {type: 'null'}]}";
    assert_eq!(output(&ok(union), "").unwrap()["type"], "object");
    let list = "{type: [object, 'null']}";
    assert_eq!(output(&ok(list), "").unwrap()["type"], "object");
}

#[test]
fn output_has_room_for_notes_whatever_other_members_are() {
    for schema in [
        "{type: object, additionalProperties: {type: integer}}",
        "{type: object, additionalProperties: false}",
        "{type: object, properties: {_notes: {type: string}}}",
        "{type: object, allOf: [{type: object, properties: {a: {}}}]}",
        "{type: array, items: {type: integer}}",
    ] {
        let (operation, _) = operation("3.1.0", &format!("responses: {}", ok(schema)), "");
        let output = operation.output.unwrap().json;
        let validator = jsonschema::validator_for(&output).unwrap();
        assert!(
            validator.is_valid(&json!({"_notes": {"status": 202}})),
            "{schema}"
        );
    }
}

#[test]
fn there_is_none_where_a_part_leaves_no_room_for_notes() {
    let parts = "components: {schemas: {Counts: {type: object, additionalProperties: {type: integer}}, \
                 Notes: {type: object, properties: {_notes: {type: string}}}}}";
    for schema in [
        "{allOf: [{$ref: '#/components/schemas/Counts'}, {type: object}]}",
        "{oneOf: [{$ref: '#/components/schemas/Notes'}, {type: object}]}",
        "{anyOf: [{allOf: [{type: object, additionalProperties: {type: integer}}]}, {type: object}]}",
    ] {
        assert_eq!(output(&ok(schema), parts), None, "{schema}");
    }
}
