//! `generator check` on descriptions that would cost openapiv3 too much, or make it panic.

use serde_json::{Map, Value, json};

use crate::support::{Run, check};

/// A description of OpenAPI 3.0 with these paths and components.
fn description(paths: &Value, components: &Value) -> String {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "Hostile", "version": "1"},
        "paths": paths,
        "components": components,
    })
    .to_string()
}

#[track_caller]
fn rejects(run: &Run, saying: &str) {
    let beginning = run.reported.get(..2000).unwrap_or(&run.reported);
    assert_eq!(run.code, Some(1), "{beginning}");
    assert!(run.reported.contains(saying), "{beginning}");
}

/// Read whole, each level would be tried twice.
#[test]
fn bad_leaf_of_deep_schemas_is_found_in_linear_time() {
    let deep = |keyword: &str| {
        let leaf = json!({"type": 5});
        (0..80).fold(leaf, |inner, _| match keyword {
            "properties" => json!({"properties": {"a": inner}}),
            "allOf" => json!({"allOf": [inner]}),
            keyword => json!({keyword: inner}),
        })
    };
    for keyword in [
        "items",
        "properties",
        "allOf",
        "additionalProperties",
        "not",
    ] {
        let text = description(&json!({}), &json!({"schemas": {"Deep": deep(keyword)}}));
        let run = check("strict_deep", &text);
        rejects(&run, "strict readers reject `type` of the Schema Object");
        rejects(&run, "1 of 1 shared schemas");
    }
}

#[test]
fn bad_leaf_of_deep_headers_is_found_in_linear_time() {
    let header = (0..50).fold(
        json!({"schema": {}, "required": 5}),
        |inner, _| json!({"content": {"a/b": {"encoding": {"x": {"headers": {"h": inner}}}}}}),
    );
    let responses = json!({"200": {"description": "", "headers": {"h": header}}});
    let text = description(
        &json!({"/a": {"get": {"responses": responses}}}),
        &json!({}),
    );
    rejects(
        &check("strict_headers", &text),
        "1 of 1 operations, 0 of 0 shared",
    );
}

/// openapiv3 unwraps what no `f64` holds.
#[test]
fn numbers_that_nothing_holds_are_rejected_without_a_panic() {
    for (keyword, number) in [
        ("minimum", "1e999"),
        ("multipleOf", "-1e999"),
        ("maxLength", "123456789012345678901234567890"),
        ("maximum", "1.00000000000000000000000000000001e400"),
    ] {
        for kind in ["number", "integer", "string"] {
            let schema = format!(r#"{{"type": "{kind}", "{keyword}": {number}}}"#);
            let text = description(&json!({}), &json!({"schemas": {"A": "SCHEMA"}}));
            let text = text.replace("\"SCHEMA\"", &schema);
            rejects(&check("strict_numbers", &text), "1 of 1 shared schemas");
        }
    }
}

/// Each path leads to the same item, each operation to the same response.
#[test]
fn what_many_lead_to_is_judged_once() {
    let many = 5_000;
    let bad: Map<String, Value> = (0..2_000)
        .map(|at| (format!("X-{at}"), json!({"schema": {}, "required": 5})))
        .collect();
    let response = json!({"200": {"$ref": "#/components/responses/Bad"}});
    let item = json!({"get": {"responses": response}});
    let reference = json!({"$ref": "#/paths/~1a"});
    let shared = (0..many).map(|at| (format!("/p{at}"), reference.clone()));
    let own = (0..many).map(|at| (format!("/q{at}"), item.clone()));
    let own_item = [("/a".to_owned(), item.clone())];
    let paths: Map<String, Value> = own_item
        .into_iter()
        .chain(shared)
        .chain(own.clone())
        .collect();
    let components = json!({"responses": {"Bad": {"description": "", "headers": bad}}});
    let run = check("strict_shared", &description(&paths.into(), &components));
    let all = 2 * many + 1;
    rejects(&run, &format!("{all} of {all} operations"));
    rejects(&run, "and 1997 more like this");
}

#[test]
fn references_in_circles_and_long_chains_end() {
    let long = 5_000;
    let header = |at: usize| json!({"$ref": format!("#/components/headers/h{at}")});
    let headers: Map<String, Value> = (0..long)
        .map(|at| {
            let next = header((at + 1) % long);
            let content = json!({"a/b": {"encoding": {"x": {"headers": {"h": next}}}}});
            (format!("h{at}"), json!({"content": content, "required": 5}))
        })
        .collect();
    let responses = json!({"200": {"description": "", "headers": {"h": header(0)}}});
    let callback = json!({"/a": {"get": {
        "responses": responses, "callbacks": {"c": {"u": {"$ref": "#/paths/~1a"}}},
    }}});
    let text = description(&callback, &json!({"headers": headers}));
    let run = check("strict_circle", &text);
    rejects(&run, "0 of 1 operations");
    rejects(&run, &format!("{long} other parts"));
}
