//! Clients as they are: what the ones in use register, and how they come back.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, RESOURCE, TestServer, Tokens};

const CURSOR: &str = "cursor://anysphere.cursor-mcp/oauth/callback";

#[tokio::test]
async fn r08_r09_r10_the_clients_in_use_connect() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    // Name, what it registers, and where it wants the answer.
    let clients: [(&str, &[&str], &str); 8] = [
        (
            "Claude",
            &["https://claude.ai/api/mcp/auth_callback"],
            "https://claude.ai/api/mcp/auth_callback",
        ),
        (
            "Claude Code",
            &["http://localhost/callback", "http://127.0.0.1/callback"],
            "http://localhost:3118/callback",
        ),
        (
            "ChatGPT",
            &["https://chatgpt.com/connector_platform_oauth_redirect"],
            "https://chatgpt.com/connector_platform_oauth_redirect",
        ),
        (
            "Codex",
            &["http://127.0.0.1:1455/callback"],
            "http://127.0.0.1:50001/callback",
        ),
        (
            "Visual Studio Code",
            &[
                "https://vscode.dev/redirect",
                "http://127.0.0.1:33418/",
                "http://localhost/",
            ],
            "http://127.0.0.1:51234/",
        ),
        (
            "MCP Inspector",
            &["http://localhost:6274/oauth/callback"],
            "http://localhost:6274/oauth/callback",
        ),
        (
            "mcp-remote",
            &["http://localhost:3334/oauth/callback"],
            "http://localhost:3334/oauth/callback",
        ),
        (
            "Cursor web",
            &[
                CURSOR,
                "https://www.cursor.com/agents/mcp/oauth/callback",
                "http://localhost:8787/callback",
            ],
            "https://www.cursor.com/agents/mcp/oauth/callback",
        ),
    ];
    for (name, registered, redirect_uri) in clients {
        let id = bench.register(name, registered).await;
        let client = Client::new(&id, redirect_uri);
        let tokens = client.connect(&mut browser, "read-only").await;
        assert_eq!(bench.tools(&tokens.access).await.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn r10_an_app_is_handed_its_answer_by_a_page() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let id = bench
        .register("Cursor", &[CURSOR, "http://localhost:8787/callback"])
        .await;
    let client = Client::new(&id, CURSOR);
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    let landed = browser.submit(&form).await.page();
    assert_eq!(landed.status, 200);
    let refresh = landed.response.header("refresh").to_owned();
    let (_, target) = refresh.split_once("url=").unwrap();
    let target = url::Url::parse(target).unwrap();
    assert_eq!(target.scheme(), "cursor");
    let code = target
        .query_pairs()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(client.redeem(&bench, &code).await.status, 200);
}

#[tokio::test]
async fn identical_registrations_are_one_client_and_survive() {
    let bench = TestServer::start().await;
    let first = bench
        .register("Claude", &["https://claude.ai/cb", "https://claude.com/cb"])
        .await;
    let again = bench
        .register("Claude", &["https://claude.com/cb", "https://claude.ai/cb"])
        .await;
    let other = bench.register("Claude", &["https://claude.ai/cb"]).await;
    assert_eq!(first, again);
    assert_ne!(first, other);
}

#[tokio::test]
async fn a_registration_reports_what_the_client_got() {
    let bench = TestServer::start().await;
    let body = json!({
        "client_name": "Old",
        "redirect_uris": ["https://old.example/cb"],
        "token_endpoint_auth_method": "client_secret_post",
        "scope": "mcp:read",
        "logo_uri": "https://old.example/logo.png",
        "made_up": true,
    });
    let response = bench.post_json("/oauth/register", &body).await;
    assert_eq!(response.status, 201);
    assert_eq!(response.header("cache-control"), "no-store");
    let mut information = response.json();
    let members = information.as_object_mut().unwrap();
    assert!(members.remove("client_id").unwrap().is_string());
    assert!(members.remove("client_id_issued_at").unwrap().is_u64());
    let expected = json!({
        "client_name": "Old",
        "redirect_uris": ["https://old.example/cb"],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": "mcp:read mcp:write offline_access",
    });
    assert_eq!(information, expected);
}

/// What Claude publishes about itself, in as far as it matters here.
fn claude_document() -> Value {
    json!({
        "client_id": "https://claude.ai/oauth/mcp-oauth-client-metadata",
        "client_name": "Claude",
        "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"],
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
    })
}

fn publish(bench: &TestServer, document: &Value) -> Client {
    let url = document["client_id"].as_str().unwrap().to_owned();
    let uri = document["redirect_uris"][0].as_str().unwrap().to_owned();
    bench.documents.put(&url, &document.to_string());
    Client::new(&url, &uri)
}

