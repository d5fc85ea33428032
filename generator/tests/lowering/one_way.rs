//! Properties that travel one way only (`readOnly`, `writeOnly`), wherever they are declared.

use serde_json::{Value, json};

use crate::support::{described, lowered, operation};

/// The definitions of an operation whose body is the schema `Root`.
fn definitions(version: &str, components: &str) -> (Value, Value) {
    let (_, json) = all(version, components, false);
    json
}

fn all(
    version: &str,
    components: &str,
    outputs: bool,
) -> (generator::ir::Operation, (Value, Value)) {
    let found = described(
        version,
        &format!(
            "  /x:\n    post:\n      requestBody: {{required: true, content: {{application/json: \
             {{schema: {{$ref: '#/components/schemas/Root'}}}}}}}}\n      responses: {{'200': \
             {{description: ok, content: {{application/json: {{schema: {{$ref: \
             '#/components/schemas/Root'}}}}}}}}}}\ncomponents:\n  schemas:\n{components}"
        ),
    );
    let operation = found.api.operations[0].clone();
    let definitions: serde_json::Map<String, Value> = found
        .api
        .definitions
        .iter()
        .filter(|(name, _)| outputs || !name.ends_with("_output"))
        .map(|(name, schema)| (name.clone(), schema.json.clone()))
        .collect();
    let input = operation.input.json.clone();
    (operation, (input, Value::Object(definitions)))
}

#[test]
fn read_only_properties_of_branches_are_neither_shown_nor_required() {
    let (_, definitions) = definitions(
        "3.0.3",
        "    Root: {oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/Txt'}]}
    Base:
      type: object
      required: [id, created_on, changed_on, name]
      properties:
        id: {type: string, readOnly: true}
        created_on: {allOf: [{$ref: '#/components/schemas/Stamp'}]}
        changed_on: {anyOf: [{$ref: '#/components/schemas/Stamp'}, {enum: [null], readOnly: true}]}
        name: {type: string}
    Stamp: {type: string, format: date-time, readOnly: true}
    A: {allOf: [{$ref: '#/components/schemas/Base'}, {type: object, required: [type], properties: {type: {type: string, enum: [A]}}}]}
    Txt: {allOf: [{$ref: '#/components/schemas/Base'}, {type: object, required: [type], properties: {type: {type: string, enum: [TXT]}}}]}
",
    );
    assert_eq!(definitions["Base"]["required"], json!(["name"]));
    assert_eq!(
        definitions["Base"]["properties"],
        json!({"name": {"type": "string"}})
    );
}

