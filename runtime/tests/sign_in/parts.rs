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
