//! What ends with a person's sign-in: their token is forgotten, and their calls are refused.

use serde_json::json;

use super::{Connected, IDENTITY, World};

/// How many tokens that are exchanged are in the store.
const KEPT: &str = "SELECT COUNT(*) FROM identities WHERE subject_sealed IS NOT NULL";

async fn assert_refused(world: &World, person: &Connected<'_>) {
    let answer = world
        .server
        .call(&person.tokens.access, "get_pet", json!({}));
    let answer = answer.await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(world.heard().is_empty());
}

#[tokio::test]
async fn account_that_is_disabled_keeps_no_token() {
    let world = World::start().await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world.heard();
    assert_eq!(world.server.count(KEPT).await, 1);
    world.server.disable_account("ada@example.com", true).await;
    assert_eq!(world.server.count(KEPT).await, 0);
    // The operator's command is another process, whose change is seen within half a second.
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    assert_refused(&world, &ada).await;
}

#[tokio::test]
async fn logout_at_the_provider_ends_the_token_with_the_connections() {
    let identity = IDENTITY.replace("recheck", "logout_ends_connections = true\nrecheck");
    let world = World::with_identity("form = \"token-exchange\"", &identity).await;
    let ada = world.connected("ada").await;
    ada.succeed(&world.server, "get_pet").await;
    world.heard();
    let token = world
        .provider
        .logout_token(json!({}), json!({"sub": "ada"}));
    let form = [("logout_token", token.as_str())];
    let answer = world
        .server
        .post_form("/account/backchannel-logout", &form)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(world.server.count(KEPT).await, 0);
    assert_refused(&world, &ada).await;
}

#[tokio::test]
async fn connection_that_is_revoked_calls_no_more_and_the_other_one_does() {
    let world = World::start().await;
    let mut ada = world.connected("ada").await;
    let other = world.connected("ada").await;
    for connection in [&ada, &other] {
        connection.succeed(&world.server, "get_pet").await;
    }
    world.heard();
    let page = ada.browser.open("/portal/keys").await.page();
    let form = page.form_to("/portal/keys/revoke");
    ada.browser.submit(&form).await.page();
    let answers = [&ada, &other].map(|connection| {
        let arguments = json!({});
        world
            .server
            .call(&connection.tokens.access, "get_pet", arguments)
    });
    let mut statuses: Vec<u16> = Vec::new();
    for answer in answers {
        statuses.push(answer.await.status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}
