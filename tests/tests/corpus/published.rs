use std::collections::{BTreeMap, HashSet};

use generator::ir::{Api, Schema};
use generator::lower::Lowered;
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
            for schema in std::iter::once(&operation.input).chain(&operation.output) {
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
fn with_definitions(schema: &Schema, api: &Api) -> Value {
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
    json["$defs"] = assembled(reached);
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
