//! The schema of one argument.

use crate::support::{assert_none, assert_one, parameter};

/// Old schema, new schema, kind, message, verdict. The kind has `!` where the change breaks callers.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const ROWS: &[Row] = &[
    // Types.
    (
        "{type: integer}",
        "{type: number}",
        "argument_widened",
        "the type was integer, and is number now",
        "minor",
    ),
    (
        "{type: number}",
        "{type: integer}",
        "!argument_narrowed",
        "the type was number, and is integer now",
        "major",
    ),
    (
        "{type: string}",
        "{type: integer}",
        "!argument_narrowed",
        "the type was string, and is integer now",
        "major",
    ),
    (
        "{type: string, maxLength: 5}",
        "{type: array, items: {type: string}}",
        "!argument_narrowed",
        "the type was string, and is array now",
        "major",
    ),
    (
        "{type: string}",
        "{type: [string, integer]}",
        "argument_widened",
        "the type was string, and is integer or string now",
        "minor",
    ),
    (
        "{type: [string, integer]}",
        "{type: string}",
        "!argument_narrowed",
        "the type was integer or string, and is string now",
        "major",
    ),
    (
        "{type: string}",
        "{}",
        "argument_widened",
        "any type fits, not string alone",
        "minor",
    ),
    (
        "{}",
        "{type: string}",
        "!argument_narrowed",
        "only string fits now",
        "major",
    ),
    (
        "{type: string}",
        "{type: [string, 'null']}",
        "argument_widened",
        "may be null now",
        "minor",
    ),
    (
        "{type: [string, 'null']}",
        "{type: string}",
        "!argument_narrowed",
        "can no longer be null",
        "major",
    ),
    // Listed values.
    (
        "{enum: [a, b]}",
        "{enum: [a, b, c]}",
        "enum_value_added",
        "`\"c\"` is new among the values",
        "minor",
    ),
    (
        "{enum: [a, b, c]}",
        "{enum: [a, c]}",
        "!enum_value_removed",
        "`\"b\"` is no longer among the values",
        "major",
    ),
    (
        "{enum: [a, b, c]}",
        "{enum: [a]}",
        "!enum_value_removed",
        "`\"b\"` and `\"c\"` are no longer among the values",
        "major",
    ),
    (
        "{type: string}",
        "{type: string, enum: [a]}",
        "!argument_narrowed",
        "only `\"a\"` fits now",
        "major",
    ),
    (
        "{type: string, enum: [a]}",
        "{type: string}",
        "argument_widened",
        "any value fits, not only `\"a\"`",
        "minor",
    ),
    (
        "{const: a}",
        "{enum: [a, b]}",
        "enum_value_added",
        "`\"b\"` is new among the values",
        "minor",
    ),
    // Bounds.
    (
        "{type: integer, maximum: 100}",
        "{type: integer, maximum: 50}",
        "!argument_narrowed",
        "the maximum was 100, and is 50 now",
        "major",
    ),
    (
        "{type: integer, maximum: 50}",
        "{type: integer, maximum: 100}",
        "argument_widened",
        "the maximum was 50, and is 100 now",
        "minor",
    ),
    (
        "{type: integer}",
        "{type: integer, minimum: 1}",
        "!argument_narrowed",
        "the minimum is 1 now",
        "major",
    ),
    (
        "{type: integer, minimum: 1}",
        "{type: integer}",
        "argument_widened",
        "the minimum 1 is gone",
        "minor",
    ),
    (
        "{type: integer, minimum: 1}",
        "{type: integer, exclusiveMinimum: 1}",
        "!argument_narrowed",
        "the minimum was 1, and is 1 (excluded) now",
        "major",
    ),
    (
        "{type: number, exclusiveMaximum: 1}",
        "{type: number, maximum: 1}",
        "argument_widened",
        "the maximum was 1 (excluded), and is 1 now",
        "minor",
    ),
    (
        "{type: integer, multipleOf: 5}",
        "{type: integer, multipleOf: 10}",
        "!argument_narrowed",
        "the step was 5, and is 10 now",
        "major",
    ),
    (
        "{type: integer, multipleOf: 10}",
        "{type: integer, multipleOf: 5}",
        "argument_widened",
        "the step was 10, and is 5 now",
        "minor",
    ),
    (
        "{type: integer, multipleOf: 4}",
        "{type: integer, multipleOf: 6}",
        "!argument_narrowed",
        "the step was 4, and is 6 now",
        "major",
    ),
    // Lengths.
    (
        "{type: string, maxLength: 10}",
        "{type: string, maxLength: 5}",
        "!argument_narrowed",
        "the greatest length was 10, and is 5 now",
        "major",
    ),
    (
        "{type: string, minLength: 2}",
        "{type: string}",
        "argument_widened",
        "the smallest length 2 is gone",
        "minor",
    ),
    (
        "{type: string}",
        "{type: string, minLength: 2}",
        "!argument_narrowed",
        "the smallest length is 2 now",
        "major",
    ),
    (
        "{type: array, items: {}, maxItems: 3}",
        "{type: array, items: {}, maxItems: 9}",
        "argument_widened",
        "the greatest number of items was 3, and is 9 now",
        "minor",
    ),
    (
        "{type: array, items: {}}",
        "{type: array, items: {}, minItems: 1}",
        "!argument_narrowed",
        "the smallest number of items is 1 now",
        "major",
    ),
    (
        "{type: array, items: {}}",
        "{type: array, items: {}, uniqueItems: true}",
        "!argument_narrowed",
        "`uniqueItems` restricts the values now",
        "major",
    ),
    // Texts.
    (
        "{type: string}",
        "{type: string, format: uuid}",
        "!argument_narrowed",
        "the format is `uuid` now",
        "major",
    ),
    (
        "{type: string, format: uuid}",
        "{type: string}",
        "argument_widened",
        "the format `uuid` is gone",
        "minor",
    ),
    (
        "{type: string, format: date}",
        "{type: string, format: date-time}",
        "!argument_narrowed",
        "the format was `date`, and is `date-time` now",
        "major",
    ),
    (
        "{type: integer, format: int32}",
        "{type: integer, format: int64}",
        "argument_widened",
        "the format was `int32`, and is `int64` now",
        "minor",
    ),
    (
        "{type: integer, format: int64}",
        "{type: integer, format: int32}",
        "!argument_narrowed",
        "the format was `int64`, and is `int32` now",
        "major",
    ),
    (
        "{type: string}",
        "{type: string, pattern: '^a$'}",
        "!argument_narrowed",
        "the pattern is `^a$` now",
        "major",
    ),
    (
        "{type: string, pattern: '^a$'}",
        "{type: string}",
        "argument_widened",
        "the pattern `^a$` is gone",
        "minor",
    ),
    (
        "{type: string, pattern: '^a$'}",
        "{type: string, pattern: '^b$'}",
        "!argument_narrowed",
        "the pattern was `^a$`, and is `^b$` now",
        "major",
    ),
    // Defaults and texts for people.
    (
        "{type: integer, default: 20}",
        "{type: integer, default: 50}",
        "default_changed",
        "the default was `20`, and is `50` now",
        "minor",
    ),
    (
        "{type: integer}",
        "{type: integer, default: 50}",
        "default_changed",
        "the default is `50` now",
        "minor",
    ),
    (
        "{type: integer, default: 20}",
        "{type: integer}",
        "default_changed",
        "the default `20` is gone",
        "minor",
    ),
    (
        "{type: integer, description: a}",
        "{type: integer, description: b}",
        "description_changed",
        "the description changed",
        "patch",
    ),
    (
        "{type: integer, title: a}",
        "{type: integer, title: b}",
        "description_changed",
        "the title changed",
        "patch",
    ),
    (
        "{type: integer, examples: [1]}",
        "{type: integer, examples: [2]}",
        "description_changed",
        "the examples changed",
        "patch",
    ),
    (
        "{type: integer}",
        "{type: integer, deprecated: true}",
        "description_changed",
        "is deprecated now",
        "patch",
    ),
    // Unions.
    (
        "{oneOf: [{type: string}, {type: integer}]}",
        "{oneOf: [{type: string}, {type: integer}, {type: boolean}]}",
        "argument_widened",
        "the variant `boolean` is new",
        "minor",
    ),
    (
        "{anyOf: [{type: string}, {type: integer}, {type: boolean}]}",
        "{anyOf: [{type: integer}, {type: boolean}]}",
        "!argument_narrowed",
        "the variant `string` is gone",
        "major",
    ),
    (
        "{anyOf: [{type: string, maxLength: 9}, {type: integer}]}",
        "{anyOf: [{type: integer}, {type: string, maxLength: 5}]}",
        "!argument_narrowed",
        "the greatest length was 9, and is 5 now",
        "major",
    ),
    (
        "{type: string}",
        "{anyOf: [{type: string}, {type: integer}]}",
        "argument_widened",
        "has more variants now",
        "minor",
    ),
    (
        "{anyOf: [{type: string}, {type: integer}]}",
        "{type: string}",
        "!argument_narrowed",
        "has only one of its variants now",
        "major",
    ),
    (
        "{anyOf: [{type: string}, {type: integer}]}",
        "{anyOf: [{type: string}, {type: integer}, {type: 'null'}]}",
        "argument_widened",
        "may be null now",
        "minor",
    ),
    // Conditions.
    (
        "{type: string}",
        "{type: string, not: {enum: [a]}}",
        "!argument_narrowed",
        "`not` restricts the values now",
        "major",
    ),
    (
        "{type: string, not: {enum: [a]}}",
        "{type: string, not: {enum: [b]}}",
        "!contract_changed",
        "`not` changed",
        "major",
    ),
];

