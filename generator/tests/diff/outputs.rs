//! What callers read.

use crate::support::{answer, assert_none, assert_one, described, read};

#[test]
fn answer_that_differs_by_one_thing_is_one_change() {
    const NAME: &str = "{type: object, properties: {name: {type: string}}}";
    for (old, new, expected, verdict) in [
        (
            NAME,
            "{type: object, properties: {name: {type: string}, age: {type: integer}}}",
            "output_added list_pets: `age` in the answer: is new",
            "minor",
        ),
        (
            "{type: object, properties: {name: {type: string}, age: {type: integer}}}",
            NAME,
            "!output_removed list_pets: `age` in the answer: is gone",
            "major",
        ),
        (
            "{type: object, properties: {s: {enum: [a, b]}}}",
            "{type: object, properties: {s: {enum: [a]}}}",
            "output_narrowed list_pets: `s` in the answer: `\"b\"` is no longer among the values",
            "minor",
        ),
        (
            "{type: object, properties: {s: {enum: [a]}}}",
            "{type: object, properties: {s: {enum: [a, b]}}}",
            "output_widened list_pets: `s` in the answer: `\"b\"` is new among the values",
            "minor",
        ),
        (
            NAME,
            "{type: object, required: [name], properties: {name: {type: string}}}",
            "output_narrowed list_pets: `name` in the answer: is always there now",
            "minor",
        ),
        (
            "{type: object, required: [name], properties: {name: {type: string}}}",
            NAME,
            "output_widened list_pets: `name` in the answer: may be missing now",
            "minor",
        ),
        (
            NAME,
            "{type: object, properties: {name: {type: [string, 'null']}}}",
            "output_widened list_pets: `name` in the answer: may be null now",
            "minor",
        ),
        (
            NAME,
            "{type: object, properties: {name: {type: [string, integer]}}}",
            "output_widened list_pets: `name` in the answer: the type was string, and is integer or string now",
            "minor",
        ),
        (
            NAME,
            "{type: object, properties: {name: {type: integer}}}",
            "!contract_changed list_pets: `name` in the answer: the type was string, and is integer now",
            "major",
        ),
        (
            NAME,
            "{type: object, properties: {name: {type: string, writeOnly: true}}}",
            "!output_removed list_pets: `name` in the answer: is gone",
            "major",
        ),
        (
            NAME,
            "{type: object, properties: {name: {type: string, description: d}}}",
            "description_changed list_pets: `name` in the answer: the description changed",
            "patch",
        ),
        (
            "{type: array, items: {type: object, properties: {a: {type: string}}}}",
            "{type: array, items: {type: object, properties: {a: {type: string}, b: {type: string}}}}",
            "output_added list_pets: `[].b` in the answer: is new",
            "minor",
        ),
        (
            "{type: object, properties: {at: {type: string, format: date}}}",
            "{type: object, properties: {at: {type: string, format: date-time}}}",
            "!contract_changed list_pets: `at` in the answer: the format was `date`, and is `date-time` now",
            "major",
        ),
        (
            NAME,
            "{type: array, items: {type: string}}",
            "!contract_changed list_pets: the answer: the type was object, and is array now",
            "major",
        ),
    ] {
        assert_one(&answer(old), &answer(new), expected, verdict);
    }
}

fn responds(responses: &str) -> String {
    read(&format!("responses: {{{responses}}}"))
}

#[test]
fn presence_and_media_type_of_the_answer_are_one_change() {
    const JSON: &str =
        "'200': {description: d, content: {application/json: {schema: {type: object}}}}";
    for (old, new, expected, verdict) in [
        (
            "'200': {description: d}",
            JSON,
            "output_added list_pets: the answer: is described now",
            "minor",
        ),
        (
            JSON,
            "'204': {description: d}",
            "!output_removed list_pets: the answer: is no longer described",
            "major",
        ),
        (
            JSON,
            "'200': {description: d, content: {application/json: {}}}",
            "!output_removed list_pets: the answer: is no longer described",
            "major",
        ),
        (
            JSON,
            "'200': {description: d, content: {text/csv: {schema: {type: string}}}}",
            "!media_type_changed list_pets: the answer was `application/json`, and is `text/csv` now",
            "major",
        ),
        (
            JSON,
            "'200': {description: d, content: {application/json: {schema: {type: object}}, text/csv: {}}}",
            "media_type_changed list_pets: the answer was `application/json`, and is `application/json` and `text/csv` now",
            "minor",
        ),
        (
            JSON,
            "'200': {description: d, headers: {X-Total: {schema: {type: integer}}}, content: {application/json: {schema: {type: object}}}}",
            "output_added list_pets: the header field `x-total` of the answer is new",
            "minor",
        ),
    ] {
        assert_one(&responds(old), &responds(new), expected, verdict);
    }
}

#[test]
fn what_no_answer_of_success_shows_is_no_change() {
    const JSON: &str =
        "'200': {description: d, content: {application/json: {schema: {type: object}}}}";
    for new in [
        "'201': {description: d, content: {application/json: {schema: {type: object}}}}",
        "'200': {description: other, content: {application/json: {schema: {type: object}}}}",
        "'200': {description: d, content: {application/json: {schema: {type: object}}}}, '404': {description: e}",
        "'200': {description: d, content: {application/json: {schema: {type: object}, example: {a: 1}}}}",
        "'200': {description: d, headers: {X-RateLimit-Limit: {schema: {type: integer}}}, content: {application/json: {schema: {type: object}}}}",
    ] {
        assert_none(&responds(JSON), &responds(new));
    }
    let referring = described(
        "3.1.0",
        "paths: {/pets: {get: {operationId: list_pets, responses: {'200': {$ref: '#/components/responses/R'}}}}}, \
         components: {responses: {R: {description: d, content: {application/json: {schema: {$ref: \
         '#/components/schemas/S'}}}}}, schemas: {S: {type: object}}}",
    );
    assert_none(&responds(JSON), &referring);
}

#[test]
fn answer_too_large_to_be_published_is_compared_all_the_same() {
    let with = |more: &str| {
        let many: Vec<String> = (0..200)
            .map(|n| format!("property_{n}: {{type: string, description: A property.}}"))
            .collect();
        answer(&format!(
            "{{type: object, properties: {{{}{more}}}}}",
            many.join(", ")
        ))
    };
    assert_one(
        &with(""),
        &with(", last: {type: string}"),
        "output_added list_pets: `last` in the answer: is new",
        "minor",
    );
}
