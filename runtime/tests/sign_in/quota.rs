//! How much workspaces may use in a day or a month.

use std::time::Duration;

use runtime::config::{Config, QuotaPeriod, QuotaPlan};
use serde_json::json;

use crate::limits::{connect_to_new_workspace, error, is_success, successes};
use crate::support::{Client, TestServer};

/// Allows every workspace so many calls a day.
pub(crate) fn a_day(config: &mut Config, limit: u64) {
    let plan = QuotaPlan {
        limit,
        period: QuotaPeriod::Day,
    };
    config.quota.plans.insert("free".to_owned(), plan);
    config.quota.default_plan = Some("free".to_owned());
    config.server.max_calls_per_grant = 200;
    config.server.max_calls_per_workspace = 200;
}

/// A server on which a workspace has so many calls a day, and a connection.
async fn connected(limit: u64) -> (TestServer, String) {
    let server = TestServer::with(|config| a_day(config, limit)).await;
    let mut browser = server.first_person().await;
    // The clock begins at midnight.
    server.clock.advance(Duration::from_hours(11));
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    (server, token)
}

#[tokio::test]
async fn r46_call_beyond_the_quota_is_a_tool_error_and_the_next_period_needs_no_reconnect() {
    let server = TestServer::with(|config| {
        a_day(config, 3);
        config.quota.upgrade_url = Some("https://acme.example/plans".parse().unwrap());
    })
    .await;
    let mut browser = server.first_person().await;
    server.clock.advance(Duration::from_hours(11));
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    assert_eq!(successes(&server, &token, 3).await, 3);
    let refused = error(&server.call(&token, "get_pet", json!({})).await);
    let expected = json!({
        "kind": "quota_exceeded",
        "message": "Quota exceeded for this workspace: it may use 3 a day; nothing was sent.",
        "retryable": false,
        "resets_at": "2025-12-19T00:00:00Z",
        "upgrade_url": "https://acme.example/plans",
        "hint": "Calls work again from 2025-12-19T00:00:00Z on. The connection is still valid: do \
                 not reconnect. The person gets a larger quota at https://acme.example/plans.",
    });
    assert_eq!(refused, expected);
    assert_eq!(server.calls(), 3, "the one that is refused is not sent");
    assert!(!server.tools(&token).await.is_empty());
    server.clock.advance(Duration::from_mins(12 * 60 + 59));
    assert_eq!(successes(&server, &token, 1).await, 0);
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(successes(&server, &token, 5).await, 3);
}

#[tokio::test]
async fn r44_grants_of_a_workspace_share_its_quota_and_another_workspace_has_its_own() {
    let server = TestServer::with(|config| a_day(config, 5)).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let first = client.connect(&mut browser, "full").await.access;
    let second = client.connect(&mut browser, "read-only").await.access;
    let other = connect_to_new_workspace(&mut browser, &client).await.access;
    server.link_workspace("Second", "home-2").await;
    server.clock.advance(Duration::from_secs(1));
    assert_eq!(successes(&server, &first, 3).await, 3);
    assert_eq!(successes(&server, &second, 3).await, 2);
    assert_eq!(successes(&server, &other, 6).await, 5);
}

#[tokio::test]
async fn a_hundred_calls_at_once_use_exactly_the_quota() {
    let (server, token) = connected(50).await;
    assert_eq!(successes(&server, &token, 100).await, 50);
    assert_eq!(server.calls(), 50);
}

#[tokio::test]
async fn two_servers_on_one_store_share_a_quota() {
    let (server, token) = connected(50).await;
    let beside = server.beside_with(|config| a_day(config, 50)).await;
    let (here, there) = tokio::join!(
        successes(&server, &token, 50),
        successes(&beside, &token, 50),
    );
    // At most a portion is held by one server that the other one could use.
    assert!((44..=50).contains(&(here + there)), "{here} {there}");
}

#[tokio::test]
async fn plan_of_a_workspace_goes_before_the_one_of_all_others() {
    let (server, token) = connected(2).await;
    assert_eq!(successes(&server, &token, 5).await, 2);
    let (_, id) = server.workspace("Studio").await;
    let larger = server
        .beside_with(|config| {
            a_day(config, 2);
            let plan = QuotaPlan {
                limit: 6,
                period: QuotaPeriod::Day,
            };
            config.quota.plans.insert("pro".to_owned(), plan);
            config.quota.workspaces.insert(id, "pro".to_owned());
        })
        .await;
    // What was used before counts.
    assert_eq!(successes(&larger, &token, 10).await, 4);
}

#[tokio::test]
async fn cost_of_an_operation_counts_and_a_cheaper_call_still_fits() {
    let (server, token) = connected(8).await;
    let create = async || {
        let name = json!({"name": "Rex"});
        server.call(&token, "create_pet", name).await
    };
    assert!(is_success(&create().await));
    assert_eq!(error(&create().await)["kind"], "quota_exceeded");
    assert_eq!(successes(&server, &token, 5).await, 3);
}

#[tokio::test]
async fn call_that_does_not_reach_the_api_costs_nothing() {
    let server = TestServer::with(|config| {
        a_day(config, 1);
        // Nothing listens there.
        config.upstream.url = Some("http://127.0.0.1:9".parse().unwrap());
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    for _ in 0..3 {
        let wrong = server.call(&token, "create_pet", json!({})).await;
        assert_eq!(error(&wrong)["kind"], "invalid_arguments");
        let failed = server.call(&token, "get_pet", json!({})).await;
        assert_eq!(error(&failed)["kind"], "upstream_unavailable");
    }
}

#[tokio::test]
async fn server_that_ends_returns_what_it_did_not_use() {
    let (server, token) = connected(1000).await;
    assert_eq!(successes(&server, &token, 1).await, 1);
    let used = "SELECT used FROM quota_use";
    assert!(server.count(used).await > 1);
    let again = server.beside().await;
    server.server.shutdown().await;
    assert_eq!(again.count(used).await, 1);
}

#[tokio::test]
async fn call_whose_quota_cannot_be_asked_for_is_not_made() {
    let (server, token) = connected(10).await;
    server.run_all("DROP TABLE quota_use").await;
    let refused = error(&server.call(&token, "get_pet", json!({})).await);
    assert_eq!(refused["kind"], "unavailable");
    assert_eq!(refused["retry_after_seconds"], 5);
    assert_eq!(server.calls(), 0);
}
