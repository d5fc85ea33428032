//! What the list of all tools takes, and what `describe_tools` returns of what is shortened in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use generator::inspect::Inspection;
use generator::ir;
use generator::lower::lower;
use generator::openapi::read;
use runtime::config::{Auth, Config};
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::{requirement, server};

/// How many descriptions are measured: those with the most operations.
const LARGEST: usize = 8;
/// The most tokens of a list of all tools.
const MOST: usize = 300_000;
/// How many tools `describe_tools` describes at once.
const AT_ONCE: usize = 10;
/// What each answer has at most, in bytes: the share of one view in what a client reads.
const ANSWER: usize = 75_000;

/// The largest descriptions of the corpus, by their names.
fn largest() -> Option<Vec<(String, PathBuf)>> {
    let corpus = requirement::require(requirement::corpus())?;
    let index = fs::read_to_string(corpus.join("corpus.dev.json")).unwrap();
    let mut index: Vec<Value> = serde_json::from_str(&index).unwrap();
    index.sort_by_key(|entry| std::cmp::Reverse(entry["operations"].as_u64()));
    let largest = index.iter().take(LARGEST).map(|entry| {
        let text = |field: &str| entry[field].as_str().unwrap();
        let file = corpus.join("corpus").join(text("id")).join(text("entry"));
        (text("id").to_owned(), file)
    });
    Some(largest.collect())
}

#[test]
fn list_of_all_tools_is_bounded() {
    let Some(largest) = largest() else {
        return;
    };
    println!(
        "{:28} {:>6} {:>9} {:>9} {:>7}",
        "description", "tools", "whole", "listed", "shorter"
    );
    for (id, file) in largest {
        let api = lower(read(&file).unwrap()).api;
        let inspection = Inspection::new(&api, Vec::new());
        let tools = &inspection.tools;
        let whole: usize = tools.iter().map(|tool| tool.whole_bytes).sum();
        let listed = inspection.tokens();
        let shortened = tools.iter().filter(|tool| !tool.shortened.is_empty());
        println!(
            "{id:28} {:>6} {:>9} {listed:>9} {:>7}",
            tools.len(),
            whole.div_ceil(4),
            shortened.count()
        );
        assert!(listed <= MOST, "{id}: {listed}");
    }
}

/// A schema with all definitions that it reaches.
fn whole(schema: &ir::Schema, api: &ir::Api) -> Value {
    let mut reached: BTreeMap<&str, Value> = BTreeMap::new();
    let mut next: Vec<&str> = schema.definitions.iter().map(String::as_str).collect();
    while let Some(name) = next.pop() {
        let definition = &api.definitions[name];
        if reached.insert(name, definition.json.clone()).is_none() {
            next.extend(definition.definitions.iter().map(String::as_str));
        }
    }
    let mut json = schema.json.clone();
    if !reached.is_empty() {
        json["$defs"] = json!(reached);
    }
    json
}

/// Asks for definitions, and for what answers leave out, until nothing is left: by name.
async fn described(client: &Client, names: &[&str]) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    let mut open = vec![json!({ "names": names })];
    while let Some(Value::Object(arguments)) = open.pop() {
        let answer = client.call("describe_tools", arguments).await.unwrap();
        let text = answer["content"][0]["text"].as_str().unwrap();
        assert!(text.len() <= ANSWER, "{names:?}: {}", text.len());
        let answer: Value = serde_json::from_str(text).unwrap();
        for tool in answer["tools"].as_array().unwrap() {
            let name = tool["name"].as_str().unwrap().to_owned();
            match tool["json"].as_str() {
                Some(part) => parts.entry(name).or_default().push_str(part),
                None => _ = found.insert(name, tool.clone()),
            }
        }
        open.extend(answer["next"].as_array().into_iter().flatten().cloned());
    }
    for (name, text) in parts {
        found.insert(name, serde_json::from_str(&text).unwrap());
    }
    found
}

/// Takes the arguments away that the server itself takes, where the API has none of that name.
fn without_own(described: &mut Value, whole: &Value) {
    let properties = described.get_mut("properties");
    let Some(properties) = properties.and_then(Value::as_object_mut) else {
        return;
    };
    for own in ["_fields", "_cursor"] {
        if whole["properties"].get(own).is_none() {
            properties.shift_remove(own);
        }
    }
    if properties.is_empty() && whole.get("properties").is_none() {
        described
            .as_object_mut()
            .unwrap()
            .shift_remove("properties");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_tools_returns_whole_definitions() {
    let Some(largest) = largest() else {
        return;
    };
    for (id, file) in largest {
        let api = lower(read(&file).unwrap()).api;
        let catalogue = descriptors::catalogue(&id, &api);
        let mut config = Config::default();
        config.server.auth = Auth::None;
        config.server.mock = true;
        let server = server::serve(catalogue, config).await.unwrap();
        let mut url = server.url().clone();
        url.set_path("/mcp/tools");
        let client = Client::new(url, Revision::V2025_11_25);
        let listed = client.tools().await.unwrap();
        let is_listed = listed.iter().any(|tool| tool["name"] == "describe_tools");
        let is_shortened = api.operations.iter().any(|operation| {
            let schemas = [&operation.published, &operation.published_output];
            operation.brief.is_some() || schemas.iter().any(|it| it.is_some())
        });
        assert_eq!(is_listed, is_shortened, "{id}");
        let names: Vec<&str> = listed
            .iter()
            .map(|tool| tool["name"].as_str().unwrap())
            .filter(|name| *name != "describe_tools")
            .collect();
        for names in names.chunks(AT_ONCE) {
            let mut found = described(&client, names).await;
            for name in names {
                let operation = api.operations.iter().find(|it| it.name == *name).unwrap();
                let tool = found.get_mut(*name).unwrap();
                assert_eq!(tool["description"], operation.description, "{id} {name}");
                let input = whole(&operation.input, &api);
                without_own(&mut tool["inputSchema"], &input);
                assert_eq!(tool["inputSchema"], input, "{id} {name}");
                let output = operation.output.as_ref().map(|it| whole(it, &api));
                assert_eq!(tool.get("outputSchema"), output.as_ref(), "{id} {name}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_within_the_budget_are_listed_whole() {
    let description = requirement::repository().join("specs/api.yaml");
    let api = lower(read(&description).unwrap()).api;
    let inspection = Inspection::new(&api, Vec::new());
    assert!(inspection.tokens() <= 25_000);
    assert!(
        inspection
            .tools
            .iter()
            .all(|tool| tool.shortened.is_empty())
    );
    assert!(api.repeated.is_empty());
    let catalogue = descriptors::catalogue("api", &api);
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.server.mock = true;
    let server = server::serve(catalogue, config).await.unwrap();
    let client = Client::new(server.url().clone(), Revision::V2025_11_25);
    let listed: Vec<Value> = client.tools().await.unwrap();
    assert_eq!(listed.len(), api.operations.len());
    // It answers nevertheless.
    let names = json!({ "names": [listed[0]["name"]] });
    let arguments: Map<String, Value> = names.as_object().unwrap().clone();
    let answer = client.call("describe_tools", arguments).await.unwrap();
    assert_eq!(answer["isError"], false);
}
