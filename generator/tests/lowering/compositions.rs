//! Schemas that are composed of each other: how many of them a validator applies to one value.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::support::{lowered, messages};

/// The most that may apply to one value.
const BOUND: u128 = 50_000;

/// The input of `POST /x` whose body is `N0`, its definitions in itself, and what is reported.
fn input(components: &Value) -> (Value, String) {
    let schema = json!({"$ref": "#/components/schemas/N0"});
    let api = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/x": {"post": {"requestBody": {"required": true, "content": {
            "application/json": {"schema": {"type": "array", "items": schema}}
        }}}}},
        "components": {"schemas": components},
    });
    let lowered = lowered(&api.to_string());
    let mut json = lowered.api.operations[0].input.json.clone();
    let definitions = lowered.api.definitions.iter();
    json["$defs"] = definitions
        .map(|(name, schema)| (name.clone(), schema.json.clone()))
        .collect();
    (json, messages(&lowered.diagnostics))
}

/// Schemas of which each is composed of all later ones by `keyword`.
fn composed(count: usize, keyword: &str) -> Value {
    let mut components = Map::new();
    for n in 0..count {
        let mut schema =
            json!({"type": "object", "properties": {format!("p{n}"): {"type": "string"}}});
        let later: Vec<Value> = (n + 1..count).map(reference).collect();
        if !later.is_empty() {
            schema[keyword] = json!(later);
        }
        components.insert(format!("N{n}"), schema);
    }
    Value::Object(components)
}

fn reference(n: usize) -> Value {
    json!({"$ref": format!("#/components/schemas/N{n}")})
}

/// How many schemas apply to one value of a schema, or of one that is in it, along every path.
fn most_checks(input: &Value) -> u128 {
    let mut known = HashMap::new();
    let mut most = 0;
    let mut open = vec![input];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(members) => {
                most = most.max(checks(input, value, &mut known));
                open.extend(members.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    most
}

fn checks(root: &Value, schema: &Value, known: &mut HashMap<String, u128>) -> u128 {
    let mut count = 1;
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        count += match known.get(name) {
            Some(found) => *found,
            None => {
                let found = checks(root, root.pointer(&name[1..]).unwrap(), known);
                known.insert(name.to_owned(), found);
                found
            }
        };
    }
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let parts = schema.get(keyword).and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            count += checks(root, part, known);
        }
    }
    for keyword in ["not", "if", "then", "else"] {
        if let Some(part) = schema.get(keyword) {
            count += checks(root, part, known);
        }
    }
    count
}

#[test]
fn schemas_composed_of_each_other_are_checked_in_a_bounded_number_of_steps() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let (input, reported) = input(&composed(40, keyword));
        let most = most_checks(&input);
        assert!(most <= BOUND, "{keyword}: {most}");
        assert!(
            reported.contains("is not checked in all parts"),
            "{keyword}: {reported}"
        );
        let validator = jsonschema::draft202012::new(&input).unwrap();
        assert!(
            validator.is_valid(&json!({"body": [{"p0": "a", "p39": "a"}]})),
            "{keyword}"
        );
        assert!(
            !validator.is_valid(&json!({"body": [{"p0": 1}]})),
            "{keyword}"
        );
    }
}

#[test]
fn compositions_within_the_bound_are_kept_whole() {
    let (input, reported) = input(&composed(10, "allOf"));
    assert_eq!(reported, "");
    let validator = jsonschema::draft202012::new(&input).unwrap();
    for n in 0..10 {
        assert!(
            !validator.is_valid(&json!({"body": [{format!("p{n}"): 1}]})),
            "{n}"
        );
    }
}

#[test]
fn a_schema_that_accepts_more_makes_no_other_refuse_more() {
    let deep = composed(40, "allOf");
    for (around, value) in [
        (json!({"not": reference(1)}), json!({"p39": 1})),
        (
            json!({"if": reference(1), "then": {"required": ["x"]}}),
            json!({"p39": 1}),
        ),
        (
            json!({"oneOf": [
                {"allOf": [reference(1)], "properties": {"kind": {"const": "a"}}},
                {"type": "object", "required": ["b"], "properties": {"p39": {"type": "integer"}}},
            ]}),
            json!({"p39": 1, "b": 1, "kind": "a"}),
        ),
    ] {
        let mut components = deep.clone();
        components["N0"] = around.clone();
        let (input, _) = input(&components);
        assert!(most_checks(&input) <= BOUND, "{around}");
        let validator = jsonschema::draft202012::new(&input).unwrap();
        assert!(
            validator.is_valid(&json!({"body": [value]})),
            "{around}: {input}"
        );
    }
}
