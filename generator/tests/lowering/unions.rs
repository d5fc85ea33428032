//! Unions: exactly one branch where something distinguishes the branches, any of them elsewhere.

use serde_json::{Value, json};

use crate::support::{messages, schema, schema_with};

/// The keyword of the union that the schema is published as.
fn keyword(published: &Value) -> &'static str {
    match (published.get("oneOf"), published.get("anyOf")) {
        (Some(_), None) => "oneOf",
        (None, Some(_)) => "anyOf",
        _ => "neither",
    }
}

#[test]
fn branches_that_overlap_accept_what_any_of_them_accepts() {
    for union in [
        "[{type: integer}, {type: number}]",
        "[{type: string, enum: [Courier, Georgia]}, {type: string}]",
        "[{type: string, format: uuid}, {type: string, format: email}]",
        "[{type: integer, enum: [0, 10]}, {type: integer, minimum: 0}]",
        "[{type: object, properties: {a: {type: boolean}, b: {type: boolean}}}, {type: object, properties: {a: {type: boolean}, c: {}}}]",
        "[{type: object, required: [a], properties: {a: {}}}, {type: object, properties: {b: {}}}]",
        "[{type: object}, {type: object, additionalProperties: {type: string}}]",
        "[{type: array, items: {type: string}}, {type: array, items: {type: integer}}]",
        "[{}, {type: string}]",
    ] {
        let (published, _) = schema("3.0.3", &format!("{{oneOf: {union}}}"));
        assert_eq!(keyword(&published), "anyOf", "{union}");
    }
}

#[test]
fn branches_that_something_distinguishes_stay_exclusive() {
    for union in [
        "[{type: integer}, {type: string}]",
        "[{type: string, enum: [a, b]}, {type: string, enum: [c]}]",
        "[{required: [a]}, {required: [b]}]",
        "[{type: object, required: [card], properties: {card: {}}}, {type: object, required: [bank], properties: {bank: {}}}]",
        "[{type: object, required: [t], properties: {t: {enum: [x]}}}, {type: object, required: [t], properties: {t: {enum: [y]}}}]",
        "[{type: object, required: [id], properties: {id: {type: string}}}, {type: object, properties: {id: {type: integer}}}]",
        "[{type: object, properties: {a: {}}, additionalProperties: false}, {type: object, required: [b], properties: {b: {}}}]",
        "[{type: number, nullable: true, enum: [null]}, {type: string}]",
    ] {
        let (published, _) = schema("3.0.3", &format!("{{oneOf: {union}}}"));
        assert_eq!(keyword(&published), "oneOf", "{union}");
    }
}

#[test]
fn branches_are_compared_through_references_and_compositions() {
    let components = "    A: {allOf: [{$ref: '#/components/schemas/Base'}, {required: [kind], properties: {kind: {enum: [a]}}}]}\n\
                      \x20   B: {allOf: [{$ref: '#/components/schemas/Base'}, {required: [kind], properties: {kind: {enum: [b]}}}]}\n\
                      \x20   C: {allOf: [{$ref: '#/components/schemas/Base'}]}\n\
                      \x20   Base: {type: object, properties: {kind: {type: string}}}\n";
    let of = |names: &[&str]| {
        let branches: Vec<String> = names
            .iter()
            .map(|name| format!("{{$ref: '#/components/schemas/{name}'}}"))
            .collect();
        let (_, published) = schema_with(
            "3.0.3",
            &format!("{{oneOf: [{}]}}", branches.join(", ")),
            components,
        );
        keyword(&published)
    };
    assert_eq!(of(&["A", "B"]), "oneOf");
    assert_eq!(of(&["A", "C"]), "anyOf");
}

#[test]
fn a_union_beside_another_stays_beside_it() {
    let (published, _) = schema(
        "3.1.0",
        "{anyOf: [{minLength: 1}, {type: integer}], oneOf: [{type: integer}, {type: number}, {type: string}]}",
    );
    assert_eq!(
        published["anyOf"],
        json!([{"minLength": 1}, {"type": "integer"}])
    );
    assert_eq!(
        published["allOf"],
        json!([{"anyOf": [{"type": "integer"}, {"type": "number"}, {"type": "string"}]}])
    );
}

#[test]
fn a_union_within_a_negation_stays() {
    let (published, _) = schema("3.1.0", "{not: {oneOf: [{type: integer}, {type: number}]}}");
    assert_eq!(keyword(&published["not"]), "oneOf");
}

#[test]
fn what_is_required_is_allowed_where_other_properties_are_forbidden() {
    let (published, diagnostics) = schema(
        "3.0.3",
        "{type: object, required: [a, b], properties: {a: {type: string}}, additionalProperties: false}",
    );
    assert_eq!(
        published["properties"],
        json!({"a": {"type": "string"}, "b": {}})
    );
    assert!(messages(&diagnostics).contains("`b` is required, and forbidden"));
}

#[test]
fn a_schema_that_is_closed_to_what_its_branches_require_is_opened() {
    let (published, diagnostics) = schema(
        "3.0.3",
        "{type: object, properties: {a: {}}, additionalProperties: false, oneOf: [{required: [b]}, {required: [c], properties: {c: {}}}]}",
    );
    assert!(
        published.get("additionalProperties").is_none(),
        "{published}"
    );
    assert!(messages(&diagnostics).contains("the parts are taken as open"));
}

#[test]
fn branches_that_are_closed_to_what_the_schema_declares_are_opened() {
    let (_, published) = schema_with(
        "3.0.3",
        "{type: object, properties: {common: {}}, anyOf: [{$ref: '#/components/schemas/A'}, {properties: {b: {}}, additionalProperties: false}]}",
        "    A: {type: object, properties: {a: {}}, additionalProperties: false}\n",
    );
    assert!(
        !published.to_string().contains("additionalProperties"),
        "{published}"
    );
    assert_eq!(published["anyOf"][0], json!({"$ref": "#/$defs/A_part"}));
}

#[test]
fn schemas_that_contain_themselves_are_compared() {
    let (_, published) = schema_with(
        "3.0.3",
        "{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}]}",
        "    A: {oneOf: [{$ref: '#/components/schemas/B'}, {type: array, items: {$ref: '#/components/schemas/A'}}]}\n\
         \x20   B: {type: object, properties: {a: {$ref: '#/components/schemas/A'}}}\n",
    );
    assert_eq!(keyword(&published), "anyOf");
}
