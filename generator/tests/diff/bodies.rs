//! Arguments that are the body, or parts of it.

use crate::support::{assert_none, assert_one, body, described, diff, lines, write};

#[test]
fn body_that_differs_by_one_thing_is_one_change() {
    const NAME: &str = "{type: object, properties: {name: {type: string}}}";
    for (old, new, expected, verdict) in [
        (
            NAME,
            "{type: object, properties: {name: {type: string}, age: {type: integer}}}",
            "argument_added_optional add_pet age: is new",
            "minor",
        ),
        (
            NAME,
            "{type: object, required: [age], properties: {name: {type: string}, age: {type: integer}}}",
            "!argument_added_required add_pet age: is new, and required",
            "major",
        ),
        (
            "{type: object, properties: {name: {type: string}, age: {type: integer}}}",
            NAME,
            "!argument_removed add_pet age: is gone",
            "major",
        ),
        (
            NAME,
            "{type: object, properties: {title: {type: string}}}",
            "!argument_renamed add_pet title: was called `name`",
            "major",
        ),
        (
            NAME,
            "{type: object, required: [name], properties: {name: {type: string}}}",
            "!argument_required add_pet name: is required now",
            "major",
        ),
        (
            "{type: object, required: [name], properties: {name: {type: string}}}",
            NAME,
            "argument_optional add_pet name: may be left out now",
            "minor",
        ),
        (
            "{type: object, properties: {name: {type: string}, age: {type: integer}}}",
            "{type: object, properties: {name: {type: string, readOnly: true}, age: {type: integer}}}",
            "!argument_removed add_pet name: is gone",
            "major",
        ),
        // Parts of an argument.
        (
            "{type: object, properties: {owner: {type: object, properties: {name: {type: string}}}}}",
            "{type: object, properties: {owner: {type: object, properties: {name: {type: string, maxLength: 9}}}}}",
            "!argument_narrowed add_pet owner.name: the greatest length is 9 now",
            "major",
        ),
        (
            "{type: object, properties: {owner: {type: object, properties: {a: {type: string}}}}}",
            "{type: object, properties: {owner: {type: object, required: [a], properties: {a: {type: string}}}}}",
            "!argument_required add_pet owner.a: is required now",
            "major",
        ),
        (
            "{type: object, properties: {owner: {type: object, properties: {a: {type: string}}}}}",
            "{type: object, properties: {owner: {type: object, properties: {b: {type: string}}}}}",
            "!argument_renamed add_pet owner.b: was called `a`",
            "major",
        ),
        (
            "{type: object, properties: {owner: {type: object, additionalProperties: false, properties: {a: {}}}}}",
            "{type: object, properties: {owner: {type: object, properties: {a: {}}}}}",
            "argument_widened add_pet owner: members beside the declared ones fit now",
            "minor",
        ),
        (
            "{type: object, properties: {owner: {type: object, properties: {a: {}}}}}",
            "{type: object, properties: {owner: {type: object, additionalProperties: false, properties: {a: {}}}}}",
            "!argument_narrowed add_pet owner: no members beside the declared ones fit now",
            "major",
        ),
        (
            "{type: object, properties: {labels: {type: object, additionalProperties: {type: string}}}}",
            "{type: object, properties: {labels: {type: object, additionalProperties: {type: string, maxLength: 3}}}}",
            "!argument_narrowed add_pet labels.*: the greatest length is 3 now",
            "major",
        ),
        (
            "{type: object, properties: {tags: {type: array, items: {type: object, properties: {a: {enum: [x, y]}}}}}}",
            "{type: object, properties: {tags: {type: array, items: {type: object, properties: {a: {enum: [x]}}}}}}",
            "!enum_value_removed add_pet tags[].a: `\"y\"` is no longer among the values",
            "major",
        ),
        // One argument.
        (
            "{type: array, items: {type: string}}",
            "{type: array, items: {type: integer}}",
            "!argument_narrowed add_pet body[]: the type was string, and is integer now",
            "major",
        ),
        (
            NAME,
            "{type: array, items: {type: string}}",
            "!contract_changed add_pet: the body was made of `name`, and is made of `body` now",
            "major",
        ),
    ] {
        assert_one(&body(old), &body(new), expected, verdict);
    }
}

