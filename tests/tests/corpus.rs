//! Real descriptions, lowered and held against what an independent reader counted in them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use generator::ir::{Api, In, Operation, Schema};
use generator::lower::{Lowered, lower};
use generator::openapi::read;
use serde_json::{Map, Value, json};
use tests::harness::requirement;

/// The descriptions of the corpus, lowered once for all tests: those of more than one file and of
/// Swagger 2.0 left out.
fn descriptions(corpus: &Path) -> &'static [(String, Lowered)] {
    static LOWERED: OnceLock<Vec<(String, Lowered)>> = OnceLock::new();
    LOWERED.get_or_init(|| {
        let index = parsed(&corpus.join("corpus.dev.json"));
        let entries = index.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["files"] == 1 && entry["version"] != "2.0")
            .map(|entry| {
                let text = |field: &str| entry[field].as_str().unwrap();
                let id = text("id");
                let file = corpus.join("corpus").join(id).join(text("entry"));
                (id.to_owned(), lowered(&file))
            })
            .collect()
    })
}

fn parsed(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn lowered(file: &Path) -> Lowered {
    lower(read(file).unwrap_or_else(|error| panic!("{error}")))
}

#[test]
fn operations_equal_the_oracle() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut differences = String::new();
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let schemes: Vec<&str> = api
            .security_schemes
            .iter()
            .map(|scheme| scheme.name.as_str())
            .collect();
        let expected = parsed(&corpus.join("expected").join(format!("{id}.json")));
        let expected: BTreeMap<_, _> = expected["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|operation| (route(operation), expectation(operation, &schemes)))
            .collect();
        let found: BTreeMap<_, _> = api
            .operations
            .iter()
            .map(|operation| {
                let route = format!("{} {}", operation.method, operation.path);
                (route, description(operation))
            })
            .collect();
        println!("{id}: {} of {} operations", found.len(), expected.len());
        for route in expected.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
            let (expected, found) = (expected.get(route), found.get(route));
            if expected != found {
                let show = |value: Option<&Value>| value.map(Value::to_string).unwrap_or_default();
                let (expected, found) = (show(expected), show(found));
                writeln!(
                    differences,
                    "{id}: {route}\n  expected {expected}\n  found    {found}"
                )
                .unwrap();
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

fn route(operation: &Value) -> String {
    let text = |field: &str| operation[field].as_str().unwrap();
    format!("{} {}", text("method"), text("path"))
}

/// What the oracle says, less what tools deliberately leave out, each with a diagnostic: headers
/// that are not for callers or cannot be sent, path parameters that the path has no place for, and
/// security alternatives of schemes that are not declared. What the path has a place for and
/// nobody declared is added.
fn expectation(operation: &Value, schemes: &[&str]) -> Value {
    let path = operation["path"].as_str().unwrap();
    let mut parameters: BTreeSet<String> = BTreeSet::new();
    for parameter in operation["params"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        let location = parameter["in"].as_str().unwrap();
        let ignored = [
            "accept",
            "authorization",
            "content-length",
            "content-type",
            "host",
        ];
        let is_sent = match location {
            "header" => {
                !ignored.contains(&name.to_ascii_lowercase().as_str()) && !name.contains([':', ' '])
            }
            "path" => path.contains(&format!("{{{name}}}")),
            _ => true,
        };
        let required = location == "path" || parameter["required"] == true;
        if is_sent {
            parameters.insert(format!("{location} {name} {required}"));
        }
    }
    for expression in path.split('{').skip(1) {
        let name = expression.split('}').next().unwrap();
        parameters.insert(format!("path {name} true"));
    }
    let responses: Map<String, Value> = operation["responses"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(status, media_types)| (status.clone(), sorted(media_types)))
        .collect();
    let is_declared = |scheme: &Value| schemes.contains(&scheme.as_str().unwrap());
    let alternatives_of = operation["security"].as_array().into_iter().flatten();
    let declared: Vec<&Value> = alternatives_of
        .filter(|alternative| alternative.as_array().unwrap().iter().all(is_declared))
        .collect();
    let mut body = json!(null);
    if let Some(given) = operation.get("body") {
        body = json!({"media": sorted(&given["media"]), "required": given["required"] == true});
    }
    json!({
        "operationId": operation["operationId"],
        "parameters": parameters,
        "body": body,
        "responses": responses,
        "security": alternatives(&json!(declared)),
    })
}

fn description(operation: &Operation) -> Value {
    let parameters: BTreeSet<String> = operation
        .parameters
        .iter()
        .map(|parameter| {
            let location = match parameter.location {
                In::Path => "path",
                In::Query => "query",
                In::QueryString => "querystring",
                In::Header => "header",
                In::Cookie => "cookie",
            };
            format!("{location} {} {}", parameter.name, parameter.required)
        })
        .collect();
    let mut body = json!(null);
    if let Some(given) = &operation.request_body {
        let media_types = sorted(&json!(given.declared_media_types));
        body = json!({"media": media_types, "required": given.required});
    }
    let responses: Map<String, Value> = operation
        .responses
        .iter()
        .map(|response| {
            (
                response.status.clone(),
                sorted(&json!(response.media_types)),
            )
        })
        .collect();
    let security: Vec<Vec<&str>> = operation
        .security
        .iter()
        .map(|schemes| schemes.iter().map(|one| one.scheme.as_str()).collect())
        .collect();
    json!({
        "operationId": operation.operation_id,
        "parameters": parameters,
        "body": body,
        "responses": responses,
        "security": alternatives(&json!(security)),
    })
}

fn sorted(list: &Value) -> Value {
    let mut items = list.as_array().cloned().unwrap_or_default();
    items.sort_by_key(Value::to_string);
    items.into()
}

/// Alternatives of schemes, as a set of sets.
fn alternatives(security: &Value) -> Value {
    let alternatives = security.as_array().into_iter().flatten().map(sorted);
    sorted(&alternatives.collect())
}

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

#[test]
fn small_traps_are_read_or_refused_with_a_reason() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut waiting = vec![corpus.join("micro")];
    let mut outcomes = BTreeMap::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(
                fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
            continue;
        }
        let outcome = match read(&path) {
            Err(error) => error.to_string(),
            Ok(document) => {
                let Lowered { api, diagnostics } = lower(document);
                for found in &diagnostics {
                    assert!(
                        !found.message.is_empty() && !found.help.is_empty(),
                        "{found:?}"
                    );
                }
                let tools = api.operations.len();
                format!("{tools} tools, {} diagnostics", diagnostics.len())
            }
        };
        assert!(!outcome.is_empty());
        outcomes.insert(path, outcome);
    }
    assert!(!outcomes.is_empty());
    for (path, outcome) in outcomes {
        let path = path.strip_prefix(&corpus).unwrap().display();
        println!("{path}: {outcome}");
    }
}
