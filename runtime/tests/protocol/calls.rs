//! Tool calls: what leaves for the API, and what comes back.

use std::sync::Arc;
use std::time::SystemTime;

use futures_util::FutureExt;
use runtime::app::Environment;
use runtime::clock::Clock;
use serde_json::{Value, json};

use crate::support::TestServer;

#[tokio::test]
async fn every_result_names_the_server_and_the_request() {
    let bench = TestServer::start().await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "get_pet", "arguments": {"id": 1}}});
    let response = bench.post(message.to_string()).send().await.unwrap();
    let id = response.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let answer: Value = response.json().await.unwrap();
    let meta = &answer["result"]["_meta"];
    assert_eq!(meta["io.modelcontextprotocol/serverInfo"]["name"], "pets");
    assert_eq!(meta["drawbridge/request-id"], id);
    assert_eq!(bench.api.seen()[0].headers["x-request-id"], id);
}

#[tokio::test]
async fn a_tool_is_called_in_2026_07_28() {
    let bench = TestServer::start().await;
    let params = json!({"name": "get_pet", "arguments": {"id": 1}});
    let (status, answer) = bench.modern("tools/call", params).await;
    assert_eq!(status, 200);
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({"name": "Rex"})
    );
    assert_eq!(answer["result"]["resultType"], "complete");
}

