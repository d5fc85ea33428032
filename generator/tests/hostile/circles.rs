//! References that lead in circles, through long chains, and by many ways to the same place.

use serde_json::{Map, Value, json};

use crate::support::{chain, one, run, schema};

const LONG: usize = 10_000;
/// Each step of a lattice doubles the ways through it.
const STEPS: usize = 60;

/// Schemas of which each leads to the next twice.
fn lattice(link: impl Fn(Value) -> Value) -> Map<String, Value> {
    chain(STEPS, |_, next| link(next))
}

/// Schemas of which each leads to all of them.
fn clique(size: usize, keyword: &str) -> Map<String, Value> {
    let all: Vec<Value> = (0..size).map(schema).collect();
    (0..size)
        .map(|at| (format!("s{at}"), json!({keyword: all})))
        .collect()
}

#[test]
fn a_chain_of_all_of() {
    let schemas = chain(LONG, |_, next| json!({"allOf": [next, {"type": "object"}]}));
    run("chain_all_of", "json", one(&schema(0), &schemas))
        .makes(1, "clients are shown its upper part");
}

#[test]
fn a_circle_of_all_of() {
    let link = |at, _| json!({"allOf": [schema((at + 1) % LONG), {"type": "object"}]});
    let text = one(&schema(0), &chain(LONG, link));
    run("circle_all_of", "json", text).makes(1, "contains itself by way of");
}

#[test]
fn a_chain_of_properties() {
    let schemas = chain(LONG, |_, next| json!({"properties": {"next": next}}));
    run("chain_properties", "json", one(&schema(0), &schemas))
        .makes(1, "clients are shown its upper part");
}

#[test]
fn a_chain_of_references_that_is_entered_everywhere() {
    let properties: Map<String, Value> =
        (0..LONG).map(|at| (format!("p{at}"), schema(at))).collect();
    let text = one(
        &json!({"properties": properties}),
        &chain(LONG, |_, next| next),
    );
    run("chain_references", "json", text).makes(1, "or through more than 16 others");
}

#[test]
fn arrays_of_themselves_and_of_each_other() {
    for (name, last) in [("array_circle", 0), ("array_chain", LONG - 1)] {
        let link = |at: usize, _| json!({"type": "array", "items": schema((at + 1).min(last))});
        let schemas = chain(LONG, link);
        run(name, "json", one(&schema(0), &schemas)).makes(1, "");
    }
}

#[test]
fn a_circle_of_references() {
    let text = one(&schema(0), &chain(LONG, |at, _| schema((at + 1) % LONG)));
    run("circle_references", "json", text).makes(1, "the references lead in a circle");
}

#[test]
fn a_circle_of_parameters() {
    let reference = |at: usize| json!({"$ref": format!("#/components/parameters/p{at}")});
    let parameters: Map<String, Value> = (0..LONG)
        .map(|at| (format!("p{at}"), reference((at + 1) % LONG)))
        .collect();
    let text = json!({
        "openapi": "3.1.0",
        "paths": {"/a": {"get": {"parameters": [reference(0)]}}},
        "components": {"parameters": parameters},
    });
    run("circle_parameters", "json", text.to_string()).makes(0, "the references lead in a circle");
}

#[test]
fn a_chain_of_path_items() {
    let paths: Map<String, Value> = (0..LONG)
        .map(|at| {
            (
                format!("/p{at}"),
                json!({"$ref": format!("#/paths/~1p{}", at + 1)}),
            )
        })
        .collect();
    let text = json!({"openapi": "3.1.0", "paths": paths});
    run("chain_path_items", "json", text.to_string()).makes(0, "more like this");
}

#[test]
fn lattices_are_walked_once() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let schemas = lattice(|next| json!({keyword: [next, next]}));
        run(
            &format!("lattice_{keyword}"),
            "json",
            one(&schema(0), &schemas),
        )
        .makes(1, "");
    }
    let schemas = lattice(|next| json!({"required": ["a"], "properties": {"a": next, "b": next}}));
    run("lattice_properties", "json", one(&schema(0), &schemas)).makes(1, "");
}

#[test]
fn discriminators_of_schemas_that_are_made_of_each_other() {
    let many = 200;
    let fan = |at: usize| {
        let parents: Vec<Value> = (1..=2)
            .filter_map(|by| at.checked_sub(by))
            .map(schema)
            .collect();
        json!({"type": "object", "allOf": parents, "discriminator": {"propertyName": "kind"}})
    };
    let schemas = (0..many).map(|at| (format!("s{at}"), fan(at))).collect();
    let properties: Map<String, Value> =
        (0..many).map(|at| (format!("p{at}"), schema(at))).collect();
    let text = one(
        &json!({"type": "object", "properties": properties}),
        &schemas,
    );
    run("fan", "json", text).makes(1, "clients are shown its upper part");
}

#[test]
fn schemas_that_all_contain_each_other() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        let text = one(&schema(0), &clique(60, keyword));
        run(&format!("clique_{keyword}"), "json", text).makes(1, "contains itself by way of");
    }
}

#[test]
fn parts_of_a_form_that_all_contain_each_other() {
    let properties = json!({"file": schema(0)});
    let content =
        json!({"multipart/form-data": {"schema": {"type": "object", "properties": properties}}});
    let text = json!({
        "openapi": "3.1.0",
        "paths": {"/a": {"post": {"requestBody": {"content": content}}}},
        "components": {"schemas": clique(60, "anyOf")},
    });
    run("clique_form", "json", text.to_string()).makes(1, "contains itself by way of");
}

#[test]
fn an_example_that_would_be_endless() {
    let names: Vec<String> = (0..10).map(|name| format!("a{name}")).collect();
    let schemas = chain(12, |_, next| {
        let properties: Map<String, Value> = names
            .iter()
            .map(|name| (name.clone(), next.clone()))
            .collect();
        json!({"type": "object", "required": names, "properties": properties})
    });
    run("endless_example", "json", one(&schema(0), &schemas)).makes(1, "");
    let least = 1_000_000_000;
    let schemas = chain(
        12,
        |_, next| json!({"type": "array", "minItems": least, "items": next}),
    );
    run("endless_list", "json", one(&schema(0), &schemas)).makes(1, "");
}
