use serde_json::{Value, json};

use crate::support::{messages, operation, schema, schema_with};

/// What a schema of 3.0 becomes.
fn v30(text: &str) -> Value {
    schema("3.0.3", text).0
}

/// What a schema of 3.1 becomes.
fn v31(text: &str) -> Value {
    schema("3.1.0", text).0
}

#[test]
fn nullable_adds_null_to_the_type_and_the_enum() {
    assert_eq!(
        v30("{type: string, nullable: true}"),
        json!({"type": ["string", "null"]})
    );
    assert_eq!(
        v30("{type: string, nullable: true, enum: [a]}"),
        json!({"type": ["string", "null"], "enum": ["a", null]})
    );
    assert_eq!(
        v30("{type: string, nullable: false}"),
        json!({"type": "string"})
    );
}

#[test]
fn a_type_that_is_listed_twice_is_published_once() {
    for (listed, expected) in [
        ("[string, string]", json!("string")),
        ("[string, null, null]", json!(["string", "null"])),
        ("[null, 'null', string]", json!(["null", "string"])),
    ] {
        assert_eq!(
            v31(&format!("{{type: {listed}}}")),
            json!({"type": expected}),
            "{listed}"
        );
        let nullable = v30(&format!("{{type: {listed}, nullable: true}}"));
        let names = nullable["type"].as_array().unwrap();
        assert_eq!(names.len(), 2, "{listed}: {nullable}");
    }
}

#[test]
fn nullable_compositions_are_beside_null() {
    assert_eq!(
        v30("{nullable: true, description: d, allOf: [{type: object}]}"),
        json!({"description": "d", "anyOf": [{"allOf": [{"type": "object"}]}, {"type": "null"}]})
    );
}

#[test]
fn boolean_bounds_become_numbers() {
    assert_eq!(
        v30(
            "{type: number, minimum: 1, exclusiveMinimum: true, maximum: 5, exclusiveMaximum: false}"
        ),
        json!({"type": "number", "exclusiveMinimum": 1, "maximum": 5})
    );
    assert_eq!(v31("{exclusiveMinimum: 1}"), json!({"exclusiveMinimum": 1}));
}

#[test]
fn numbers_stay_as_written() {
    let large = v31("{type: integer, maximum: 18446744073709551616, multipleOf: 1.10}");
    assert_eq!(
        large.to_string(),
        r#"{"type":"integer","maximum":18446744073709551616,"multipleOf":1.10}"#
    );
}

#[test]
fn an_example_becomes_examples() {
    assert_eq!(
        v30("{example: {$ref: x}}"),
        json!({"examples": [{"$ref": "x"}]})
    );
}

#[test]
fn what_clients_do_not_know_is_dropped() {
    assert_eq!(
        v30("{type: string, xml: {name: x}, externalDocs: {url: u}, x-y: 1, readOnly: true}"),
        json!({"type": "string"})
    );
}

#[test]
fn values_are_not_searched_for_references() {
    let text = "{default: {$ref: '#/x'}, const: {$ref: '#/x'}, enum: [{$ref: '#/x'}]}";
    let (published, diagnostics) = schema("3.1.0", text);
    assert_eq!(published["const"], json!({"$ref": "#/x"}));
    assert!(diagnostics.is_empty());
}

#[test]
fn a_property_may_be_called_ref() {
    assert_eq!(
        v31("{properties: {$ref: {type: string}, type: {type: integer}}}"),
        json!({"properties": {"$ref": {"type": "string"}, "type": {"type": "integer"}}})
    );
}

#[test]
fn siblings_of_a_reference_count_since_3_1() {
    let text = "{$ref: '#/components/schemas/A', description: here}";
    let of = |version| schema_with(version, text, "    A: {type: string}\n").1;
    assert_eq!(of("3.0.0"), json!({"$ref": "#/$defs/A"}));
    assert_eq!(
        of("3.1.0"),
        json!({"$ref": "#/$defs/A", "description": "here"})
    );
}

#[test]
fn boolean_schemas_are_written_as_objects() {
    assert_eq!(
        v31("{properties: {a: true, b: false}, additionalProperties: false}"),
        json!({"properties": {"a": {}, "b": {"not": {}}}, "additionalProperties": false})
    );
}

#[test]
fn patterns_of_other_dialects_are_dropped_with_a_note() {
    let (published, diagnostics) = schema("3.0.0", "{type: string, pattern: '(?i)a'}");
    assert_eq!(published, json!({"type": "string"}));
    assert_eq!(diagnostics[0].severity.to_string(), "note");
    assert_eq!(v30("{pattern: '^a+$'}"), json!({"pattern": "^a+$"}));
}

