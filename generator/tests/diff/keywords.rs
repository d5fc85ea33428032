//! Keywords whose change is easily misread: texts, steps, formats, large bounds, and keywords that
//! two parts of one schema have.

use crate::support::{answer, assert_none, assert_one, diff, lines, parameter};

#[test]
fn text_alone_breaks_nothing_where_any_value_fits() {
    for (old, new) in [
        (
            "{type: object, additionalProperties: {}}",
            "{type: object, additionalProperties: {description: x}}",
        ),
        (
            "{type: object}",
            "{type: object, additionalProperties: {title: x}}",
        ),
        (
            "{type: array, items: {}}",
            "{type: array, items: {description: x}}",
        ),
        (
            "{type: array, items: {}}",
            "{type: array, items: {}, contains: {description: x}}",
        ),
        (
            "{type: string, not: {description: a, enum: [x]}}",
            "{type: string, not: {description: b, enum: [x]}}",
        ),
    ] {
        for (old, new) in [(old, new), (new, old)] {
            let found = diff(&parameter("3.1.0", old), &parameter("3.1.0", new));
            let quiet = matches!(found.verdict().to_string().as_str(), "none" | "patch");
            assert!(quiet, "{old} → {new}: {:#?}", lines(&found));
            let found = diff(&answer(old), &answer(new));
            let quiet = matches!(found.verdict().to_string().as_str(), "none" | "patch");
            assert!(quiet, "{old} → {new}: {:#?}", lines(&found));
        }
    }
}

#[test]
fn step_that_divides_the_old_one_is_a_widening() {
    for (old, new, expected, verdict) in [
        ("0.3", "0.1", "argument_widened", "minor"),
        ("0.07", "0.01", "argument_widened", "minor"),
        ("0.1", "0.3", "!argument_narrowed", "major"),
        ("0.25", "0.1", "!argument_narrowed", "major"),
        ("0.0000000001", "1", "!argument_narrowed", "major"),
    ] {
        let with =
            |step: &str| parameter("3.1.0", &format!("{{type: number, multipleOf: {step}}}"));
        let shown = if old.len() > 6 { "1e-10" } else { old };
        let (old, found) = (with(old), format!("{expected} list_pets p: the step was "));
        let lines = lines(&diff(&old, &with(new)));
        assert_eq!(lines.len(), 2, "{shown} → {new}: {lines:#?}");
        assert!(lines[0].starts_with(&found), "{shown} → {new}: {lines:#?}");
        assert_eq!(lines[1], verdict);
    }
}

#[test]
fn format_password_is_no_restriction() {
    assert_none(
        &parameter("3.1.0", "{type: string}"),
        &parameter("3.1.0", "{type: string, format: password}"),
    );
    assert_one(
        &parameter("3.1.0", "{type: string, format: password}"),
        &parameter("3.1.0", "{type: string, format: email}"),
        "!argument_narrowed list_pets p: the format is `email` now",
        "major",
    );
}

#[test]
fn another_type_with_its_format_is_one_change() {
    for (old, new, expected, verdict) in [
        (
            "{type: number, format: double}",
            "{type: integer}",
            "!argument_narrowed list_pets p: the type was number, and is integer now",
            "major",
        ),
        (
            "{type: integer}",
            "{type: number, format: double}",
            "argument_widened list_pets p: the type was integer, and is number now",
            "minor",
        ),
        (
            "{type: integer, format: int64}",
            "{type: number, format: double}",
            "argument_widened list_pets p: the type was integer, and is number now",
            "minor",
        ),
        (
            "{type: string, format: uuid}",
            "{}",
            "argument_widened list_pets p: any type fits, not string alone",
            "minor",
        ),
    ] {
        assert_one(
            &parameter("3.1.0", old),
            &parameter("3.1.0", new),
            expected,
            verdict,
        );
    }
}

#[test]
fn format_of_texts_narrows_where_texts_fit_on_both_sides() {
    let found = lines(&diff(
        &parameter("3.1.0", "{type: string}"),
        &parameter("3.1.0", "{type: [string, integer], format: uuid}"),
    ));
    let narrowed = "!argument_narrowed list_pets p: the format is `uuid` now".to_owned();
    assert!(found.contains(&narrowed), "{found:#?}");
}

