//! Which tools there are, and what they do.

use crate::support::{assert_none, assert_one, described, diff, lines, read, write};

fn paths(paths: &str) -> String {
    described("3.1.0", &format!("paths: {{{paths}}}"))
}

#[test]
fn operation_that_differs_by_one_thing_is_one_change() {
    for (old, new, expected, verdict) in [
        (
            "/a: {get: {operationId: a}}",
            "/a: {get: {operationId: a}}, /b: {post: {operationId: b}}",
            "tool_added b: `POST /b` is a tool now, to write",
            "minor",
        ),
        (
            "/a: {get: {operationId: a}}, /b: {post: {operationId: b}}",
            "/a: {get: {operationId: a}}",
            "!tool_removed b: `POST /b` is no longer a tool",
            "major",
        ),
        (
            "/a: {get: {operationId: a}}",
            "/a: {get: {operationId: z}}",
            "!tool_renamed z: was called `a`",
            "major",
        ),
        (
            "/a: {get: {operationId: a}}",
            "/a: {get: {operationId: a, x-mcp: {name: z}}}",
            "!tool_renamed z: was called `a`",
            "major",
        ),
        (
            "/a: {get: {}}",
            "/a: {get: {operationId: list_a}}",
            "!tool_renamed list_a: was called `get_a`",
            "major",
        ),
        (
            "/a: {get: {operationId: a}}",
            "/v2/a: {get: {operationId: a}}",
            "contract_changed a: calls `GET /v2/a` instead of `GET /a`",
            "minor",
        ),
        (
            "/a: {put: {operationId: a}}",
            "/a: {patch: {operationId: a}}",
            "contract_changed a: calls `PATCH /a` instead of `PUT /a`",
            "minor",
        ),
        (
            "/a: {get: {operationId: a}}",
            "/a: {post: {operationId: a}}",
            "!access_changed a: only read, and may change something now; calls `POST /a` instead of `GET /a`",
            "major",
        ),
        (
            "/a: {get: {operationId: a}}",
            "/a: {get: {operationId: a, x-mcp: false}}, /b: {get: {operationId: b}}",
            "",
            "",
        ),
    ] {
        if !expected.is_empty() {
            assert_one(&paths(old), &paths(new), expected, verdict);
        }
    }
}

#[test]
fn access_and_hints_are_one_change() {
    for (old, new, expected, verdict) in [
        (
            "access: write",
            "access: read",
            "access_changed add_pet: could change something, and only reads now",
            "minor",
        ),
        (
            "access: read",
            "access: write",
            "!access_changed add_pet: only read, and may change something now",
            "major",
        ),
        (
            "destructive: false",
            "destructive: true",
            "hint_changed add_pet: is marked as destructive now",
            "minor",
        ),
        (
            "idempotent: true",
            "idempotent: false",
            "hint_changed add_pet: is marked as no longer idempotent",
            "minor",
        ),
        (
            "open_world: true",
            "open_world: false",
            "hint_changed add_pet: is marked as no longer open-world",
            "minor",
        ),
        (
            "title: A",
            "title: B",
            "description_changed add_pet: the title changed",
            "patch",
        ),
        (
            "description: A",
            "description: B",
            "description_changed add_pet: the description changed",
            "patch",
        ),
    ] {
        let with = |key: &str| write(&format!("x-mcp: {{{key}}}"));
        assert_one(&with(old), &with(new), expected, verdict);
    }
}

#[test]
fn texts_of_a_tool_are_one_change() {
    for (old, new, expected) in [
        (
            "summary: A",
            "summary: B",
            "description_changed list_pets: the title and the description changed",
        ),
        (
            "summary: A, description: D",
            "summary: A, description: E",
            "description_changed list_pets: the description changed",
        ),
        (
            "summary: A",
            "summary: A, deprecated: true",
            "description_changed list_pets: the tool is deprecated now",
        ),
        (
            "summary: A, deprecated: true",
            "summary: A",
            "description_changed list_pets: the tool is no longer deprecated",
        ),
    ] {
        assert_one(&read(old), &read(new), expected, "patch");
    }
    let titled = |title: &str| {
        format!(
            "{{openapi: 3.1.0, info: {{title: {title}, version: '1'}}, paths: {{/a: {{get: {{}}}}}}}}"
        )
    };
    assert_one(
        &titled("A"),
        &titled("B"),
        "description_changed *: the title of the API changed",
        "patch",
    );
}

#[test]
fn operation_that_x_mcp_hides_is_removed_and_one_that_it_shows_is_added() {
    let with = |shown: &str| {
        paths(&format!(
            "/a: {{get: {{operationId: a}}}}, /b: {{get: {{operationId: b, x-mcp: {shown}}}}}"
        ))
    };
    assert_one(
        &with("true"),
        &with("false"),
        "!tool_removed b: `GET /b` is no longer a tool",
        "major",
    );
    assert_one(
        &with("false"),
        &with("true"),
        "tool_added b: `GET /b` is a tool now, to read",
        "minor",
    );
}

