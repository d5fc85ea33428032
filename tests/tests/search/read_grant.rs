use std::fs;

use futures_util::StreamExt;
use futures_util::stream;
use generator::ir::Access;
use generator::lower::lower;
use generator::openapi::read;
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::recorder::Recorder;
use tests::harness::{requirement, server};

/// How many calls are made at once.
const AT_ONCE: usize = 16;
/// The tools of search mode that call others.
const CALLS: [&str; 3] = ["call_read_tool", "call_write_tool", "call_destructive_tool"];

/// The ways to call a tool without its arguments being wrong: they are removed from the description.
fn attempts(name: &str) -> Vec<Value> {
    let plain = json!({"name": name, "arguments": {}});
    let mut attempts = vec![plain.clone()];
    for own in CALLS {
        attempts.push(json!({"name": own, "arguments": plain}));
        attempts.push(json!({"name": own, "arguments": {"name": name}}));
        let nested = json!({"name": "call_write_tool", "arguments": plain});
        attempts.push(json!({"name": own, "arguments": nested}));
    }
    attempts
}

/// Whatever a connection that may only read calls in search mode, no write leaves for the API: over every
/// operation of the corpus that changes something, by its own name, by each tool that calls others, and
/// nested in another call.
#[tokio::test(flavor = "multi_thread")]
async fn read_only_search_mode_reaches_no_write_of_the_corpus() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let index = fs::read_to_string(corpus.join("corpus.dev.json")).unwrap();
    let index: Vec<Value> = serde_json::from_str(&index).unwrap();
    let (mut writes, mut calls) = (0, 0);
    for entry in &index {
        let text = |field: &str| entry[field].as_str().unwrap();
        let file = corpus.join("corpus").join(text("id")).join(text("entry"));
        let mut api = lower(read(&file).unwrap()).api;
        api.security_schemes.clear();
        api.operations.retain(|it| it.access == Access::Write);
        for (number, operation) in api.operations.iter_mut().enumerate() {
            operation.path = format!("/{number}");
            operation.parameters.clear();
            operation.request_body = None;
            operation.security.clear();
            operation.servers.clear();
            operation.published = None;
            operation.output = None;
            operation.input.json = json!({"type": "object"});
            operation.input.definitions.clear();
        }
        let recorder = Recorder::start().await.unwrap();
        let catalogue = descriptors::catalogue(text("id"), &api);
        let mut config = Config::default();
        config.server.auth = Auth::None;
        config.upstream.url = Some(recorder.url().clone());
        let open = server::serve(catalogue, config.clone()).await.unwrap();
        config.server.read_only = true;
        let closed = server::serve(catalogue, config).await.unwrap();
        let at = |server: &runtime::app::Server| {
            let mut url = server.url().clone();
            url.set_path("/mcp/search");
            Client::new(url, Revision::V2025_11_25)
        };
        let client = &at(&closed);
        let all = api.operations.iter().flat_map(|it| attempts(&it.name));
        calls += stream::iter(all)
            .map(|params| async move {
                let answer = client.send("tools/call", params.clone()).await.unwrap();
                let result = &answer.message["result"];
                let refused = result["isError"] == true || !answer.message["error"].is_null();
                assert!(refused, "{params}: {}", answer.message);
            })
            .buffer_unordered(AT_ONCE)
            .count()
            .await;
        assert_eq!(recorder.take(), [], "{}", text("id"));
        // The same calls reach the API where the connection may write: they are not refused for
        // another reason.
        if let Some(operation) = api.operations.first() {
            let own = if operation.destructive {
                CALLS[2]
            } else {
                CALLS[1]
            };
            let arguments = json!({"name": operation.name, "arguments": {}});
            let params = json!({"name": own, "arguments": arguments});
            at(&open).send("tools/call", params).await.unwrap();
            assert_eq!(recorder.take().len(), 1, "{}: {own}", text("id"));
        }
        writes += api.operations.len();
    }
    println!("{calls} calls of {writes} operations that change something: none left");
    assert!(writes > 1000, "{writes}");
}
