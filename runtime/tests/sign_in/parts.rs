//! Parts of long answers, each for the connection that received the answer.

use axum::Router;
use serde_json::{Value, json};

use crate::support::{Client, TestServer};

/// A server over an API that answers with a long list.
pub(crate) async fn over_a_long_list() -> TestServer {
    let items: Vec<Value> = (0..9000)
        .map(|id| json!({"id": id, "name": "a pet"}))
        .collect();
    let body = Value::Array(items).to_string();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = move || {
        let body = body.clone();
        async move { ([("content-type", "application/json")], body) }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    TestServer::with(|config| config.upstream.url = Some(url.parse().unwrap())).await
}

/// The arguments of the next part that an answer names.
pub(crate) fn next(answer: &Value) -> Value {
    answer["result"]["structuredContent"]["_notes"]["next_page"].clone()
}

#[tokio::test]
async fn rest_that_is_gone_says_of_a_write_that_it_was_made_and_is_not_to_be_repeated() {
    let server = over_a_long_list().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    for (tool, arguments, is_made) in [
        ("get_pet", json!({}), false),
        ("create_pet", json!({"name": "Rex"}), true),
    ] {
        let cursor = next(&server.call(&token, tool, arguments).await.json());
        assert!(cursor["_cursor"].is_string(), "{cursor}");
        server.clock.advance(std::time::Duration::from_mins(10));
        let gone = server.call(&token, tool, cursor).await.json();
        let text = gone["result"]["content"][0]["text"].as_str().unwrap();
        let error: Value = serde_json::from_str(text).unwrap();
        let hint = error["error"]["hint"].as_str().unwrap();
        assert_eq!(
            hint.contains("was made: do not repeat it"),
            is_made,
            "{hint}"
        );
        assert_eq!(hint.contains("Call the tool again"), !is_made, "{hint}");
    }
}

#[tokio::test]
async fn cursor_continues_an_answer_for_the_connection_that_received_it_alone() {
    let server = over_a_long_list().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let one = client.connect(&mut browser, "read-only").await.access;
    let other = client.connect(&mut browser, "full").await.access;
    let cursor = next(&server.call(&one, "get_pet", json!({})).await.json());
    assert!(cursor["_cursor"].is_string(), "{cursor}");
    let stolen = server.call(&other, "get_pet", cursor.clone()).await.json();
    assert_eq!(stolen["result"]["isError"], true, "{stolen}");
    let own = server.call(&one, "get_pet", cursor).await.json();
    assert_eq!(own["result"]["isError"], false, "{own}");
    let part = &own["result"]["structuredContent"]["_notes"]["part"];
    assert!(part["from"].as_u64().unwrap() > 1, "{part}");
}
