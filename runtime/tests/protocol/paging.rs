//! Catalogues that are too long for one answer.

use std::collections::BTreeSet;

use runtime::app::{self, Environment};
use runtime::codegen::{Catalog, Operation};
use serde_json::{Value, json};

use crate::support::config;

/// A catalogue of so many tools, each with a description of so many bytes.
fn catalogue(tools: usize, bytes: usize) -> &'static Catalog {
    let operations: Vec<&'static Operation> = (0..tools)
        .map(|index| {
            let operation = Operation {
                name: Box::leak(format!("tool_{index}").into_boxed_str()),
                description: Box::leak("x".repeat(bytes).into_boxed_str()),
                ..Operation::BASE
            };
            &*Box::leak(Box::new(operation))
        })
        .collect();
    let modules: &'static [&'static Operation] = Box::leak(operations.into_boxed_slice());
    Box::leak(Box::new(Catalog {
        name: "many",
        server_name: "many",
        title: "Many",
        version: "1",
        summary: "",
        logo: None,
        repeated: &[],
        description: "",
        servers: &[],
        tags: &[],
        search_mode: false,
        security_schemes: &[],
        operations: Box::leak(Box::new([modules])),
    }))
}

/// All pages of a catalogue, as names.
async fn pages(catalog: &'static Catalog) -> Vec<Vec<String>> {
    let mut config = config();
    config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
    let server = app::start(catalog, config, Environment::default())
        .await
        .unwrap();
    let client = reqwest::Client::new();
    let mut cursor = Value::Null;
    let mut pages = Vec::new();
    loop {
        let mut message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}});
        if cursor.is_string() {
            message["params"]["cursor"] = cursor;
        }
        let response = client
            .post(server.url().clone())
            .json(&message)
            .send()
            .await
            .unwrap();
        let mut answer: Value = response.json().await.unwrap();
        let tools = answer["result"]["tools"].as_array().unwrap();
        let names = tools
            .iter()
            .map(|tool| tool["name"].as_str().unwrap().to_owned());
        pages.push(names.collect());
        cursor = answer["result"]["nextCursor"].take();
        if cursor.is_null() {
            return pages;
        }
    }
}

#[tokio::test]
async fn the_pages_together_hold_every_tool_once() {
    let pages = pages(catalogue(1_203, 1)).await;
    assert!(pages.len() > 1);
    let names: Vec<_> = pages.concat();
    let sorted: BTreeSet<_> = names.iter().cloned().collect();
    assert_eq!(names.len(), 1_203);
    assert_eq!(names, sorted.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn long_definitions_make_more_pages() {
    assert_eq!(pages(catalogue(3, 400_000)).await.len(), 2);
}