#[test]
fn operations_that_exchange_their_ids_are_renamed() {
    let with = |a: &str, b: &str| {
        paths(&format!(
            "/a: {{get: {{operationId: {a}}}}}, /b: {{get: {{operationId: {b}}}}}"
        ))
    };
    assert_eq!(
        lines(&diff(&with("one", "two"), &with("two", "one"))),
        [
            "!tool_renamed one: was called `two`",
            "!tool_renamed two: was called `one`",
            "major",
        ]
    );
}

#[test]
fn binding_that_applies_to_nothing_any_more_is_reported() {
    let with = |name: &str| {
        paths(&format!(
            "/a: {{x-mcp: {{bind: {{w: workspace}}}}, get: {{operationId: a, parameters: [{{name: {name}, in: \
             query, schema: {{type: string}}}}]}}}}"
        ))
    };
    let found = lines(&diff(&with("w"), &with("v")));
    assert!(
        found[0]
            .starts_with("curation_unmatched *: no operation here has a parameter or property `w`"),
        "{found:?}"
    );
}

#[test]
fn what_no_tool_shows_is_no_change() {
    let old = "/a: {get: {operationId: a, tags: [x]}}, /b: {get: {operationId: b}}";
    for new in [
        "/b: {get: {operationId: b}}, /a: {get: {operationId: a, tags: [x]}}",
        "/a: {get: {operationId: a, tags: [y]}}, /b: {get: {operationId: b}}",
        "/a: {get: {operationId: a, tags: [x], externalDocs: {url: 'https://a.example'}}}, /b: {get: {operationId: b}}",
        "/a: {get: {operationId: a, tags: [x], x-internal: 1}}, /b: {get: {operationId: b}}",
        "/a: {get: {operationId: a, tags: [x], responses: {'500': {description: d}}}}, /b: {get: {operationId: b}}",
    ] {
        assert_none(&paths(old), &paths(new));
    }
    let version = |version: &str| {
        format!(
            "{{openapi: 3.1.0, info: {{title: t, version: '{version}'}}, paths: {{/a: {{get: {{}}}}}}}}"
        )
    };
    assert_none(&version("1"), &version("2"));
}

#[test]
fn aliases_are_changes_and_keep_a_renaming_from_breaking_calls() {
    let with = |x_mcp: &str| {
        paths(&format!(
            "/a: {{get: {{operationId: a, x-mcp: {x_mcp}}}}}, /b: {{get: {{operationId: b}}}}"
        ))
    };
    for (old, new, expected, verdict) in [
        (
            "{}",
            "{aliases: [old]}",
            "alias_added a: answers to `old`, too",
            "minor",
        ),
        (
            "{}",
            "{aliases: [{name: old, until: 2027-03-31, call: false}]}",
            "alias_added a: answers to `old`, too, until 2027-03-31, with an error that names it",
            "minor",
        ),
        (
            "{aliases: [old]}",
            "{}",
            "!alias_removed a: no longer answers to `old`",
            "major",
        ),
        (
            "{}",
            "{name: z, aliases: [a]}",
            "tool_renamed z: was called `a`, and answers to that name",
            "minor",
        ),
        (
            "{aliases: [old]}",
            "{aliases: [{name: old, until: 2027-03-31}]}",
            "!contract_changed a: now answers to `old`, until 2027-03-31",
            "major",
        ),
        (
            "{aliases: [{name: old, call: false}]}",
            "{aliases: [old]}",
            "contract_changed a: now answers to `old`, without an end",
            "minor",
        ),
    ] {
        assert_one(&with(old), &with(new), expected, verdict);
    }
}

#[test]
fn removed_tool_whose_name_another_one_answers_to_does_not_break_calls() {
    let with =
        |a: &str, fields: &str| paths(&format!("{a}/b: {{get: {{operationId: b{fields}}}}}"));
    let old = with("/a: {get: {operationId: a}}, ", "");
    assert_eq!(
        lines(&diff(&old, &with("", ", x-mcp: {aliases: [a]}"))),
        [
            "tool_removed a: `GET /a` is no longer a tool; `b` answers to its name",
            "alias_added b: answers to `a`, too",
            "minor",
        ]
    );
    let needs = "parameters: [{name: p, in: query, required: true, schema: {}}]";
    let new = with("", &format!(", x-mcp: {{aliases: [a]}}, {needs}"));
    let old = with("/a: {get: {operationId: a}}, ", &format!(", {needs}"));
    assert_eq!(lines(&diff(&old, &new))[2], "major");
}