#[tokio::test]
async fn r06_a_client_that_publishes_a_document_needs_no_registration() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = publish(&bench, &claude_document());
    let tokens = client.connect(&mut browser, "full").await;
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
    let next = Tokens::of(&client.refresh(&bench, &tokens.refresh).await);
    assert_eq!(bench.tools(&next.access).await.len(), 3);
    client.connect(&mut browser, "full").await;
    assert_eq!(
        bench
            .documents
            .fetched
            .load(std::sync::atomic::Ordering::SeqCst),
        1
    );
}

#[tokio::test]
async fn a_client_that_reads_no_metadata_is_served_where_2025_03_26_has_it_ask() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let metadata = json!({"client_name": "Early bird", "redirect_uris": [CLAUDE]});
    let registered = bench.post_json("/register", &metadata).await;
    assert_eq!(registered.status, 201, "{}", registered.body);
    let id = registered.json()["client_id"].as_str().unwrap().to_owned();
    let client = Client::new(&id, CLAUDE);

    // Nor does it know of resource indicators.
    let url = client.authorize_url_with(&[("resource", None)]);
    let page = browser
        .open(url.strip_prefix("/oauth").unwrap())
        .await
        .page();
    let form = page
        .form()
        .with("level", "full")
        .press("decision", "approve");
    let response = browser.submit(&form).await.response(CLAUDE);
    let mut redemption = client.redemption(&response["code"]);
    redemption.retain(|(name, _)| *name != "resource");
    let tokens = Tokens::of(&bench.post_form("/token", &redemption).await);
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);

    let refresh = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh.as_str()),
        ("client_id", id.as_str()),
    ];
    let tokens = Tokens::of(&bench.post_form("/token", &refresh).await);
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
}

#[tokio::test]
async fn r09_a_loopback_address_of_a_document_has_any_port() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut document = claude_document();
    document["client_id"] = json!("https://claude.ai/oauth/claude-code-client-metadata");
    document["redirect_uris"] = json!(["http://localhost/callback", "http://127.0.0.1/callback"]);
    let mut client = publish(&bench, &document);
    for uri in [
        "http://localhost:50123/callback",
        "http://127.0.0.1:3118/callback",
    ] {
        client.redirect_uri = uri.to_owned();
        let tokens = client.connect(&mut browser, "read-only").await;
        assert_eq!(bench.tools(&tokens.access).await.len(), 2, "{uri}");
    }
    client.redirect_uri = "http://localhost:50123/other".to_owned();
    let page = browser.open(&client.authorize_url()).await.page();
    assert_eq!(page.status, 400);
}

#[tokio::test]
async fn a_client_stays_connected_however_long_ago_anybody_asked_who_it_is() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for registers in [false, true] {
        let client = match registers {
            true => Client::claude(&bench).await,
            false => publish(&bench, &claude_document()),
        };
        let mut tokens = client.connect(&mut browser, "full").await;
        for _ in 0..3 {
            bench.clock.advance(Duration::from_hours(24 * 45));
            let page = browser.open("/account/sign-in").await.page();
            browser.sign_in(&page, EMAIL, PASSWORD).await;
            // A server that starts forgets what has expired.
            let other = bench.beside().await;
            tokens = Tokens::of(&client.refresh(&other, &tokens.refresh).await);
        }
        assert_eq!(bench.tools(&tokens.access).await.len(), 3);
        let over = client.refresh(&bench, "no such token").await;
        assert_eq!((over.status, over.error().as_str()), (400, "invalid_grant"));
    }
}

#[tokio::test]
async fn a_known_document_serves_for_a_day_while_its_host_is_away() {
    let bench = TestServer::start().await;
    let client = publish(&bench, &claude_document());
    let mut browser = bench.first_person().await;
    assert_eq!(
        browser.open(&client.authorize_url()).await.page().status,
        200
    );
    bench.documents.at.lock().unwrap().clear();
    bench.clock.advance(Duration::from_hours(10));
    assert_eq!(
        browser.open(&client.authorize_url()).await.page().status,
        200
    );
    bench.clock.advance(Duration::from_hours(20));
    let page = browser.open(&client.authorize_url()).await.page();
    assert_eq!(page.status, 502);
    assert!(page.body.contains("claude.ai"));
}