#[test]
fn body_of_the_same_meaning_is_no_change() {
    let inline = body(
        "{type: object, properties: {owner: {type: object, properties: {a: {type: string}}}}}",
    );
    let referring = described(
        "3.1.0",
        "paths: {/pets: {post: {operationId: add_pet, requestBody: {$ref: '#/components/requestBodies/Pet'}}}}, \
         components: {requestBodies: {Pet: {required: true, content: {application/json: {schema: {$ref: \
         '#/components/schemas/Pet'}}}}}, schemas: {Pet: {type: object, properties: {owner: {$ref: \
         '#/components/schemas/Owner'}}}, Owner: {type: object, properties: {a: {type: string}}}}}",
    );
    assert_none(&inline, &referring);
    assert_none(&referring, &inline);
    assert_none(
        &body("{type: object, properties: {a: {type: string}, b: {type: integer}}}"),
        &body("{properties: {b: {type: integer}, a: {type: string}}, type: object}"),
    );
}

#[test]
fn requirement_of_the_body_is_one_change() {
    let with = |required: bool, schema: &str| {
        let content = format!("{{application/json: {{schema: {schema}}}}}");
        write(&format!(
            "requestBody: {{required: {required}, content: {content}}}"
        ))
    };
    let two = "{type: object, required: [a, b], properties: {a: {}, b: {}, c: {}}}";
    assert_one(
        &with(true, two),
        &with(false, two),
        "argument_optional add_pet: the body may be left out now, and so may its arguments `a` and `b`",
        "minor",
    );
    assert_one(
        &with(false, two),
        &with(true, two),
        "!argument_required add_pet: the body is required now, and so are its arguments `a` and `b`",
        "major",
    );
    let list = "{type: array, items: {}}";
    assert_one(
        &with(false, list),
        &with(true, list),
        "!argument_required add_pet body: is required now",
        "major",
    );
    assert_none(
        &with(false, "{type: object, properties: {a: {}}}"),
        &with(true, "{type: object, properties: {a: {}}}"),
    );
}

#[test]
fn media_type_of_the_body_is_one_change() {
    let with = |content: &str| {
        write(&format!(
            "requestBody: {{required: true, content: {{{content}}}}}"
        ))
    };
    let schema = "{schema: {type: object, properties: {a: {type: string}}}}";
    let (json, form, multipart) = (
        format!("application/json: {schema}"),
        format!("application/x-www-form-urlencoded: {schema}"),
        format!("multipart/form-data: {schema}"),
    );
    assert_one(
        &with(&json),
        &with(&form),
        "media_type_changed add_pet: the body was `application/json`, and is \
         `application/x-www-form-urlencoded` now",
        "minor",
    );
    assert_one(
        &with(&form),
        &with(&multipart),
        "media_type_changed add_pet: the body was `application/x-www-form-urlencoded`, and is \
         `multipart/form-data` now",
        "minor",
    );
}

#[test]
fn new_body_is_new_arguments() {
    let old = write("summary: s");
    let schema =
        "{type: object, required: [a], properties: {a: {type: string}, b: {type: string}}}";
    let new = write(&format!(
        "summary: s, requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}"
    ));
    assert_eq!(
        lines(&diff(&old, &new)),
        [
            "!argument_added_required add_pet a: is new, and required",
            "argument_added_optional add_pet b: is new",
            "major",
        ]
    );
}

#[test]
fn argument_that_moves_from_the_query_into_the_body_is_moved() {
    let old = write("parameters: [{name: a, in: query, schema: {type: string}}]");
    let new = body("{type: object, properties: {a: {type: string}}}");
    assert_one(
        &old,
        &new,
        "argument_moved add_pet a: was sent in the query, and is sent in the body now",
        "minor",
    );
}

#[test]
fn recursive_schema_is_compared_once() {
    let with = |more: &str| {
        described(
            "3.1.0",
            &format!(
                "paths: {{/pets: {{post: {{operationId: add_pet, requestBody: {{required: true, content: \
                 {{application/json: {{schema: {{$ref: '#/components/schemas/Node'}}}}}}}}}}}}}}, components: \
                 {{schemas: {{Node: {{type: object, properties: {{name: {{type: string{more}}}, children: \
                 {{type: array, items: {{$ref: '#/components/schemas/Node'}}}}}}}}}}}}"
            ),
        )
    };
    let found = lines(&diff(&with(""), &with(", maxLength: 5")));
    assert_eq!(
        found[0],
        "!argument_narrowed add_pet name: the greatest length is 5 now"
    );
    assert!(found.len() <= 3, "{found:?}");
}
