//! What a call reports where the provider does not exchange a token.

use std::time::Duration;

use serde_json::Value;

use super::{Connected, USED, World};
use crate::identity_provider::{IdentityProvider, sign_in};
use crate::support::ORIGIN;

/// How long after an outage the provider is asked again.
const PAUSE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn outage_of_the_provider_is_reported_and_no_other_credential_is_used() {
    type Outage = fn(&IdentityProvider, bool);
    let outages: [(&str, Outage); 3] = [
        ("503 everywhere", |provider, is_away| {
            provider.script(|script| script.is_down = is_away);
        }),
        ("temporarily_unavailable", |provider, is_away| {
            let error = is_away.then_some("temporarily_unavailable");
            provider.script(|script| script.exchange_error = error);
        }),
        ("server_error", |provider, is_away| {
            provider.script(|script| script.exchange_error = is_away.then_some("server_error"));
        }),
    ];
    for (name, outage) in outages {
        let world = World::start().await;
        let ada = world.connected("ada").await;
        outage(&world.provider, true);
        let asked = world.provider.exchanges().len();
        for tool in ["get_pet", "create_pet"] {
            let error = ada.fail(&world.server, tool).await;
            println!(
                "| {name} | {tool} | {} | {} |",
                error["kind"], error["message"]
            );
            assert_eq!(error["kind"], "unavailable", "{name}: {error}");
            assert_eq!(error["retryable"], true, "{name}: {error}");
            assert_eq!(error["retry_after_seconds"], 10, "{name}: {error}");
        }
        assert!(world.heard().is_empty(), "{name}");
        // Until then, the provider is not asked again for this connection.
        assert!(world.provider.exchanges().len() <= asked + 1, "{name}");
        outage(&world.provider, false);
        world.server.clock.advance(PAUSE);
        ada.succeed(&world.server, "get_pet").await;
        assert_eq!(world.heard(), ["GET Bearer exchanged-for-ada-1"], "{name}");
        // A token that is kept outlasts an outage.
        outage(&world.provider, true);
        ada.succeed(&world.server, "get_pet").await;
    }
}

#[tokio::test]
async fn outage_while_the_token_of_the_sign_in_has_ended_is_reported_and_ends_nothing() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    world.server.clock.advance(USED);
    world
        .provider
        .script(|script| script.token_error = Some("server_error"));
    let error = ada.fail(&world.server, "get_pet").await;
    assert_eq!(error["kind"], "unavailable", "{error}");
    assert!(world.heard().is_empty());
    world.provider.script(|script| script.token_error = None);
    world.server.clock.advance(PAUSE);
    ada.succeed(&world.server, "get_pet").await;
}

#[tokio::test]
async fn outage_of_the_refresh_after_a_refusal_is_reported_as_an_outage() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    world.server.clock.advance(PAUSE);
    world.provider.end_access_tokens();
    world
        .provider
        .script(|script| script.refresh_error = Some("server_error"));
    let error = ada.fail(&world.server, "get_pet").await;
    assert_eq!(error["kind"], "unavailable", "{error}");
    world.provider.script(|script| script.refresh_error = None);
    world.server.clock.advance(PAUSE);
    ada.succeed(&world.server, "get_pet").await;
    assert_eq!(world.heard(), ["GET Bearer exchanged-for-ada-1"]);
}

/// Checks that an error asks for a new sign-in; returns the path of its page.
fn sign_in_path(error: &Value) -> String {
    assert_eq!(error["kind"], "unauthenticated", "{error}");
    assert_eq!(error["retryable"], false, "{error}");
    let hint = error["hint"].as_str().unwrap();
    let at = hint.find(ORIGIN).unwrap_or_else(|| panic!("{hint}"));
    let url = hint[at + ORIGIN.len()..].split([',', ' ']).next();
    url.unwrap().to_owned()
}

