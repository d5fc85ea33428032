//! The tool of the example: one publishable key for each workspace.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::harness::example::WORKSPACE;
use tests::harness::signed_in::SignedIn;

use crate::world::{call, connected, signed_in};

/// How many keys the API has for the workspace.
async fn keys(world: &SignedIn) -> usize {
    let url = format!("{}/publishable-keys", world.api.url);
    let key = world.api.workspace(WORKSPACE).unwrap().full_key.clone();
    let request = reqwest::Client::new().get(url).bearer_auth(key);
    let page = request.send().await.unwrap().text().await.unwrap();
    let page: Value = serde_json::from_str(&page).unwrap();
    page["data"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_first_calls_at_once_make_one_key() {
    let world = signed_in(|config| {
        config.limits.calls_per_minute_per_grant = 1_000;
        config.limits.calls_per_minute_per_workspace = 1_000;
        config.server.max_calls_per_grant = 100;
        config.server.max_calls_per_workspace = 200;
    })
    .await;
    let client = connected(&world, "read-only").await;
    assert_eq!(keys(&world).await, 0);
    let calls = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { call(&client, "get_publishable_key", json!({})).await })
    });
    let calls: Vec<_> = calls.collect();
    let mut returned = BTreeSet::new();
    for call in calls {
        let result = call.await.unwrap();
        assert_ne!(result["isError"], true, "{result}");
        let key = result["structuredContent"]["key"].as_str().unwrap();
        assert!(key.starts_with("mq_pub_"), "{key}");
        returned.insert(key.to_owned());
    }
    assert_eq!(returned.len(), 1);
    assert_eq!(keys(&world).await, 1);
}

#[tokio::test]
async fn examples_answer_in_mock_mode() {
    let world = signed_in(|config| config.server.mock = true).await;
    let client = connected(&world, "read-only").await;
    let result = call(&client, "get_publishable_key", json!({})).await;
    let template = "https://img.marquee.example/{media_id}.png?key=mq_pub_5t8w2c9x4k7m1d6q";
    assert_eq!(result["structuredContent"]["url_template"], template);
}
