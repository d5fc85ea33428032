//! Arguments that travel outside the body.

use crate::support::{assert_none, assert_one, described, diff, lines, read};

/// A description of an operation with these parameters.
fn with(parameters: &str) -> String {
    read(&format!("parameters: [{parameters}]"))
}

/// An operation at this path, in a description.
fn at(path: &str, fields: &str) -> String {
    described(
        "3.1.0",
        &format!("paths: {{{path}: {{get: {{operationId: get_pet, {fields}}}}}}}"),
    )
}

const LIMIT: &str = "{name: limit, in: query, schema: {type: integer}}";

#[test]
fn parameter_that_differs_by_one_thing_is_one_change() {
    for (old, new, expected, verdict) in [
        (
            "",
            LIMIT,
            "argument_added_optional list_pets limit: is new",
            "minor",
        ),
        (
            "",
            "{name: limit, in: query, required: true, schema: {type: integer}}",
            "!argument_added_required list_pets limit: is new, and required",
            "major",
        ),
        (
            LIMIT,
            "",
            "!argument_removed list_pets limit: is gone",
            "major",
        ),
        (
            LIMIT,
            "{name: limit, in: query, required: true, schema: {type: integer}}",
            "!argument_required list_pets limit: is required now",
            "major",
        ),
        (
            "{name: limit, in: query, required: true, schema: {type: integer}}",
            LIMIT,
            "argument_optional list_pets limit: may be left out now",
            "minor",
        ),
        (
            LIMIT,
            "{name: page_size, in: query, schema: {type: integer}}",
            "!argument_renamed list_pets page_size: was called `limit`",
            "major",
        ),
        (
            LIMIT,
            "{name: limit, in: header, schema: {type: integer}}",
            "argument_moved list_pets limit: was sent in the query, and is sent in the header now",
            "minor",
        ),
        (
            LIMIT,
            "{name: limit, in: cookie, schema: {type: integer}}",
            "argument_moved list_pets limit: was sent in the query, and is sent in the cookie now",
            "minor",
        ),
        (
            LIMIT,
            "{name: limit, in: query, description: The most., schema: {type: integer}}",
            "description_changed list_pets limit: the description changed",
            "patch",
        ),
        (
            LIMIT,
            "{name: limit, in: query, deprecated: true, schema: {type: integer}}",
            "description_changed list_pets limit: is deprecated now",
            "patch",
        ),
        (
            "{name: ids, in: query, schema: {type: array, items: {type: string}}}",
            "{name: ids, in: query, explode: false, schema: {type: array, items: {type: string}}}",
            "contract_changed list_pets ids: is written in another way in the request",
            "minor",
        ),
        (
            "{name: ids, in: query, schema: {type: array, items: {type: string}}}",
            "{name: ids, in: query, schema: {type: array, items: {type: string, maxLength: 9}}}",
            "!argument_narrowed list_pets ids[]: the greatest length is 9 now",
            "major",
        ),
        (
            "{name: f, in: query, style: deepObject, schema: {type: object, properties: {a: {type: string}}}}",
            "{name: f, in: query, style: deepObject, schema: {type: object, properties: {a: {type: string}, b: {type: string}}}}",
            "argument_added_optional list_pets f.b: is new",
            "minor",
        ),
        (
            "{name: X-Trace, in: header, schema: {type: string}}",
            "{name: X-Trace, in: header, schema: {type: string, enum: [on]}}",
            "!argument_narrowed list_pets X-Trace: only `\"on\"` fits now",
            "major",
        ),
    ] {
        assert_one(&with(old), &with(new), expected, verdict);
    }
}

#[test]
fn parameter_of_the_same_meaning_is_no_change() {
    let both = "{name: a, in: query, schema: {type: string}}, {name: b, in: query, schema: {type: integer}}";
    let reversed = "{name: b, in: query, schema: {type: integer}}, {name: a, in: query, schema: {type: string}}";
    assert_none(&with(both), &with(reversed));
    assert_none(
        &with("{name: a, in: query, schema: {type: string}}"),
        &with(
            "{name: a, in: query, style: form, explode: true, required: false, schema: {type: string}}",
        ),
    );
    let shared = "components: {parameters: {A: {name: a, in: query, schema: {type: string}}}}";
    let referring = "paths: {/pets: {get: {operationId: list_pets, parameters: [{$ref: '#/components/parameters/A'}]}}}";
    assert_none(
        &with("{name: a, in: query, schema: {type: string}}"),
        &described("3.1.0", &format!("{referring}, {shared}")),
    );
    let of_item = "paths: {/pets: {parameters: [{name: a, in: query, schema: {type: string}}], get: {operationId: list_pets}}}";
    assert_none(
        &with("{name: a, in: query, schema: {type: string}}"),
        &described("3.1.0", of_item),
    );
}

#[test]
fn variable_of_the_path_with_another_name_is_a_renamed_argument() {
    let id = |name: &str| {
        let parameter =
            format!("{{name: {name}, in: path, required: true, schema: {{type: string}}}}");
        at(
            &format!("'/pets/{{{name}}}'"),
            &format!("parameters: [{parameter}]"),
        )
    };
    assert_one(
        &id("id"),
        &id("pet_id"),
        "!argument_renamed get_pet pet_id: was called `id`",
        "major",
    );
}

#[test]
fn argument_that_moves_into_the_path_is_moved_and_required() {
    let old = at(
        "/pets",
        "parameters: [{name: id, in: query, required: true, schema: {type: string}}]",
    );
    let new = at(
        "'/pets/{id}'",
        "parameters: [{name: id, in: path, required: true, schema: {type: string}}]",
    );
    assert_one(
        &old,
        &new,
        "argument_moved get_pet id: was sent in the query, and is sent in the path now",
        "minor",
    );
}

#[test]
fn argument_that_is_bound_is_gone_for_callers() {
    let with = |more: &str| {
        read(&format!(
            "parameters: [{{name: w, in: query, schema: {{type: string}}}}]{more}"
        ))
    };
    assert_one(
        &with(""),
        &with(", x-mcp: {bind: {w: workspace}}"),
        "!argument_removed list_pets w: is filled from the caller's workspace now",
        "major",
    );
}

#[test]
fn two_arguments_that_are_exchanged_for_two_like_them_are_not_renamed() {
    let old = with(
        "{name: a, in: query, schema: {type: string}}, {name: b, in: query, schema: {type: string}}",
    );
    let new = with(
        "{name: c, in: query, schema: {type: string}}, {name: d, in: query, schema: {type: string}}",
    );
    assert_eq!(
        lines(&diff(&old, &new)),
        [
            "!argument_removed list_pets a: is gone",
            "!argument_removed list_pets b: is gone",
            "argument_added_optional list_pets c: is new",
            "argument_added_optional list_pets d: is new",
            "major",
        ]
    );
}

#[test]
fn collection_format_of_swagger_is_how_a_list_is_written() {
    let with = |format: &str| {
        format!(
            "{{swagger: '2.0', info: {{title: t, version: '1'}}, paths: {{/pets: {{get: {{operationId: \
             list_pets, responses: {{'200': {{description: d}}}}, parameters: [{{name: ids, in: query, \
             type: array, items: {{type: string}}, collectionFormat: {format}}}]}}}}}}}}"
        )
    };
    assert_one(
        &with("csv"),
        &with("pipes"),
        "contract_changed list_pets ids: is written in another way in the request",
        "minor",
    );
}
