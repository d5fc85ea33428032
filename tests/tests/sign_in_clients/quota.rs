//! A quota that is used up, with clients of other people.

use std::time::{Duration, UNIX_EPOCH};

use runtime::clock::Clock as _;
use runtime::config::{QuotaPeriod, QuotaPlan};
use serde_json::{Value, json};
use tests::harness::foreign::{Node, Python};
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;

use crate::program::Inspector;
use crate::sdk::{PythonSdk, TypeScript, home};
use crate::story::Client;

const A_DAY: u64 = 24 * 60 * 60;

/// A server whose workspaces may make two calls a day, at noon.
async fn two_calls_a_day() -> SignedIn {
    let world = SignedIn::start_with(&generated::CATALOG, |config| {
        let period = QuotaPeriod::Day;
        let plan = QuotaPlan { limit: 2, period };
        config.quota.plans.insert("free".to_owned(), plan);
        config.quota.default_plan = Some("free".to_owned());
    });
    let world = world.await.unwrap();
    let now = world.clock.now().duration_since(UNIX_EPOCH).unwrap();
    let to_noon = A_DAY + A_DAY / 2 - now.as_secs() % A_DAY;
    world.clock.advance(Duration::from_secs(to_noon));
    world
}

/// The client shows the error of the third call as the result of a tool, and calls again on the next day
/// with the connection that it has.
async fn waits_for_the_next_day(world: &SignedIn, client: &mut impl Client) {
    let read = json!({"name": "get_workspace", "arguments": {}});
    for _ in 0..2 {
        let result = client.call(&read, 0).await.unwrap();
        assert_eq!(
            result["structuredContent"]["name"], "Harbor Coffee",
            "{result}"
        );
    }
    let passed = world.relay.passed();
    let refused = client.call(&read, 0).await.unwrap();
    assert_eq!(refused["isError"], true, "{refused}");
    let text = refused["content"][0]["text"].as_str().unwrap();
    let error: Value = serde_json::from_str(text).unwrap();
    assert_eq!(error["error"]["kind"], "quota_exceeded", "{text}");
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("Quota exceeded for this workspace"),
        "{text}"
    );
    assert!(
        error["error"]["resets_at"]
            .as_str()
            .unwrap()
            .ends_with("T00:00:00Z")
    );
    assert_eq!(world.relay.passed(), passed, "nothing was sent");
    world.a_day_passes();
    let result = client.call(&read, A_DAY + 1).await.unwrap();
    assert_eq!(
        result["structuredContent"]["name"], "Harbor Coffee",
        "{result}"
    );
    assert_eq!(world.person.visits(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn used_up_quota_is_a_tool_error_in_the_typescript_sdks() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    for (name, mut terms) in [
        ("quota-v1", json!({"sdk": "v1"})),
        ("quota-v2", json!({"sdk": "v2", "era": "auto"})),
    ] {
        let world = two_calls_a_day().await;
        terms["url"] = json!(world.server.url());
        terms["person"] = json!(world.person.desk());
        terms["credentials"] = json!(home(name).join("credentials.json"));
        let node = node.clone();
        waits_for_the_next_day(&world, &mut TypeScript { node, terms }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn used_up_quota_is_a_tool_error_in_the_python_sdk() {
    let Some(python) = require(Python::find()) else {
        return;
    };
    let world = two_calls_a_day().await;
    let terms = json!({
        "era": "auto",
        "url": world.server.url(),
        "person": world.person.desk(),
    });
    waits_for_the_next_day(&world, &mut PythonSdk::start(python.session(), &terms)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn used_up_quota_is_a_tool_error_in_the_inspector() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let world = two_calls_a_day().await;
    let (world, home) = (&world, home("quota-inspector"));
    waits_for_the_next_day(world, &mut Inspector { node, world, home }).await;
}
