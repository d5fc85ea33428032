//! The API in the person's own name: each person calls it with a token that the identity provider issued for
//! them, and sees what is theirs.

use serde_json::json;
use tests::example_api::Running;
use tests::harness::browser::Browser;

use crate::connection::{Assistant, Connection};
use crate::provider::Provider;
use crate::world::World;

/// What a company would write whose API accepts the provider's tokens.
fn settings(provider: &Provider, file: &str) -> String {
    format!(
        r#"
        [server]
        auth = "oauth"
        listen = "127.0.0.1:0"
        [store]
        path = "{file}"
        [accounts]
        passwords = false
        [upstream.exchange]
        form = "token-exchange"
        audience = "marquee"
        {}
        "#,
        provider.settings()
    )
}

async fn world(provider: &Provider) -> World {
    let catalog = &generated::CATALOG;
    World::with(catalog, |_: &Running, file| settings(provider, file)).await
}

/// A person who signed in, and connected an assistant to a workspace of their own, which is linked to this one
/// of the API.
async fn connected(
    world: &World,
    provider: &Provider,
    assistant: &Assistant<'_>,
    (person, upstream_id): (&str, &str),
) -> Connection {
    let mut browser = Browser::new(world.server.url()).unwrap();
    provider.sign_in(&mut browser, person).await;
    assistant.new_workspace(&mut browser, person).await;
    world.link(person, upstream_id).await;
    assistant.connect(&mut browser, "full").await
}

#[tokio::test]
async fn two_people_see_what_is_theirs_with_two_tokens_of_which_none_is_ours() {
    let provider = Provider::start().await;
    let world = world(&provider).await;
    let claude = Assistant::register(&world).await;
    for (person, workspace) in [("ada", "wsp_harbor"), ("bob", "wsp_juniper")] {
        let key = world.api.workspace(workspace).unwrap().full_key.clone();
        provider.issue(person, &key);
        let connection = connected(&world, &provider, &claude, (person, workspace)).await;
        world.heard();
        let seen = connection.call("get_credit_balance", json!({})).await;
        let heard = world.heard();
        let sent = heard[0].headers["authorization"].to_str().unwrap();
        println!("| {person} | {} | {seen} |", sent.len());
        assert_eq!(sent, format!("Bearer {key}"), "{person}");
        assert_ne!(sent, format!("Bearer {}", connection.token), "{person}");
        assert!(!sent.contains("access-token"), "{person}");
        let expected = world.balance(workspace).await;
        assert_eq!(seen["balance"], expected, "{person}");
    }
}

#[tokio::test]
async fn outage_of_the_provider_is_reported_and_nothing_reaches_the_api() {
    let provider = Provider::start().await;
    let world = world(&provider).await;
    let claude = Assistant::register(&world).await;
    let key = world.api.workspace("wsp_harbor").unwrap().full_key.clone();
    provider.issue("ada", &key);
    let ada = connected(&world, &provider, &claude, ("ada", "wsp_harbor")).await;
    provider.away(true);
    world.heard();
    let error = ada.fail("get_credit_balance", json!({})).await;
    println!("{error}");
    assert_eq!(error["kind"], "unavailable", "{error}");
    assert_eq!(error["retry_after_seconds"], 10, "{error}");
    assert!(world.heard().is_empty());
    // A person whom the provider knows, and for whom it issues no token of the API, is asked to sign in.
    provider.away(false);
    let bob = connected(&world, &provider, &claude, ("bob", "wsp_juniper")).await;
    world.heard();
    let error = bob.fail("get_credit_balance", json!({})).await;
    println!("{error}");
    assert_eq!(error["kind"], "unauthenticated", "{error}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("/account/sign-in?again=1"), "{hint}");
    assert!(world.heard().is_empty());
}
