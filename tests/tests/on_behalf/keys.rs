//! Keys at the example API's own key service.

use serde_json::json;

use crate::connection::Assistant;
use crate::world::{Mode, World};

#[tokio::test]
async fn each_connection_is_a_key_that_the_api_knows_by_name_workspace_and_level() {
    let world = World::start(Mode::Mint).await;
    let claude = Assistant::register(&world).await;
    let mut browser = world.ada().await;
    claude.connect(&mut browser, "full").await;
    claude.connect(&mut browser, "read-only").await;
    let keys = world.keys().await;
    let reported: Vec<_> = keys
        .iter()
        .map(|key| json!([key["workspace_id"], key["level"]]))
        .collect();
    let expected = [json!(["wsp_harbor", "full"]), json!(["wsp_harbor", "read"])];
    assert_eq!(reported, expected);
    // The id of the connection, by which a key is found whose id is not known.
    let names: Vec<_> = keys
        .iter()
        .map(|key| key["name"].as_str().unwrap())
        .collect();
    let with_id = |name: &&str| name.starts_with("Claude (MCP connector) key_");
    assert!(
        names.iter().all(with_id) && names[0] != names[1],
        "{names:?}"
    );
}

#[tokio::test]
async fn a_connection_that_is_revoked_leaves_no_key_that_opens_the_api() {
    let world = World::start(Mode::Mint).await;
    let claude = Assistant::register(&world).await;
    let mut browser = world.ada().await;
    let full = claude.connect(&mut browser, "full").await;
    world.heard();
    full.call("get_profile", json!({})).await;
    // What the API was called with, as somebody who listens on the way would know it.
    let key = world.heard()[0].headers["authorization"].clone();
    let open = || {
        let request = reqwest::Client::new().get(format!("{}/profile", world.api.url));
        request.header("Authorization", key.clone()).send()
    };
    assert_eq!(open().await.unwrap().status(), 200);
    let page = browser.open("/portal/keys").await.unwrap().page().unwrap();
    let form = page.form_to("/portal/keys/revoke").unwrap();
    browser.submit(&form).await.unwrap();
    assert_eq!(full.send("get_profile", json!({})).await.status, 401);
    world
        .until_keys(|keys| keys.iter().all(|key| !key["revoked_at"].is_null()))
        .await;
    assert_eq!(open().await.unwrap().status(), 401);
}