#[tokio::test]
async fn a_document_that_is_not_its_clients_own_is_refused() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for (member, value) in [
        ("client_id", json!("https://claude.ai/other")),
        ("redirect_uris", json!(["https://evil.example/cb"])),
        ("redirect_uris", json!([])),
        ("client_secret", json!("secret")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("client_name", Value::Null),
        ("padding", json!("x".repeat(6000))),
    ] {
        let mut document = claude_document();
        let client = publish(&bench, &document);
        document[member] = value;
        let url = client.client_id.clone();
        bench.documents.put(&url, &document.to_string());
        // What failed is not tried again at once.
        bench.clock.advance(Duration::from_mins(1));
        let page = browser.open(&client.authorize_url()).await.page();
        assert_eq!(page.status, 502, "{member}");
    }
}

#[tokio::test]
async fn clients_that_are_configured_need_nothing_else() {
    let bench = TestServer::with(|config| {
        config.oauth.registration = false;
        config.oauth.clients = vec![runtime::config::ClientSettings {
            client_id: "desk".to_owned(),
            client_name: Some("Desk".to_owned()),
            redirect_uris: vec!["https://desk.example/cb".to_owned()],
        }];
    })
    .await;
    let mut browser = bench.first_person().await;
    let client = Client::new("desk", "https://desk.example/cb");
    let tokens = client.connect(&mut browser, "full").await;
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
    let body = json!({"redirect_uris": ["https://a.example/"]});
    assert_eq!(bench.post_json("/oauth/register", &body).await.status, 404);
    let document = bench
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    assert_eq!(document.get("registration_endpoint"), None);
}

#[tokio::test]
async fn a_client_that_names_no_resource_and_no_scope_gets_the_one_resource_for_reading() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let url = client.authorize_url_with(&[("resource", None), ("scope", None)]);
    let page = browser.open(&url).await.page();
    assert!(page.text().contains(RESOURCE));
    let form = page.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(&client.redirect_uri);
    let mut form = client.redemption(&response["code"]);
    form.retain(|(name, _)| *name != "resource");
    let tokens = Tokens::of(&bench.post_form("/oauth/token", &form).await);
    assert_eq!(tokens.scope, "mcp:read");
    assert_eq!(bench.tools(&tokens.access).await.len(), 2);
}

#[tokio::test]
async fn offline_access_is_shown_to_a_person_whose_client_asked_for_it_and_can_be_refused() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.scope = "mcp:read offline_access openid".to_owned();
    let tokens = client.connect(&mut browser, "full").await;
    assert_eq!(tokens.scope, "mcp:read mcp:write offline_access");
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page
        .form()
        .without("scope", "offline_access")
        .press("decision", "approve");
    let response = browser.submit(&form).await.response(&client.redirect_uri);
    let tokens = Tokens::of(&client.redeem(&bench, &response["code"]).await);
    assert_eq!(
        (tokens.scope.as_str(), tokens.refresh.as_str()),
        ("mcp:read", "")
    );
}

/// Clients whose document or registration leaves `refresh_token` out, and that ask for
/// `offline_access` all the same, stay connected.
#[tokio::test]
async fn offline_access_refreshes_whatever_the_grant_types_of_the_client_are() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut document = claude_document();
    document["grant_types"] = json!(["authorization_code"]);
    let published = publish(&bench, &document);
    let registration = r#"{"client_name":"Old","redirect_uris":["https://old.example/cb"],"grant_types":["authorization_code"],"token_endpoint_auth_method":"none"}"#;
    let registration: Value = serde_json::from_str(registration).unwrap();
    let registered = bench
        .post_json("/oauth/register", &registration)
        .await
        .json();
    let id = registered["client_id"].as_str().unwrap();
    let registered = Client::new(id, "https://old.example/cb");
    for mut client in [published, registered] {
        client.scope = "mcp:read mcp:write offline_access".to_owned();
        let tokens = client.connect(&mut browser, "full").await;
        assert!(tokens.scope.contains("offline_access"), "{tokens:?}");
        let next = client.refresh(&bench, &tokens.refresh).await;
        assert_eq!(next.status, 200, "{}", next.body);
    }
}

/// One that neither lists `refresh_token` nor asks for `offline_access` is not given what it has
/// no use for.
#[tokio::test]
async fn client_without_the_grant_type_and_without_offline_access_gets_no_refresh_token() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut document = claude_document();
    document["grant_types"] = json!(["authorization_code"]);
    let mut client = publish(&bench, &document);
    client.scope = "mcp:read".to_owned();
    let code = client.code(&mut browser, "read-only").await;
    let response = client.redeem(&bench, &code).await.json();
    assert!(response["access_token"].is_string(), "{response}");
    assert_eq!(response.get("refresh_token"), None);
}
