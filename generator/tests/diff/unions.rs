//! Unions: schemas that become one, two unions in one schema, and null as a variant.

use crate::support::{answer, assert_none, assert_one, described, parameter};

/// A description whose operation answers with `schema`, which may refer to `Pet` and `Dog`.
fn shared(version: &str, schema: &str) -> String {
    let content = format!("{{application/json: {{schema: {schema}}}}}");
    let responses = format!("{{'200': {{description: d, content: {content}}}}}");
    described(
        version,
        &format!(
            "paths: {{/pets: {{get: {{operationId: list_pets, responses: {responses}}}}}}}, \
             components: {{schemas: {{\
             Pet: {{type: object, required: [id], properties: {{id: {{type: integer}}, name: {{type: \
             string}}}}}}, \
             Dog: {{type: object, properties: {{bark: {{type: string}}}}}}}}}}"
        ),
    )
}

const PET: &str = "{$ref: '#/components/schemas/Pet'}";
const EITHER: &str =
    "{oneOf: [{$ref: '#/components/schemas/Pet'}, {$ref: '#/components/schemas/Dog'}]}";

#[test]
fn answer_that_becomes_a_union_is_one_widening() {
    let (plain, union) = (shared("3.1.0", PET), shared("3.1.0", EITHER));
    let widened = "output_widened list_pets: the answer: has more variants now";
    assert_one(&plain, &union, widened, "minor");
    let narrowed = "output_narrowed list_pets: the answer: has only one of its variants now";
    assert_one(&union, &plain, narrowed, "minor");
}

#[test]
fn argument_that_becomes_a_union_is_one_widening() {
    for (plain, union) in [
        (
            "{type: string, maxLength: 5}",
            "{anyOf: [{type: string, maxLength: 5}, {type: integer}]}",
        ),
        (
            "{type: array, items: {type: string}, maxItems: 5}",
            "{anyOf: [{type: integer}, {type: array, items: {type: string}, maxItems: 5}]}",
        ),
        (
            "{type: [string, 'null'], enum: [a, b, null]}",
            "{oneOf: [{enum: [a, b], type: string}, {type: integer}, {type: 'null'}]}",
        ),
        (
            "{maxLength: 5}",
            "{anyOf: [{maxLength: 5}, {type: string}]}",
        ),
    ] {
        let (plain, union) = (parameter("3.1.0", plain), parameter("3.1.0", union));
        let widened = "argument_widened list_pets p: has more variants now";
        assert_one(&plain, &union, widened, "minor");
        let narrowed = "!argument_narrowed list_pets p: has only one of its variants now";
        assert_one(&union, &plain, narrowed, "major");
    }
}

#[test]
fn schema_that_becomes_a_union_without_it_is_one_change() {
    assert_one(
        &parameter("3.1.0", "{type: string, maxLength: 5}"),
        &parameter("3.1.0", "{anyOf: [{type: boolean}, {type: integer}]}"),
        "!contract_changed list_pets p: has variants now",
        "major",
    );
    assert_one(
        &answer("{type: object, properties: {a: {type: string}, b: {type: string}}}"),
        &answer("{oneOf: [{type: string}, {type: integer}]}"),
        "!contract_changed list_pets: the answer: has variants now",
        "major",
    );
}

#[test]
fn answer_that_may_be_null_is_one_widening_however_it_is_written() {
    let widened = "output_widened list_pets: the answer: may be null now";
    let narrowed = "output_narrowed list_pets: the answer: can no longer be null";
    for (version, nullable) in [
        (
            "3.1.0",
            "{anyOf: [{$ref: '#/components/schemas/Pet'}, {type: 'null'}]}",
        ),
        (
            "3.1.0",
            "{oneOf: [{type: ['null']}, {$ref: '#/components/schemas/Pet'}]}",
        ),
        (
            "3.1.0",
            "{oneOf: [{const: null}, {$ref: '#/components/schemas/Pet'}]}",
        ),
        (
            "3.0.3",
            "{allOf: [{$ref: '#/components/schemas/Pet'}], nullable: true}",
        ),
    ] {
        let (plain, nullable) = (shared(version, PET), shared(version, nullable));
        assert_one(&plain, &nullable, widened, "minor");
        assert_one(&nullable, &plain, narrowed, "minor");
    }
}

#[test]
fn answer_that_may_be_null_is_the_same_in_both_versions() {
    assert_none(
        &shared(
            "3.0.3",
            "{allOf: [{$ref: '#/components/schemas/Pet'}], nullable: true}",
        ),
        &shared(
            "3.1.0",
            "{oneOf: [{$ref: '#/components/schemas/Pet'}, {type: 'null'}]}",
        ),
    );
}

#[test]
fn each_of_two_unions_in_one_schema_is_compared() {
    const ONE: &str = "oneOf: [{type: string}, {type: integer}]";
    for (old, new, expected, verdict) in [
        (
            "anyOf: [{maxLength: 9}, {maximum: 9}]",
            "anyOf: [{maxLength: 5}, {maximum: 9}]",
            "!argument_narrowed list_pets p: the greatest length was 9, and is 5 now",
            "major",
        ),
        (
            "anyOf: [{maxLength: 9}, {maximum: 9}]",
            "anyOf: [{maxLength: 9}, {maximum: 9}, {maximum: 20}]",
            "argument_widened list_pets p: the variant `{\"maximum\":20}` is new",
            "minor",
        ),
    ] {
        let with = |other: &str| parameter("3.1.0", &format!("{{{ONE}, {other}}}"));
        assert_one(&with(old), &with(new), expected, verdict);
        let with = |other: &str| parameter("3.1.0", &format!("{{{other}, {ONE}}}"));
        assert_one(&with(old), &with(new), expected, verdict);
    }
    let answered = |other: &str| answer(&format!("{{{ONE}, anyOf: [{other}, {{maximum: 9}}]}}"));
    assert_one(
        &answered("{maxLength: 9}"),
        &answered("{maxLength: 5}"),
        "output_narrowed list_pets: the answer: the greatest length was 9, and is 5 now",
        "minor",
    );
}

#[test]
fn change_that_several_variants_share_is_one_line() {
    let with = |name: &str| {
        let variant = |kind: &str| {
            format!(
                "{{allOf: [{{type: object, required: [{name}], properties: {{{name}: {{type: string}}}}}}, \
                 {{type: object, required: [{kind}], properties: {{{kind}: {{type: string}}}}}}]}}"
            )
        };
        let mut schemas = String::new();
        let mut variants = Vec::new();
        for kind in ["cat", "dog", "fox"] {
            schemas += &format!("{kind}: {}, ", variant(kind));
            variants.push(format!("{{$ref: '#/components/schemas/{kind}'}}"));
        }
        let union = format!("{{oneOf: [{}]}}", variants.join(", "));
        let content = format!("{{application/json: {{schema: {union}}}}}");
        let responses = format!("{{'200': {{description: d, content: {content}}}}}");
        described(
            "3.1.0",
            &format!(
                "paths: {{/pets: {{get: {{operationId: list_pets, responses: {responses}}}}}}}, \
                 components: {{schemas: {{{schemas}}}}}"
            ),
        )
    };
    assert_one(
        &with("kind"),
        &with("sort"),
        "!output_removed list_pets: `kind` in the answer: is called `sort` now",
        "major",
    );
}