#[test]
fn schema_that_differs_by_one_keyword_is_one_change() {
    for (old, new, kind, message, verdict) in ROWS {
        let (old, new) = (parameter("3.1.0", old), parameter("3.1.0", new));
        let expected = format!("{kind} list_pets p: {message}");
        assert_one(&old, &new, &expected, verdict);
    }
}

#[test]
fn version_of_the_specification_makes_no_difference() {
    for (old, new) in [
        ("{type: string, nullable: true}", "{type: [string, 'null']}"),
        (
            "{type: integer, minimum: 1, exclusiveMinimum: true}",
            "{type: integer, exclusiveMinimum: 1}",
        ),
        ("{type: string, enum: [a]}", "{const: a, type: string}"),
        (
            "{type: string, example: a}",
            "{type: string, examples: [a]}",
        ),
    ] {
        assert_none(&parameter("3.0.3", old), &parameter("3.1.0", new));
    }
}

#[test]
fn schema_of_the_same_meaning_is_no_change() {
    for (old, new) in [
        ("{enum: [a, b]}", "{enum: [b, a]}"),
        (
            "{type: string, maxLength: 5}",
            "{maxLength: 5, type: string}",
        ),
        (
            "{type: string, maxLength: 5}",
            "{allOf: [{type: string}, {maxLength: 5}]}",
        ),
        (
            "{oneOf: [{type: string}, {type: integer}]}",
            "{anyOf: [{type: integer}, {type: string}]}",
        ),
        (
            "{anyOf: [{type: string}, {type: 'null'}]}",
            "{type: [string, 'null']}",
        ),
        ("{type: string, minLength: 0}", "{type: string}"),
        ("{type: string, x-internal: true}", "{type: string}"),
        (
            "{type: integer, maximum: 10}",
            "{type: integer, maximum: 10.0}",
        ),
    ] {
        assert_none(&parameter("3.1.0", old), &parameter("3.1.0", new));
    }
}
