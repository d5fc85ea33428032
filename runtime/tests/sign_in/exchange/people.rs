//! Who calls the API, and what it sees of them.

use futures_util::future::join_all;

use super::{Connected, SHARED_KEY, USED, World};
use crate::log::log;

#[tokio::test]
async fn two_people_call_the_api_with_two_tokens_that_are_neither_ours_nor_of_their_sign_ins() {
    let world = World::start().await;
    let (ada, bob) = (world.connected("ada").await, world.connected("bob").await);
    for (person, name) in [(&ada, "ada"), (&bob, "bob")] {
        for tool in ["get_pet", "create_pet", "get_pet"] {
            person.succeed(&world.server, tool).await;
        }
        let heard = world.heard();
        println!("| {name} | {} |", heard.join(", "));
        let number = if name == "ada" { 1 } else { 2 };
        let token = format!("Bearer exchanged-for-{name}-{number}");
        let expected = ["GET", "POST", "GET"].map(|method| format!("{method} {token}"));
        assert_eq!(heard, expected);
        let ours = [person.tokens.access.as_str(), "access-token-of", SHARED_KEY];
        assert!(ours.iter().all(|it| !heard.join(" ").contains(it)));
    }
    assert_eq!(world.provider.exchanges().len(), 2);
    // A call that needs no credential carries none.
    ada.succeed(&world.server, "get_status").await;
    assert_eq!(world.heard(), ["GET "]);
}

#[tokio::test]
async fn each_connection_of_a_person_has_a_token_of_its_own_and_asks_for_it_once() {
    let world = World::start().await;
    let (first, second) = (world.connected("ada").await, world.connected("ada").await);
    let calls = (0..20).map(|number| {
        let connection = if number % 2 == 0 { &first } else { &second };
        connection.succeed(&world.server, "get_pet")
    });
    join_all(calls).await;
    assert_eq!(world.provider.exchanges().len(), 2);
    let mut heard = world.heard();
    heard.sort();
    heard.dedup();
    assert_eq!(heard.len(), 2, "{heard:?}");
}

#[tokio::test]
async fn answer_never_repeats_the_token_of_the_person() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    let result = ada.call(&world.server, "get_pet").await;
    assert_ne!(result["isError"], true, "{result}");
    assert!(!result.to_string().contains("exchanged-for"), "{result}");
    world.api.accept_nothing(true);
    let error = ada.fail(&world.server, "get_pet").await;
    assert!(!error.to_string().contains("exchanged-for"), "{error}");
}

#[tokio::test]
async fn second_server_and_one_that_is_started_again_call_in_the_name_of_the_person() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    let other = world.beside().await;
    ada.succeed(&other, "get_pet").await;
    let heard = world.heard();
    let expected = [
        "GET Bearer exchanged-for-ada-1",
        "GET Bearer exchanged-for-ada-2",
    ];
    assert_eq!(heard, expected);
}

#[tokio::test]
async fn two_servers_replace_a_token_that_ended_once() {
    let world = World::start().await;
    world.provider.script(|script| {
        script.rotates = true;
        script.refresh_takes = std::time::Duration::from_millis(300);
    });
    let ada = world.connected("ada").await;
    let other = world.beside().await;
    ada.succeed(&world.server, "get_pet").await;
    for round in 1..3 {
        world.server.clock.advance(USED);
        let calls = (0..10).map(|number| {
            let server = if number % 2 == 0 {
                &world.server
            } else {
                &other
            };
            ada.succeed(server, "get_pet")
        });
        join_all(calls).await;
        assert_eq!(world.provider.refreshes(), round);
    }
}

/// Everything that is kept, and everything that is logged.
async fn kept(world: &World) -> Vec<Vec<u8>> {
    let files = ["db", "db-wal"]
        .map(|name| std::fs::read(world.server.database.with_extension(name)).unwrap_or_default());
    let audit = format!("{:?}", world.server.audit().await);
    files
        .into_iter()
        .chain([audit.into_bytes(), log().so_far()])
        .collect()
}

async fn assert_nothing_is_shown(world: &World) {
    for text in kept(world).await {
        for secret in ["exchanged-for", "access-token-of", "refresh-token-of"] {
            let found = text.windows(secret.len()).any(|it| it == secret.as_bytes());
            assert!(!found, "{secret}");
        }
    }
}

#[tokio::test]
async fn tokens_are_in_no_log_no_audit_and_sealed_in_the_store() {
    log();
    let world = World::start().await;
    let ada: Connected<'_> = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world.server.clock.advance(USED);
    ada.succeed(&world.server, "create_pet").await;
    let sealed = "SELECT COUNT(*) FROM identities WHERE subject_with = '1' \
                  AND length(subject_sealed) > 28 AND subject_until > 0";
    assert_eq!(world.server.count(sealed).await, 1);
    assert_nothing_is_shown(&world).await;
    for error in [
        "interaction_required",
        "temporarily_unavailable",
        "invalid_target",
    ] {
        world
            .provider
            .script(|script| script.exchange_error = Some(error));
        world.server.clock.advance(USED);
        ada.fail(&world.server, "get_pet").await;
    }
    assert_nothing_is_shown(&world).await;
}
