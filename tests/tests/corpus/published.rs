use std::collections::{BTreeMap, HashSet};

use generator::inspect::Inspection;
use generator::ir::{Api, Operation, Schema};
use generator::lower::{Lowered, MAX_DEFINITION_BYTES};
use serde_json::{Value, json};
use tests::harness::requirement;

use crate::descriptions::descriptions;

#[test]
fn every_schema_is_json_schema_2020_12() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let definitions = assembled(&api.definitions);
        // All definitions at once, then each root with those it reaches.
        compile(id, &json!({"$defs": definitions}));
        for operation in &api.operations {
            let Operation {
                input,
                published,
                output,
                published_output,
                ..
            } = operation;
            let published = published.iter().chain(published_output);
            for schema in [input].into_iter().chain(published).chain(output) {
                let name = format!("{id}: {}", operation.name);
                assert_eq!(schema.json["type"], "object", "{name}");
                compile(&name, &with_definitions(schema, api));
            }
        }
    }
}

fn assembled<'a>(definitions: impl IntoIterator<Item = (&'a String, &'a Schema)>) -> Value {
    let schemas = definitions.into_iter();
    schemas
        .map(|(name, schema)| (name.clone(), schema.json.clone()))
        .collect()
}

/// The schema as clients are served it.
pub(crate) fn with_definitions(schema: &Schema, api: &Api) -> Value {
    let mut reached = BTreeMap::new();
    let mut waiting: Vec<&String> = schema.definitions.iter().collect();
    while let Some(name) = waiting.pop() {
        let definition = api
            .definitions
            .get(name)
            .unwrap_or_else(|| panic!("no {name}"));
        if reached.insert(name, definition).is_none() {
            waiting.extend(&definition.definitions);
        }
    }
    let mut json = schema.json.clone();
    if !reached.is_empty() {
        json["$defs"] = assembled(reached);
    }
    json
}

fn compile(name: &str, schema: &Value) {
    let options = jsonschema::options().with_draft(jsonschema::Draft::Draft202012);
    if let Err(error) = options.build(schema) {
        panic!("{name}: {error}\n{schema}");
    }
}

#[test]
fn names_are_unique_and_fit_every_client() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let mut names = HashSet::new();
        for operation in &api.operations {
            let name = &operation.name;
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            assert!(
                (1..=64).contains(&name.len()) && name.chars().all(fits),
                "{id}: {name}"
            );
            assert!(
                !operation.description.is_empty() && !operation.title.is_empty(),
                "{id}: {name}"
            );
            assert!(names.insert(name), "{id}: {name} twice");
        }
    }
}

#[test]
fn no_definition_is_larger_than_clients_take() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let tools = Inspection::new(api, Vec::new()).tools;
        let cut = api.operations.iter().filter(|one| one.published.is_some());
        let total: usize = tools.iter().map(|tool| tool.bytes).sum();
        let largest = tools.iter().max_by_key(|tool| tool.bytes);
        let (name, bytes) = largest.map_or(("none", 0), |tool| (&tool.name, tool.bytes));
        println!(
            "{id}: {total} bytes, {} cut, largest {name} with {bytes}",
            cut.count()
        );
        assert!(bytes <= MAX_DEFINITION_BYTES, "{id}: {name}: {bytes}");
    }
}
