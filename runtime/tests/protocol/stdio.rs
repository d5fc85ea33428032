//! MCP over a pair of streams.

use runtime::app::{Environment, serve_streams};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_util::sync::CancellationToken;

use crate::support::{Api, CATALOG, TestServer, config};

/// Says all lines, ends the input, and returns what is answered by then.
async fn exchange(url: &str, messages: &[Value]) -> Vec<Value> {
    let mut config = config();
    config.upstream.url = Some(url.parse().unwrap());
    let (mut input, read) = tokio::io::duplex(1 << 20);
    let (write, mut output) = tokio::io::duplex(1 << 20);
    for message in messages {
        input
            .write_all(format!("{message}\n").as_bytes())
            .await
            .unwrap();
    }
    drop(input);
    let stop = CancellationToken::new();
    serve_streams(
        &CATALOG,
        &config,
        &Environment::default(),
        read,
        write,
        stop,
    )
    .await
    .unwrap()
    .unwrap();
    let mut text = String::new();
    output.read_to_string(&mut text).await.unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn opening() -> [Value; 2] {
    let params = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    [
        json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ]
}

#[tokio::test]
async fn the_catalogue_is_that_of_http_byte_for_byte() {
    let bench = TestServer::start().await;
    let over_http = bench.rpc("tools/list", json!({})).await;
    let [hello, ready] = opening();
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let answers = exchange("http://127.0.0.1:1", &[hello, ready, list]).await;
    let tools = answers[1]["result"]["tools"].to_string();
    assert_eq!(tools, over_http["result"]["tools"].to_string());
}

#[tokio::test]
async fn what_was_asked_before_the_input_ended_is_answered() {
    let api = Api::default();
    let url = api.start().await;
    let [hello, ready] = opening();
    let call = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "get_note"}});
    let answers = exchange(&url, &[hello, ready, call]).await;
    assert_eq!(answers.len(), 2, "{answers:?}");
}

#[tokio::test]
async fn level_of_logging_can_be_set_over_streams() {
    let [hello, ready] = opening();
    let level = |level: &str| json!({"jsonrpc": "2.0", "id": 1, "method": "logging/setLevel", "params": {"level": level}});
    for level in [level("debug"), level("verbose")] {
        let answers = exchange("http://127.0.0.1:1", &[hello.clone(), ready.clone(), level]).await;
        assert_eq!(answers[1], json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    }
}

#[tokio::test]
async fn empty_lists_in_place_of_maps_are_none_over_streams() {
    let api = Api::default();
    let url = api.start().await;
    let [hello, _] = opening();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized", "params": []});
    let request = |id: u8, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let messages = [
        hello,
        ready,
        request(1, "ping", json!([])),
        request(2, "tools/list", json!([])),
        request(
            3,
            "tools/call",
            json!({"name": "get_note", "arguments": []}),
        ),
    ];
    let answers = exchange(&url, &messages).await;
    let answer = |id: u8| answers.iter().find(|one| one["id"] == id).unwrap();
    assert_eq!(answer(1)["result"], json!({}));
    assert!(answer(2)["result"]["tools"].is_array(), "{answers:?}");
    assert_eq!(answer(3)["result"]["isError"], false, "{answers:?}");
    // A list with something in it is no map.
    let [hello, ready] = opening();
    let call = request(
        4,
        "tools/call",
        json!({"name": "get_note", "arguments": [1]}),
    );
    let answers = exchange(&url, &[hello, ready, call]).await;
    assert_eq!(answers[1]["error"]["code"], -32602, "{answers:?}");
}

#[tokio::test]
async fn an_input_that_ends_at_once_is_no_failure() {
    assert_eq!(
        exchange("http://127.0.0.1:1", &[]).await,
        Vec::<Value>::new()
    );
}
