//! How long tokens are used, and what replaces them.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Connected, IDENTITY, USED, World};
use crate::support::ORIGIN;

/// How long a token of the API is used, which is good for 300 seconds.
const EXCHANGED: Duration = Duration::from_secs(240);

#[tokio::test]
async fn token_of_the_api_is_used_until_shortly_before_its_end() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world
        .server
        .clock
        .advance(EXCHANGED - Duration::from_secs(1));
    ada.succeed(&world.server, "get_pet").await;
    world.server.clock.advance(Duration::from_secs(1));
    ada.succeed(&world.server, "get_pet").await;
    let tokens = [1, 1, 2].map(|number| format!("GET Bearer exchanged-for-ada-{number}"));
    assert_eq!(world.heard(), tokens);
    assert_eq!(world.provider.refreshes(), 0);
}

#[tokio::test]
async fn lifetime_that_the_provider_does_not_state_is_five_minutes() {
    let world = World::start().await;
    world.provider.script(|script| {
        script
            .exchanged
            .insert("expires_in".to_owned(), Value::Null);
    });
    let ada = world.connected("ada").await;
    for (seconds, exchanges) in [(0, 1), (239, 1), (1, 2)] {
        world.server.clock.advance(Duration::from_secs(seconds));
        ada.succeed(&world.server, "get_pet").await;
        assert_eq!(world.provider.exchanges().len(), exchanges, "{seconds}");
    }
    // Some providers write the number as a text.
    world.provider.script(|script| {
        script
            .exchanged
            .insert("expires_in".to_owned(), json!("30"));
    });
    for (seconds, exchanges) in [(240, 3), (23, 3), (1, 4)] {
        world.server.clock.advance(Duration::from_secs(seconds));
        ada.succeed(&world.server, "get_pet").await;
        assert_eq!(world.provider.exchanges().len(), exchanges, "{seconds}");
    }
}

/// The tokens that were exchanged, in order.
fn subjects(world: &World) -> Vec<String> {
    let exchanges = world.provider.exchanges().into_iter();
    exchanges
        .map(|(_, form)| form["subject_token"].clone())
        .collect()
}

#[tokio::test]
async fn token_of_the_sign_in_is_replaced_by_the_refresh_token_before_it_ends() {
    let world = World::start().await;
    world.provider.script(|script| script.rotates = true);
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    for round in 1..4 {
        world.server.clock.advance(USED);
        ada.succeed(&world.server, "get_pet").await;
        assert_eq!(world.provider.refreshes(), round);
    }
    let expected = [1, 2, 3, 4].map(|number| format!("access-token-of-ada-{number}"));
    assert_eq!(subjects(&world), expected);
}

#[tokio::test]
async fn token_of_the_sign_in_that_ended_before_its_time_is_replaced_once() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    world.server.clock.advance(Duration::from_secs(10));
    world.provider.end_access_tokens();
    ada.succeed(&world.server, "get_pet").await;
    assert_eq!(
        subjects(&world),
        ["access-token-of-ada-1", "access-token-of-ada-2"]
    );
    assert_eq!(world.provider.refreshes(), 1);
    assert_eq!(world.heard(), ["GET Bearer exchanged-for-ada-1"]);
}

#[tokio::test]
async fn check_of_a_person_brings_another_token_of_the_sign_in() {
    let identity = IDENTITY.replace("86400", "300");
    let world = World::with_identity("form = \"token-exchange\"", &identity).await;
    let ada = world.connected("ada").await;
    // The check is due before the token has ended.
    world.server.clock.advance(Duration::from_secs(300));
    ada.succeed(&world.server, "get_status").await;
    assert_eq!(world.provider.refreshes(), 1);
    ada.succeed(&world.server, "get_pet").await;
    assert_eq!(world.provider.refreshes(), 1);
    assert_eq!(subjects(&world), ["access-token-of-ada-2"]);
}

#[tokio::test]
async fn id_token_that_a_refresh_does_not_bring_needs_a_sign_in() {
    let world = World::with("form = \"token-exchange\"\nsubject = \"id-token\"").await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    // With one, the call goes on.
    world.server.clock.advance(Duration::from_secs(240));
    ada.succeed(&world.server, "get_pet").await;
    assert_eq!(world.provider.refreshes(), 1);
    world
        .provider
        .script(|script| script.refreshes_without_id_token = true);
    world.server.clock.advance(Duration::from_secs(240));
    for _ in 0..3 {
        let error = ada.fail(&world.server, "get_pet").await;
        assert_eq!(error["kind"], "unauthenticated", "{error}");
    }
    assert_eq!(world.provider.refreshes(), 2);
    let again: Connected<'_> = world.connected("ada").await;
    again.succeed(&world.server, "get_pet").await;
    ada.succeed(&world.server, "get_pet").await;
}

#[tokio::test]
async fn read_is_repeated_with_another_token_where_the_api_refuses_the_one_from_before() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world.api.end("exchanged-for-ada-1");
    ada.succeed(&world.server, "get_pet").await;
    let tokens = [1, 1, 2].map(|number| format!("GET Bearer exchanged-for-ada-{number}"));
    assert_eq!(world.heard(), tokens);
    // A token that was issued just now is not replaced: another one would not be accepted either.
    world.api.accept_nothing(true);
    let error = ada.fail(&world.server, "get_pet").await;
    assert_eq!(error["kind"], "unauthenticated", "{error}");
    assert_eq!(error["attempts"], 2, "{error}");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("upstream.exchange"), "{hint}");
    assert_eq!(world.heard().len(), 2);
    let error = ada.fail(&world.server, "get_pet").await;
    assert_eq!(error["retryable"], false, "{error}");
    assert_eq!(world.heard().len(), 2);
}

#[tokio::test]
async fn write_is_not_repeated_where_the_api_refuses_its_token() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "create_pet").await;
    world.api.end("exchanged-for-ada-1");
    let error = ada.fail(&world.server, "create_pet").await;
    assert_eq!(error["kind"], "unauthenticated", "{error}");
    assert_eq!(error["retryable"], true, "{error}");
    assert_eq!(world.heard().len(), 2);
    // The token is forgotten, so that the next call carries another one.
    ada.succeed(&world.server, "create_pet").await;
    assert_eq!(world.heard(), ["POST Bearer exchanged-for-ada-2"]);
}

#[tokio::test]
async fn link_to_a_file_is_fetched_with_another_token_where_the_api_refuses_the_one_from_before() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    let result = ada.call(&world.server, "get_file").await.to_string();
    let at = result.find(&format!("{ORIGIN}/files/")).unwrap();
    let url = result[at..].split(['"', '\\', ' ', ')']).next().unwrap();
    let link = &url[ORIGIN.len()..];
    world.api.end("exchanged-for-ada-1");
    let file = world.server.get(link).await;
    assert_eq!(file.status, 200, "{}", file.body);
    let tokens = [1, 1, 2].map(|number| format!("GET Bearer exchanged-for-ada-{number}"));
    assert_eq!(world.heard(), tokens);
}