#[test]
fn bound_that_differs_by_one_is_seen_whatever_its_size() {
    for (keyword, name, old, new, breaks) in [
        (
            "maximum",
            "maximum",
            "9223372036854775807",
            "9223372036854775806",
            true,
        ),
        (
            "maximum",
            "maximum",
            "9223372036854775806",
            "9223372036854775807",
            false,
        ),
        (
            "minimum",
            "minimum",
            "-9223372036854775808",
            "-9223372036854775807",
            true,
        ),
    ] {
        let with =
            |bound: &str| parameter("3.1.0", &format!("{{type: integer, {keyword}: {bound}}}"));
        let (kind, verdict) = match breaks {
            true => ("!argument_narrowed", "major"),
            false => ("argument_widened", "minor"),
        };
        let expected = format!("{kind} list_pets p: the {name} was {old}, and is {new} now");
        assert_one(&with(old), &with(new), &expected, verdict);
    }
}

#[test]
fn keyword_of_two_parts_is_compared_in_both() {
    for (old, new, expected, verdict) in [
        (
            "{type: string, allOf: [{pattern: a}, {pattern: b}]}",
            "{type: string, allOf: [{pattern: a}, {pattern: c}]}",
            "!argument_narrowed list_pets p: the pattern was `b`, and is `c` now",
            "major",
        ),
        (
            "{type: string, allOf: [{pattern: a}]}",
            "{type: string, allOf: [{pattern: a}, {pattern: b}]}",
            "!argument_narrowed list_pets p: one more `pattern` restricts the values now",
            "major",
        ),
        (
            "{type: string, allOf: [{pattern: a}, {pattern: b}]}",
            "{type: string, pattern: b}",
            "argument_widened list_pets p: one `pattern` fewer restricts the values",
            "minor",
        ),
        (
            "{type: string, allOf: [{not: {enum: [a]}}, {not: {enum: [b]}}]}",
            "{type: string, allOf: [{not: {enum: [a]}}, {not: {enum: [c]}}]}",
            "!contract_changed list_pets p: `not` changed",
            "major",
        ),
        (
            "{type: string, allOf: [{not: {enum: [a]}}, {not: {enum: [b]}}]}",
            "{type: string, allOf: [{not: {enum: [c]}}, {not: {enum: [d]}}, {not: {enum: [e]}}]}",
            "!contract_changed list_pets p: `not` changed",
            "major",
        ),
        (
            "{type: array, items: {type: string}, allOf: [{items: {maxLength: 5}}]}",
            "{type: array, items: {type: string}, allOf: [{items: {maxLength: 3}}]}",
            "!argument_narrowed list_pets p[]: the greatest length was 5, and is 3 now",
            "major",
        ),
        (
            "{type: integer, allOf: [{multipleOf: 4}, {multipleOf: 6}]}",
            "{type: integer, allOf: [{multipleOf: 4}, {multipleOf: 3}]}",
            "argument_widened list_pets p: the step was 6, and is 3 now",
            "minor",
        ),
    ] {
        assert_one(
            &parameter("3.1.0", old),
            &parameter("3.1.0", new),
            expected,
            verdict,
        );
    }
    assert_none(
        &parameter(
            "3.1.0",
            "{type: string, allOf: [{pattern: a}, {pattern: b}]}",
        ),
        &parameter(
            "3.1.0",
            "{type: string, allOf: [{pattern: b}, {pattern: a}, {pattern: b}]}",
        ),
    );
    let of = |most: u32| {
        answer(&format!(
            "{{type: object, additionalProperties: {{type: string}}, \
             allOf: [{{additionalProperties: {{maxLength: {most}}}}}]}}"
        ))
    };
    assert_one(
        &of(5),
        &of(3),
        "output_narrowed list_pets: `*` in the answer: the greatest length was 5, and is 3 now",
        "minor",
    );
}