#[test]
fn what_nothing_could_satisfy_is_loosened_and_reported() {
    for (text, expected) in [
        ("{enum: []}", json!({})),
        ("{type: float}", json!({})),
        ("{type: []}", json!({})),
        (
            "{type: integer, enum: [one, two]}",
            json!({"enum": ["one", "two"]}),
        ),
        (
            "{type: array, items: {type: string}, enum: [a, b]}",
            json!({"type": "array", "items": {"type": "string", "enum": ["a", "b"]}}),
        ),
        (
            "{type: array, items: {type: integer}, enum: [a, b]}",
            json!({"items": {"type": "integer"}, "enum": ["a", "b"]}),
        ),
        ("{minimum: 5, maximum: 1}", json!({})),
        ("{minLength: -1}", json!({})),
        ("{minimum: '1'}", json!({})),
        ("{allOf: []}", json!({})),
        ("{required: true}", json!({})),
        ("{properties: []}", json!({})),
        ("[]", json!({})),
        ("{$ref: '#/components/schemas/None'}", json!({})),
        ("{$ref: 'other.yaml#/A'}", json!({})),
        ("{multipleOf: 0}", json!({})),
    ] {
        let (published, diagnostics) = schema("3.1.0", text);
        assert_eq!(published, expected, "{text}");
        assert_eq!(diagnostics.len(), 1, "{text}: {}", messages(&diagnostics));
        assert_eq!(diagnostics[0].line, Some(6), "{text}");
    }
}

#[test]
fn parts_that_are_closed_to_each_other_are_taken_together() {
    let components = "\n    Base: {type: object, additionalProperties: false, properties: {a: {}}}";
    let text = "{type: object, additionalProperties: false, properties: {b: {}}, \
                allOf: [{$ref: '#/components/schemas/Base'}, {additionalProperties: false, properties: {c: {}}}]}";
    let (lowered, published) = schema_with("3.0.0", text, components);
    assert_eq!(
        published,
        json!({
            "type": "object",
            "properties": {"b": {}},
            "allOf": [{"$ref": "#/$defs/Base_part"}, {"properties": {"c": {}}}],
        })
    );
    let part = &lowered.api.definitions["Base_part"].json;
    assert_eq!(*part, json!({"type": "object", "properties": {"a": {}}}));
    let reported = messages(&lowered.diagnostics);
    assert!(
        reported.contains("allows none of the properties"),
        "{reported}"
    );

    // What is closed to nothing that is declared stays as it is.
    let alone = "{type: object, properties: {x: {$ref: '#/components/schemas/Base'}}, \
                 allOf: [{$ref: '#/components/schemas/Open'}]}";
    let open = "\n    Open: {type: object, properties: {y: {}}}\
                \n    Base: {type: object, additionalProperties: false, properties: {a: {}}}";
    let (lowered, published) = schema_with("3.0.0", alone, open);
    assert_eq!(published["allOf"], json!([{"$ref": "#/$defs/Open"}]));
    assert_eq!(
        lowered.api.definitions["Base"].json["additionalProperties"],
        false
    );
}

#[test]
fn older_keywords_get_their_new_names() {
    assert_eq!(
        v31("{items: [{type: string}], dependencies: {a: [b], c: {type: object}}}"),
        json!({
            "prefixItems": [{"type": "string"}],
            "dependentRequired": {"a": ["b"]},
            "dependentSchemas": {"c": {"type": "object"}},
        })
    );
}

#[test]
fn read_only_properties_are_no_inputs() {
    assert_eq!(
        v31(
            "{type: object, required: [a, b], properties: {a: {readOnly: true}, b: {writeOnly: true}}}"
        ),
        json!({"type": "object", "required": ["b"], "properties": {"b": {}}})
    );
}

#[test]
fn read_only_counts_across_all_of_and_references() {
    let (lowered, published) = schema_with(
        "3.0.0",
        "{allOf: [{$ref: '#/components/schemas/Base'}, {required: [id, name]}]}",
        "    Base: {type: object, properties: {id: {$ref: '#/components/schemas/Id'}, name: {}}}\n    \
         Id: {type: string, readOnly: true}\n",
    );
    assert_eq!(published["allOf"][1], json!({"required": ["name"]}));
    assert_eq!(
        lowered.api.definitions["Base"].json,
        json!({"type": "object", "properties": {"name": {}}})
    );
}