#[tokio::test]
async fn an_object_is_structured_content_and_text() {
    let bench = TestServer::start().await;
    let result = bench.call("get_pet", json!({"id": 1})).await;
    assert_eq!(result["structuredContent"], json!({"name": "Rex"}));
    assert_eq!(
        result["content"],
        json!([{"type": "text", "text": r#"{"name":"Rex"}"#}])
    );
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn other_json_is_wrapped() {
    let bench = TestServer::start().await;
    let result = bench.call("list_pets", json!({})).await;
    assert_eq!(
        result["structuredContent"],
        json!({"result": [{"name": "Rex"}]})
    );
}

#[tokio::test]
async fn an_image_is_an_image() {
    let bench = TestServer::start().await;
    let result = bench.call("get_photo", json!({})).await;
    let image = json!({"type": "image", "data": "UE5H", "mimeType": "image/png"});
    assert_eq!(result["content"], json!([image]));
}

#[tokio::test]
async fn other_binary_is_an_embedded_resource() {
    let bench = TestServer::start().await;
    let result = bench.call("get_file", json!({})).await;
    let resource = &result["content"][0]["resource"];
    assert_eq!(resource["blob"], "UEs=");
    assert_eq!(resource["mimeType"], "application/zip");
    assert!(resource["uri"].as_str().unwrap().starts_with("response://"));
}

#[tokio::test]
async fn text_is_text() {
    let bench = TestServer::start().await;
    let result = bench.call("get_note", json!({})).await;
    assert_eq!(
        result["content"],
        json!([{"type": "text", "text": "hello"}])
    );
    assert_eq!(result.get("structuredContent"), None);
}

#[tokio::test]
async fn an_empty_answer_says_that_it_is_done() {
    let bench = TestServer::start().await;
    let result = bench.call("get_nothing", json!({})).await;
    let text = "Done; the API answered 204 without content.";
    assert_eq!(result["content"], json!([{"type": "text", "text": text}]));
}

#[tokio::test]
async fn an_empty_answer_says_where_the_new_thing_is() {
    let bench = TestServer::start().await;
    let result = bench.call("upload", json!({})).await;
    let text = "Done; the API answered 201 without content. Its header fields:\n\
                location: /files/5";
    assert_eq!(result["content"], json!([{"type": "text", "text": text}]));
}

#[tokio::test]
async fn the_answer_to_head_is_its_header_fields() {
    let bench = TestServer::start().await;
    let result = bench.call("probe", json!({})).await;
    let text = "Done; the API answered 200 without content. Its header fields:\n\
                content-type: application/zip\netag: \"v1\"\ncontent-length: 2";
    assert_eq!(result["content"], json!([{"type": "text", "text": text}]));
    assert_eq!(bench.api.seen()[0].headers["accept-encoding"], "identity");
}

#[tokio::test]
async fn a_failed_call_is_a_tool_error_with_structured_content() {
    let bench = TestServer::start().await;
    let result = bench.call("fail", json!({})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(result["structuredContent"]["error"]["kind"], "not_found");
    let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!(text, result["structuredContent"]);
}

#[tokio::test]
async fn an_error_of_a_tool_with_an_output_schema_is_text_alone() {
    let bench = TestServer::with(|config| {
        config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
    })
    .await;
    let result = bench.call("get_pet", json!({"id": 1})).await;
    assert_eq!(result["isError"], true);
    assert_eq!(result.get("structuredContent"), None);
}

#[tokio::test]
async fn an_answer_that_does_not_fit_its_schema_is_delivered() {
    let bench = TestServer::start().await;
    let result = bench.call("get_pet", json!({"id": 7})).await;
    assert_eq!(result["isError"], false);
    assert_eq!(result["content"][0]["text"], r#"{"name":7}"#);
    let note = result["content"][1]["text"].as_str().unwrap();
    assert!(
        note.contains("not as the API's description declares it"),
        "{note}"
    );
    // Strict clients fail a call over structured content that does not fit.
    let notes = json!({"not_as_described": {"/name": 7}});
    assert_eq!(result["structuredContent"], json!({ "_notes": notes }));
}

#[tokio::test]
async fn wrong_arguments_are_reported_to_the_model_and_not_sent() {
    let bench = TestServer::start().await;
    let result = bench.call("list_pets", json!({"stauts": "sold"})).await;
    assert_eq!(result["isError"], true);
    let error = &result["structuredContent"]["error"];
    assert_eq!(error["kind"], "invalid_arguments");
    let violation = json!({
        "path": "/stauts",
        "rule": "additionalProperties",
        "message": "there is no such argument; did you mean `status`?",
    });
    assert_eq!(error["details"]["violations"], json!([violation]));
    assert!(bench.api.seen().is_empty());
}

#[tokio::test]
async fn a_number_of_any_length_reaches_the_api_as_written() {
    let bench = TestServer::start().await;
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_pet","arguments":{"id":123456789012345678901234567890}}}"#;
    bench.post(body).send().await.unwrap();
    assert_eq!(
        bench.api.seen()[0].uri,
        "/pets/123456789012345678901234567890"
    );
}

#[tokio::test]
async fn a_mock_answers_from_the_example() {
    let bench = TestServer::with(|config| config.server.mock = true).await;
    let result = bench.call("get_pet", json!({"id": 1})).await;
    assert_eq!(result["structuredContent"], json!({"name": "Example"}));
    assert!(bench.api.seen().is_empty());
}

#[tokio::test]
async fn a_flat_body_leaves_as_json() {
    let bench = TestServer::start().await;
    bench
        .call(
            "create_pet",
            json!({"name": "Rex", "owner": {"name": "Ann"}}),
        )
        .await;
    let seen = &bench.api.seen()[0];
    assert_eq!((seen.method.as_str(), seen.uri.as_str()), ("POST", "/pets"));
    assert_eq!(seen.body, r#"{"name":"Rex","owner":{"name":"Ann"}}"#);
}

/// Calls a tool that writes, and disconnects as soon as the API has the request.
async fn abandon_a_write(bench: &TestServer) {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "wait_and_write"}});
    let client = tokio::spawn(bench.post(message.to_string()).send());
    bench.api.asked().await;
    client.abort();
    assert!(client.await.is_err());
}

#[tokio::test]
async fn a_started_write_ends_though_its_client_went_away() {
    let bench = TestServer::start().await;
    abandon_a_write(&bench).await;
    bench.api.open();
    bench.api.passed().await;
}

#[tokio::test]
async fn shutdown_waits_for_a_write_whose_client_went_away() {
    let bench = TestServer::start().await;
    abandon_a_write(&bench).await;
    let addr = bench.server.addr();
    let end = tokio::spawn(bench.server.shutdown());
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    // Time enough to end, for a server that does not wait.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(!end.is_finished());
    bench.api.open();
    end.await.unwrap();
    assert!(bench.api.passed().now_or_never().is_some());
}

#[tokio::test]
async fn calls_in_flight_are_answered_at_shutdown() {
    let bench = TestServer::start().await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "wait"}});
    let client = tokio::spawn(bench.post(message.to_string()).send());
    bench.api.asked().await;
    let addr = bench.server.addr();
    let end = tokio::spawn(bench.server.shutdown());
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    bench.api.open();
    let answer: Value = client.await.unwrap().unwrap().json().await.unwrap();
    assert_eq!(
        answer["result"]["structuredContent"],
        json!({"waited": true})
    );
    end.await.unwrap();
}

#[tokio::test]
async fn a_call_that_does_not_end_cannot_hold_up_shutdown() {
    let bench = TestServer::with(|config| config.server.shutdown_seconds = 0).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": "wait"}});
    let _client = tokio::spawn(bench.post(message.to_string()).send());
    bench.api.asked().await;
    bench.server.shutdown().await;
}

#[derive(Debug)]
struct Broken;

impl Clock for Broken {
    fn now(&self) -> SystemTime {
        panic!("the clock is broken");
    }
}

#[tokio::test]
async fn a_panic_in_a_call_is_answered_and_the_server_lives_on() {
    let environment = Environment {
        clock: Arc::new(Broken),
        ..Environment::default()
    };
    let bench = TestServer::built(environment, |_| ()).await;
    let result = bench.call("fail", json!({})).await;
    assert_eq!(result["structuredContent"]["error"]["kind"], "internal");
    let result = bench.call("get_note", json!({})).await;
    assert_eq!(result["isError"], false);
}

#[tokio::test]
async fn a_number_sent_as_text_reaches_the_api_as_a_number() {
    let bench = TestServer::start().await;
    bench.call("get_pet", json!({"id": "5"})).await;
    assert_eq!(bench.api.seen()[0].uri, "/pets/5");
}
