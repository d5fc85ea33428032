//! What the directories of assistants read of a server: how its tools are signed in for, its icon, and
//! whose its domain is.

use runtime::app::Environment;
use runtime::codegen::Catalog;
use serde_json::{Value, json};

use crate::support::{CATALOG, TestServer};

static LARGE: Catalog = Catalog {
    search_mode: true,
    ..CATALOG
};

static WITH_LOGO: Catalog = Catalog {
    logo: Some("https://pets.example/logo.png"),
    ..CATALOG
};

const CHALLENGE: &str = "/.well-known/openai-apps-challenge";

async fn tools(server: &TestServer) -> Vec<Value> {
    let answer = server.rpc("tools/list", json!({})).await;
    answer["result"]["tools"].as_array().unwrap().clone()
}

#[tokio::test]
async fn tools_need_no_sign_in_where_the_server_has_none() {
    let without = json!({"securitySchemes": [{"type": "noauth"}]});
    for catalog in [&CATALOG, &LARGE] {
        let server = TestServer::of(catalog, Environment::default(), |_| ()).await;
        let tools = tools(&server).await;
        assert!(tools.iter().all(|it| it["_meta"] == without), "{tools:?}");
    }
}

#[tokio::test]
async fn list_of_all_tools_of_a_large_api_does_not_repeat_the_sign_in() {
    let server = TestServer::of(&LARGE, Environment::default(), |_| ()).await;
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let mut request = server.post(message.to_string()).build().unwrap();
    request.url_mut().set_path("/mcp/tools");
    let answer = server.client.execute(request).await.unwrap();
    assert!(!answer.text().await.unwrap().contains("securitySchemes"));
}

#[tokio::test]
async fn logo_of_the_description_is_the_icon_of_server_and_tools() {
    let server = TestServer::of(&WITH_LOGO, Environment::default(), |_| ()).await;
    let icons = json!([{"src": "https://pets.example/logo.png"}]);
    let tools = tools(&server).await;
    assert!(tools.iter().all(|it| it["icons"] == icons), "{tools:?}");
}

#[tokio::test]
async fn token_of_the_domain_is_served_where_one_is_configured() {
    let server = TestServer::with(|config| {
        config.site.openai_challenge = Some("9f2c4e".to_owned());
    })
    .await;
    let get = |server: &TestServer| {
        let mut request = server
            .client
            .get(server.server.url().clone())
            .build()
            .unwrap();
        request.url_mut().set_path(CHALLENGE);
        server.client.execute(request)
    };
    let answer = get(&server).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(
        answer.headers()["content-type"]
            .as_bytes()
            .starts_with(b"text/plain")
    );
    assert_eq!(answer.text().await.unwrap(), "9f2c4e");

    let without = TestServer::start().await;
    assert_eq!(get(&without).await.unwrap().status(), 404);
}