#[test]
fn what_a_part_requires_and_another_declares_read_only_is_not_required() {
    let (input, definitions) = definitions(
        "3.0.3",
        "    Root: {allOf: [{$ref: '#/components/schemas/Needs'}, {$ref: '#/components/schemas/Has'}, {required: [id, name]}]}
    Needs: {required: [id, name]}
    Has: {type: object, properties: {id: {type: string, readOnly: true}, name: {type: string}}}
",
    );
    let all = format!("{input}{definitions}");
    assert!(!all.contains("\"id\""), "{all}");
    assert!(all.contains(r#""required":["name"]"#), "{all}");
}

#[test]
fn what_a_schema_requires_and_its_branches_declare_read_only_is_not_required() {
    let (_, definitions) = definitions(
        "3.0.3",
        "    Root:
      type: object
      required: [id, kind]
      properties: {kind: {type: string}}
      oneOf:
        - {properties: {id: {type: string, readOnly: true}, a: {type: string}}, required: [a]}
        - {properties: {id: {type: string, readOnly: true}, b: {type: string}}, required: [b]}
",
    );
    assert_eq!(definitions["Root"]["required"], json!(["kind"]));
    assert!(!definitions.to_string().contains("\"id\""), "{definitions}");
}

#[test]
fn what_branches_require_and_the_schema_declares_read_only_is_not_required() {
    let (_, definitions) = definitions(
        "3.0.3",
        "    Root:
      type: object
      properties: {id: {type: string, readOnly: true}, name: {type: string}}
      anyOf: [{required: [id, name]}, {$ref: '#/components/schemas/Needs'}]
    Needs: {required: [id]}
",
    );
    assert!(!definitions.to_string().contains("\"id\""), "{definitions}");
}

#[test]
fn read_only_properties_of_items_are_neither_shown_nor_required() {
    let (_, definitions) = definitions(
        "3.0.3",
        "    Root:
      type: object
      additionalProperties: true
      properties:
        rows: {type: array, items: {allOf: [{$ref: '#/components/schemas/Row'}, {required: [id, n]}]}}
    Row: {type: object, required: [id], properties: {id: {readOnly: true}, n: {type: integer}}}
",
    );
    assert!(!definitions.to_string().contains("\"id\""), "{definitions}");
}

#[test]
fn what_is_read_only_in_one_branch_alone_can_be_sent_in_the_other() {
    let (_, definitions) = definitions(
        "3.0.3",
        "    Root:
      oneOf:
        - {type: object, properties: {id: {type: string, readOnly: true}, a: {type: string}}}
        - {type: object, required: [id], properties: {id: {type: string}}}
",
    );
    let branches = definitions["Root"]["oneOf"]
        .as_array()
        .or(definitions["Root"]["anyOf"].as_array());
    let branches = branches.unwrap();
    assert!(branches[0]["properties"].get("id").is_none());
    assert_eq!(branches[1]["required"], json!(["id"]));
}

#[test]
fn schemas_that_contain_themselves_and_hide_properties_end() {
    let found = lowered(
        "openapi: 3.0.3
info: {title: t, version: '1'}
paths:
  /x:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
      responses: {}
components:
  schemas:
    A: {properties: {id: {readOnly: true}}, allOf: [{$ref: '#/components/schemas/B'}]}
    B: {required: [id], oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}
",
    );
    assert_eq!(found.api.operations.len(), 1);
}

#[test]
fn write_only_properties_are_not_shown_of_answers_wherever_they_are_declared() {
    let (operation, (_, definitions)) = all(
        "3.0.3",
        "    Root:
      type: object
      properties:
        name: {type: string}
        secret: {allOf: [{$ref: '#/components/schemas/Secret'}]}
        rows: {type: array, items: {$ref: '#/components/schemas/Row'}}
    Secret: {type: string, writeOnly: true}
    Row: {allOf: [{type: object, properties: {pin: {type: string}, n: {type: integer}}}, {properties: {pin: {writeOnly: true}}}]}
",
        true,
    );
    let shown = format!(
        "{}{}",
        operation.output.unwrap().json,
        definitions["Row_output"]
    );
    assert!(
        !shown.contains("secret") && !shown.contains("pin"),
        "{shown}"
    );
    assert!(shown.contains("name"), "{shown}");
}

#[test]
fn a_plain_body_shows_no_property_that_a_part_says_is_read_only() {
    let (operation, _) = operation(
        "3.1.0",
        "requestBody: {required: true, content: {application/json: {schema: {type: object, required: [id, a], properties: \
         {id: {allOf: [{type: string}, {readOnly: true}]}, a: {type: string}}}}}}",
        "",
    );
    assert_eq!(operation.input.json["required"], json!(["a"]));
    assert!(operation.input.json["properties"].get("id").is_none());
}

#[test]
fn requests_without_read_only_properties_are_accepted_whatever_part_requires_these() {
    let read_only = "id: {type: string, readOnly: true}";
    for (schema, value) in [
        (
            format!(
                "{{type: object, properties: {{{read_only}, name: {{}}}}, anyOf: [{{required: [id]}}, {{required: [name]}}]}}"
            ),
            json!({}),
        ),
        (
            format!(
                "{{type: object, properties: {{{read_only}, k: {{}}}}, dependentRequired: {{k: [id]}}}}"
            ),
            json!({"k": 1}),
        ),
        (
            format!(
                "{{type: object, dependentSchemas: {{k: {{required: [id], properties: {{{read_only}}}}}}}}}"
            ),
            json!({"k": 1}),
        ),
        (
            format!(
                "{{type: object, properties: {{k: {{}}}}, if: {{required: [k]}}, then: {{required: [id], properties: {{{read_only}}}}}}}"
            ),
            json!({"k": 1}),
        ),
        (
            format!(
                "{{allOf: [{{properties: {{{read_only}}}}}, {{required: [id, n], properties: {{n: {{}}}}}}]}}"
            ),
            json!({"n": 1}),
        ),
        (
            format!(
                "{{patternProperties: {{'^x': {{required: [id], properties: {{{read_only}}}}}}}}}"
            ),
            json!({"x": {}}),
        ),
    ] {
        let list = format!("{{type: array, items: {schema}}}");
        let (published, _) = crate::support::schema("3.1.0", &list);
        let text = published.to_string();
        assert!(!text.contains("\"id\""), "{schema}: {text}");
        let validator = jsonschema::draft202012::new(&published).unwrap();
        assert!(validator.is_valid(&json!([value])), "{schema}: {text}");
    }
}