#[tokio::test]
async fn refusal_of_the_provider_asks_the_person_to_sign_in_again_and_keeps_the_connection() {
    for code in [
        "invalid_grant",
        "interaction_required",
        "consent_required",
        "invalid_request",
    ] {
        let world = World::start().await;
        let mut ada = world.connected("ada").await;
        world
            .provider
            .script(|script| script.exchange_error = Some(code));
        let error = ada.fail(&world.server, "get_pet").await;
        println!("| {code} | {} | {} |", error["message"], error["hint"]);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{code}`")), "{message}");
        let page = sign_in_path(&error);
        assert!(world.heard().is_empty(), "{code}");
        // The provider is asked once about a token that it refused.
        let asked = world.provider.exchanges().len();
        ada.fail(&world.server, "create_pet").await;
        assert_eq!(world.provider.exchanges().len(), asked, "{code}");
        // The page asks also a person who is signed in here, and another sign-in is enough.
        world.provider.script(|script| script.exchange_error = None);
        let page = ada.browser.open(&page).await.page();
        let landed = sign_in(&world.provider, &mut ada.browser, &page)
            .await
            .page();
        assert!(
            landed.location.starts_with("/portal/keys"),
            "{}",
            landed.location
        );
        ada.succeed(&world.server, "get_pet").await;
        assert_eq!(world.heard(), ["GET Bearer exchanged-for-ada-1"], "{code}");
    }
}

#[tokio::test]
async fn refusal_is_asked_about_again_after_a_minute() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    world
        .provider
        .script(|script| script.exchange_error = Some("interaction_required"));
    ada.fail(&world.server, "get_pet").await;
    world.provider.script(|script| script.exchange_error = None);
    world.server.clock.advance(Duration::from_secs(59));
    sign_in_path(&ada.fail(&world.server, "get_pet").await);
    world.server.clock.advance(Duration::from_secs(1));
    ada.succeed(&world.server, "get_pet").await;
}

#[tokio::test]
async fn person_who_left_is_asked_to_sign_in_and_the_connection_ends_as_at_any_check() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world.provider.script(|script| script.has_left = true);
    world.server.clock.advance(USED);
    sign_in_path(&ada.fail(&world.server, "get_pet").await);
    let refused = world
        .server
        .call(&ada.tokens.access, "get_pet", serde_json::json!({}));
    assert_eq!(refused.await.status, 401);
    let ended = "SELECT COUNT(*) FROM grants WHERE reason = 'provider_refused'";
    assert_eq!(world.server.count(ended).await, 1);
}

#[tokio::test]
async fn without_a_refresh_token_calls_end_with_the_token_of_the_sign_in() {
    let world = World::start().await;
    world
        .provider
        .script(|script| script.issues_refresh_tokens = false);
    let ada: Connected<'_> = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world.server.clock.advance(USED);
    sign_in_path(&ada.fail(&world.server, "get_pet").await);
    world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
}

#[tokio::test]
async fn person_without_a_sign_in_at_the_provider_is_asked_for_one() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    // As an account that signs in with a password, or one of an enterprise without a browser.
    let forget = "UPDATE identities SET issuer = 'https://elsewhere.example.com'";
    assert_eq!(world.server.run(forget).await, 1);
    sign_in_path(&ada.fail(&world.server, "get_pet").await);
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn wrong_settings_are_reported_as_the_operators() {
    for code in [
        "invalid_target",
        "invalid_scope",
        "unauthorized_client",
        "unsupported_grant_type",
    ] {
        let world = World::start().await;
        let ada = world.connected("ada").await;
        world
            .provider
            .script(|script| script.exchange_error = Some(code));
        let error = ada.fail(&world.server, "get_pet").await;
        assert_eq!(error["kind"], "missing_credential", "{error}");
        assert!(error["message"].as_str().unwrap().contains(code), "{error}");
        assert!(
            error["hint"].as_str().unwrap().contains("operator"),
            "{error}"
        );
        assert!(world.heard().is_empty());
    }
}
