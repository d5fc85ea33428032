//! What one client or person can have this server keep, or hold up.

use std::time::Duration;

use serde_json::json;

use crate::browser::Browser;
use crate::key_service::{KeyService, with_list};
use crate::people::{invite, join};
use crate::support::{Client, TestServer, Tokens};

#[tokio::test]
async fn tokens_of_a_client_that_refreshes_over_and_over_are_at_most_a_hundred_of_each_kind() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let first = client.connect(&mut browser, "full").await;
    let mut tokens = first.clone();
    for _ in 0..105 {
        tokens = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    }
    for count in [
        "SELECT count(*) FROM refresh_tokens",
        "SELECT count(*) FROM access_tokens",
    ] {
        assert_eq!(bench.count(count).await, 100, "{count}");
    }
    // One that is forgotten is unknown, which does not end the connection.
    let forgotten = client.refresh(&bench, &first.refresh).await;
    assert_eq!(forgotten.error(), "invalid_grant");
    let call = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(call.status, 200);
}

#[tokio::test]
async fn links_of_one_owner_are_at_most_fifty_and_the_oldest_is_removed() {
    let bench = TestServer::start().await;
    let mut owner = bench.first_person().await;
    let oldest = invite(&mut owner).await;
    let second = invite(&mut owner).await;
    for _ in 0..49 {
        invite(&mut owner).await;
    }
    let links = bench.count("SELECT count(*) FROM invitations").await;
    assert_eq!(links, 50);
    let audit = bench.audit_until("invitation.withdrawn").await;
    let withdrawn = audit.iter().filter(|(it, _)| it == "invitation.withdrawn");
    assert_eq!(withdrawn.count(), 1);
    let mut stranger = Browser::new(&bench);
    assert_eq!(stranger.open(&oldest).await.page().status, 404);
    join(&bench, &second).await;
}

#[tokio::test]
async fn revocation_of_an_unknown_token_does_not_wait_for_the_store_to_be_written() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    let mut other = bench.connect().await;
    sqlx::query("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let revoke = async |token: &str| {
        let form = [("token", token), ("client_id", client.client_id.as_str())];
        bench.post_form("/oauth/revoke", &form).await.status
    };
    assert_eq!(revoke("an unknown token").await, 200);
    // One that is known is not said to be revoked before it is.
    assert_eq!(revoke(&tokens.refresh).await, 503);
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    assert_eq!(revoke(&tokens.refresh).await, 200);
    bench.clock.advance(Duration::from_secs(1));
    let call = bench.call(&tokens.access, "get_pet", json!({})).await;
    assert_eq!(call.status, 401);
}

#[tokio::test]
async fn name_of_a_key_at_the_api_has_at_most_120_characters_however_long_the_host_is() {
    let (service, bench) = KeyService::start_with(&with_list(), |_| ()).await;
    let mut browser = bench.first_person().await;
    let label = "a".repeat(60);
    let uri = format!("https://{label}.{label}.example.net/callback");
    let id = bench.register("Claude", &[&uri]).await;
    let mut client = Client::new(&id, &uri);
    client.resource = bench.server.url().to_string();
    client.connect(&mut browser, "full").await;
    let mut name = String::new();
    service.set(|it| {
        it.asked[0].2["name"]
            .as_str()
            .unwrap()
            .clone_into(&mut name);
    });
    assert!(name.chars().count() <= 120, "{name}");
    assert!(name.contains("a.example.net) (MCP connector)"), "{name}");
}

#[tokio::test]
async fn flood_of_unknown_tokens_has_the_tables_checked_a_few_times() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    // Well formed, and revoked.
    let revoked = client.connect(&mut browser, "full").await.access;
    let form = [
        ("token", revoked.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    assert_eq!(bench.post_form("/oauth/revoke", &form).await.status, 200);
    let begun = std::time::Instant::now();
    for _ in 0..3 {
        let unknown = (0..200).map(|_| bench.call(&revoked, "get_pet", json!({})));
        let answers = futures_util::future::join_all(unknown).await;
        assert!(answers.iter().all(|answer| answer.status == 401));
        let call = bench.call(&tokens.access, "get_pet", json!({})).await;
        assert_eq!(call.status, 200);
    }
    // A check for each would take a minute.
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
}
