//! What the suites serve without building it is what a built crate serves.

use descriptors::catalogue;
use generator::lower::lower;
use generator::openapi::read;
use runtime::codegen::{Catalog, Operation, Schema};
use serde_json::{Value, json};
use tests::harness::requirement::repository;

#[test]
fn a_lowered_description_is_served_as_the_crate_that_is_written_from_it() {
    for (description, built) in [
        ("specs/api.yaml", &generated::CATALOG),
        ("tests/conformance/fixture.yaml", &fixture::CATALOG),
    ] {
        let api = lower(read(&repository().join(description)).unwrap()).api;
        let lowered = said(catalogue(built.name, &api));
        assert_eq!(lowered, said(built), "{description}");
        assert!(lowered.len() > 1);
    }
}

/// All that a catalogue says, but for the order of its tools and the layout of its JSON.
fn said(catalog: &Catalog) -> Vec<Value> {
    let tools = catalog.operations.iter().copied().flatten();
    let mut tools: Vec<&Operation> = tools.copied().collect();
    tools.sort_by_key(|operation| operation.name);
    let about = format!(
        "{} {} {} {} {:?} {:?}",
        catalog.name,
        catalog.title,
        catalog.version,
        catalog.description,
        catalog.servers,
        catalog.security_schemes,
    );
    let tools = tools.into_iter().map(of_tool);
    std::iter::once(Value::from(about)).chain(tools).collect()
}

fn of_tool(operation: &Operation) -> Value {
    let texts = (
        operation.name,
        operation.title,
        operation.description,
        operation.operation_id,
        operation.method,
        operation.path,
    );
    let rules = (
        operation.access,
        operation.destructive,
        operation.idempotent,
        operation.parameters,
        &operation.request_body,
        operation.accept,
        operation.security,
        operation.servers,
    );
    let example = operation.example.map(|example| {
        let body = serde_json::from_str(example.body).unwrap_or(Value::from(example.body));
        json!([example.status, example.media_type, body])
    });
    json!([
        format!("{texts:?} {rules:?}"),
        of_schema(&operation.input),
        operation.published.as_ref().map(of_schema),
        operation.output.as_ref().map(of_schema),
        example,
    ])
}

/// The schema, and all definitions that it reaches.
fn of_schema(schema: &Schema) -> Value {
    let mut reached = serde_json::Map::new();
    let mut waiting = schema.definitions.to_vec();
    while let Some(definition) = waiting.pop() {
        let json = parsed(definition.schema.json);
        if reached.insert(definition.name.to_owned(), json).is_none() {
            waiting.extend(definition.schema.definitions);
        }
    }
    reached.sort_keys();
    json!([parsed(schema.json), reached])
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}
