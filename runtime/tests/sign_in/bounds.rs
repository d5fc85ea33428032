//! What one connection may take, so that others have theirs.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Client, TestServer};

/// A server over an API that takes requests and never answers, and that API.
async fn over_a_silent_api() -> (TestServer, TcpListener) {
    let api = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", api.local_addr().unwrap());
    let bench = TestServer::with(|config| {
        config.upstream.url = Some(url.parse().unwrap());
        config.server.max_calls_per_grant = 1;
        config.server.shutdown_seconds = 1;
    });
    (bench.await, api)
}

#[tokio::test]
async fn calls_of_one_connection_beyond_its_limit_are_rate_limited_and_others_go_on() {
    let (bench, api) = over_a_silent_api().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let one = client.connect(&mut browser, "read-only").await.access;
    let other = client.connect(&mut browser, "read-only").await.access;
    let call = |token| bench.call(token, "get_pet", json!({}));
    let check = async {
        let first = api.accept().await.unwrap();
        let second = call(&one).await;
        assert_eq!(second.status, 200, "never 401: {}", second.body);
        let result = &second.json()["result"];
        assert_eq!(result["isError"], true, "{}", second.body);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains("\"kind\":\"rate_limited\""), "{text}");
        assert!(text.contains("\"retry_after_seconds\":1"), "{text}");
        // One that is let through waits for the API as the first does.
        tokio::select! {
            answer = call(&other) => panic!("{}", answer.body),
            second = api.accept() => drop(second.unwrap()),
        }
        drop(first);
    };
    let limit = Duration::from_secs(60);
    tokio::select! {
        answer = call(&one) => panic!("the API does not answer: {}", answer.body),
        checked = tokio::time::timeout(limit, check) => checked.unwrap(),
    }
}