#[test]
fn a_discriminator_guides_the_reader() {
    let text = "{description: A pet., oneOf: [{type: object}], discriminator: {propertyName: kind, \
                mapping: {cat: '#/x', dog: '#/y'}}}";
    assert_eq!(
        v31(text)["description"],
        "A pet.\n\n`kind` selects the variant: cat, dog"
    );
    assert!(v31(text).get("discriminator").is_none());
}

#[test]
fn deep_nesting_ends_in_anything() {
    let text = format!("{}{{}}{}", "{items: ".repeat(100), "}".repeat(100));
    let (published, diagnostics) = schema("3.1.0", &text);
    let (start, end) = (r#"{"items":"#.repeat(41), "}".repeat(41));
    assert_eq!(published.to_string(), format!("{start}{{}}{end}"));
    assert_eq!(diagnostics.len(), 1);
}

#[test]
fn values_nested_too_deep_are_dropped() {
    let text = format!("{{default: {}{}}}", "[".repeat(100), "]".repeat(100));
    let (published, diagnostics) = schema("3.1.0", &text);
    assert_eq!((published, diagnostics.len()), (json!({}), 1));
}

#[test]
fn every_published_schema_compiles() {
    let texts = [
        "{type: [string, 'null'], pattern: '^\\p{L}$', format: uuid}",
        "{if: {type: string}, then: {minLength: 1}, else: false}",
        "{unevaluatedProperties: false, contains: {}, minContains: 0, propertyNames: {pattern: a}}",
    ];
    for text in texts {
        let (operation, _) = operation(
            "3.1.0",
            &format!("parameters: [{{name: p, in: query, schema: {text}}}]"),
            "",
        );
        let compiled = jsonschema::draft202012::new(&operation.input.json);
        assert!(compiled.is_ok(), "{text}: {:?}", compiled.err());
    }
}

#[test]
fn a_pattern_that_needs_no_flag_is_written_so_that_it_can_have_one() {
    let text = r"{pattern: '^[\w-.]+\@$', patternProperties: {'^\_': {}}}";
    let (published, diagnostics) = schema("3.1.0", text);
    assert_eq!(published["pattern"], r"^[\w\-.]+@$");
    assert_eq!(published["patternProperties"], json!({"^_": {}}));
    assert!(messages(&diagnostics).contains(r"the pattern is written `^[\w\-.]+@$`"));
}

#[test]
fn patterns_that_some_clients_refuse_are_published_in_an_equal_form() {
    let (published, diagnostics) = schema(
        "3.0.3",
        r"{type: string, pattern: '^(?![0-9]+$)(?=.*x)[a-z0-9_\-\[]+$', not: {enum: [x]}, allOf: [{minLength: 1}]}",
    );
    assert_eq!(
        published,
        json!({
            "type": "string",
            "pattern": r"^[a-z0-9_\-\[]+$",
            "not": {"enum": ["x"]},
            "allOf": [
                {"minLength": 1},
                {"pattern": "^.*x"},
                {"not": {"pattern": "^[0-9]+$", "type": "string"}},
            ],
        })
    );
    assert!(messages(&diagnostics).contains("looks ahead or behind"));
    let (published, _) = schema("3.0.3", r"{type: string, pattern: '^[a-z@#=[\]{}]*$'}");
    assert_eq!(published["pattern"], r"^[a-z@#=\[\]{}]*$");
}

#[test]
fn patterns_without_an_equal_form_are_checked_and_not_published() {
    let (lowered, checked) = schema_with(
        "3.0.3",
        "{type: object, properties: {a: {$ref: '#/components/schemas/Name'}, n: {type: integer, minimum: 1}}}",
        "    Name: {type: string, maxLength: 9, pattern: '^\\p{L}+(?!x)$'}\n",
    );
    assert_eq!(
        checked["properties"]["n"],
        json!({"type": "integer", "minimum": 1})
    );
    assert_eq!(
        lowered.api.definitions["Name"].json["pattern"],
        r"^\p{L}+(?!x)$"
    );
    let published = lowered.api.operations[0].published.as_ref().unwrap();
    assert_eq!(
        published.json["$defs"],
        json!({"Name": {"type": "string", "maxLength": 9}})
    );
    assert_eq!(published.json["properties"]["p"], checked);
}

#[test]
fn names_of_a_pattern_that_is_dropped_are_not_forbidden() {
    let (published, _) = schema(
        "3.1.0",
        r"{type: object, properties: {a: {}}, patternProperties: {'^\p{L}$': {}}, additionalProperties: false}",
    );
    assert!(
        published.get("additionalProperties").is_none(),
        "{published}"
    );
}
