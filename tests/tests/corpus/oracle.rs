use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use generator::ir::{In, Operation};
use generator::lower::Lowered;
use serde_json::{Map, Value, json};
use tests::harness::requirement;

use crate::descriptions::{descriptions, parsed};

#[test]
fn operations_equal_the_oracle() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let mut differences = String::new();
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let expected = parsed(&corpus.join("expected").join(format!("{id}.json")));
        let expected: BTreeMap<_, _> = expected["operations"]
            .as_array()
            .unwrap()
            .iter()
            .map(|operation| (route(operation), expectation(operation)))
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

/// Reads whose body the description declares and says nothing of: each is left out with a
/// diagnostic.
const EMPTY_BODIES: [&str; 4] = [
    "GET /_cat/count",
    "GET /_cat/count/{index}",
    "GET /_project/tags",
    "GET /_resolve/index/{name}",
];

/// What the oracle says, less what tools deliberately leave out, each with a diagnostic: headers
/// that are not for callers or cannot be sent, and path parameters that the path has no place for.
/// Undeclared places in the path are added.
fn expectation(operation: &Value) -> Value {
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
    let mut body = json!(null);
    let is_empty = EMPTY_BODIES.contains(&route(operation).as_str());
    if let Some(given) = operation.get("body").filter(|_| !is_empty) {
        body = json!({"media": sorted(&given["media"]), "required": given["required"] == true});
    }
    json!({
        "operationId": operation["operationId"],
        "parameters": parameters,
        "body": body,
        "responses": responses,
        "security": alternatives(&operation["security"]),
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
    json!({
        "operationId": operation.operation_id,
        "parameters": parameters,
        "body": body,
        "responses": responses,
        "security": alternatives(&json!(operation.security)),
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
