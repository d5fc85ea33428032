//! From the pasted URL to the first tool call, and back out.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::config::Config;
use runtime::config::OnBehalfOfSettings;
use serde_json::json;

use crate::browser::Browser;
use crate::support::{CLAUDE, Client, EMAIL, PASSWORD, TestServer, Tokens};

/// Finds everything by the URL alone, as the specifications require of clients.
async fn discover(bench: &TestServer, path: &str) -> (String, serde_json::Value) {
    let refusal = bench.rpc_at(path, None, "tools/list", json!({})).await;
    assert_eq!(refusal.status, 401);
    let challenge = refusal.header("www-authenticate").to_owned();
    let (_, rest) = challenge.split_once("resource_metadata=\"").unwrap();
    let resource = bench.get(rest.split('"').next().unwrap()).await.json();
    let server = resource["authorization_servers"][0].as_str().unwrap();
    let metadata = format!("{server}/.well-known/oauth-authorization-server");
    let server = bench.get(&metadata).await.json();
    (resource["resource"].as_str().unwrap().to_owned(), server)
}

#[tokio::test]
async fn r01_a_url_is_all_that_a_person_pastes_at_any_mount_path() {
    for path in ["/", "/mcp", "/api/ext/mcp"] {
        let bench = TestServer::with(|config| config.server.path = path.parse().unwrap()).await;
        let mut browser = bench.first_person().await;
        let (resource, server) = discover(&bench, path).await;
        let registration = json!({"client_name": "Claude", "redirect_uris": [CLAUDE]});
        let endpoint = server["registration_endpoint"].as_str().unwrap();
        let registered = bench.post_json(endpoint, &registration).await.json();
        let mut client = Client::new(registered["client_id"].as_str().unwrap(), CLAUDE);
        client.resource = resource;
        let tokens = client.connect(&mut browser, "full").await;
        assert_eq!(
            bench.tools(&tokens.access).await,
            ["create_pet", "get_home", "get_pet"]
        );
        let called = bench
            .call(&tokens.access, "create_pet", json!({"name": "Rex"}))
            .await;
        assert_eq!(called.json()["result"]["structuredContent"]["name"], "Rex");
    }
}

#[tokio::test]
async fn r02_who_is_signed_in_is_not_asked_again_but_approves_each_time() {
    let bench = TestServer::start().await;
    let client = Client::claude(&bench).await;
    bench.first_person().await;
    let mut browser = Browser::new(&bench);
    let page = browser.open(&client.authorize_url()).await.page();
    assert!(page.location.ends_with("/sign-in"), "{}", page.location);
    let page = browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    assert!(
        page.body.contains("Claude wants to access Pets"),
        "{}",
        page.body
    );
    // Nor does what was approved once go on without asking.
    client.connect(&mut browser, "full").await;
    let again = browser.open(&client.authorize_url()).await.page();
    assert!(again.body.contains("Claude wants to access Pets"));
}

#[tokio::test]
async fn on_a_loopback_address_sign_in_works_without_tls() {
    let bench = TestServer::on_loopback().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(bench.tools(&tokens.access).await, ["get_home", "get_pet"]);
    assert!(tokens.access.starts_with("mcpk_test_"), "{}", tokens.access);
    assert!(
        browser
            .cookies
            .keys()
            .all(|name| !name.starts_with("__Host-"))
    );
    assert!(
        browser
            .set_cookies
            .iter()
            .all(|cookie| !cookie.contains("Secure"))
    );
}

#[tokio::test]
async fn over_https_every_cookie_is_bound_to_host_and_https() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    client.connect(&mut browser, "read-only").await;
    assert!(browser.set_cookies.len() >= 3);
    for cookie in &browser.set_cookies {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
}

#[tokio::test]
async fn r34_r35_grants_are_side_by_side_and_each_keeps_its_level() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let full = client.connect(&mut browser, "full").await;
    let read = client.connect(&mut browser, "read-only").await;
    let cursor = bench
        .register("Cursor", &["cursor://anysphere.cursor-mcp/oauth/callback"])
        .await;
    assert_ne!(cursor, client.client_id);
    assert_eq!(bench.tools(&full.access).await.len(), 3);
    assert_eq!(bench.tools(&read.access).await.len(), 2);
    assert_eq!(full.scope, "mcp:read mcp:write");
    assert_eq!(read.scope, "mcp:read");
    let revoke = [
        ("token", read.access.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    assert_eq!(bench.post_form("/oauth/revoke", &revoke).await.status, 200);
    assert_eq!(bench.tools(&full.access).await.len(), 3);
    assert_eq!(
        bench
            .rpc(Some(&read.access), "tools/list", json!({}))
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn r49_a_read_only_connection_is_refused_every_write_before_the_api_hears_of_it() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let refused = bench
        .call(&tokens.access, "create_pet", json!({"name": "Rex"}))
        .await;
    assert_eq!(refused.status, 403);
    let challenge = refused.header("www-authenticate");
    assert!(
        challenge.contains("error=\"insufficient_scope\""),
        "{challenge}"
    );
    assert!(
        challenge.contains("scope=\"mcp:read mcp:write\""),
        "{challenge}"
    );
    assert!(challenge.contains("resource_metadata=\"https://mcp.example.com/.well-known/"));
    assert!(refused.body.contains("read-only"), "{}", refused.body);
    // What the first look does not understand gets no further.
    let hidden = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_pet","name":"create_pet","arguments":{"name":"Rex"}}}"#;
    let bearer = format!("Bearer {}", tokens.access);
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("authorization", bearer.as_str()),
    ];
    bench
        .send(
            http::Method::POST,
            "/mcp",
            &headers,
            Some(hidden.to_owned()),
        )
        .await;
    assert!(
        bench
            .asked
            .lock()
            .unwrap()
            .iter()
            .all(|(method, ..)| method == "GET")
    );
}

#[tokio::test]
async fn r51_the_api_never_sees_the_token() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.call(&tokens.access, "get_pet", json!({})).await;
    bench
        .call(&tokens.access, "create_pet", json!({"name": "Rex"}))
        .await;
    let asked = bench.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    for (_, _, headers) in asked {
        assert_eq!(headers.get("authorization"), None);
        let reported = format!("{headers:?}");
        assert!(!reported.contains(&tokens.access), "{reported}");
    }
}

#[tokio::test]
async fn the_read_only_alias_is_a_resource_of_its_own() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.resource = format!("{}/readonly", client.resource);
    client.scope = "mcp:read mcp:write".to_owned();
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    assert_eq!(form.field("level"), Some("read-only"));
    let response = browser.submit(&form).await.response(CLAUDE);
    let tokens = Tokens::of(&client.redeem(&bench, &response["code"]).await);
    assert_eq!(tokens.scope, "mcp:read");
    let at = |path: &'static str| bench.rpc_at(path, Some(&tokens.access), "tools/list", json!({}));
    let unknown = bench.rpc_at("/mcp/readonly", None, "tools/list", json!({}));
    let document = "/.well-known/oauth-protected-resource/mcp/readonly\"";
    let unknown = unknown.await;
    let challenge = unknown.header("www-authenticate");
    assert!(challenge.contains(document), "{challenge}");
    assert_eq!(at("/mcp/readonly").await.status, 200);
    assert_eq!(at("/mcp").await.status, 401);
    let params = json!({"name": "create_pet", "arguments": {"name": "Rex"}});
    let refused = bench
        .rpc_at("/mcp/readonly", Some(&tokens.access), "tools/call", params)
        .await;
    assert_eq!(
        refused.json()["result"]["isError"],
        true,
        "{}",
        refused.body
    );
    assert_eq!(bench.calls(), 0);
}

fn with_statements(config: &mut Config) {
    let key_file = config.store.path.with_extension("key");
    let _ = std::fs::remove_file(&key_file);
    config.upstream.on_behalf_of = Some(OnBehalfOfSettings {
        header: "X-On-Behalf-Of".to_owned(),
        audience: "https://api.example.com".to_owned(),
        key_file,
        reuse_seconds: 0,
    });
}

/// What a statement says.
fn claims_of(statement: &str) -> serde_json::Value {
    let claims = statement.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn a_statement_is_from_the_issuer_that_people_sign_in_at_whatever_the_port() {
    let bench = TestServer::on_loopback_with(with_statements).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.call(&tokens.access, "get_pet", json!({})).await;
    let asked = bench.asked.lock().unwrap().clone();
    let statement = asked[0].2["x-on-behalf-of"].to_str().unwrap();
    assert_eq!(claims_of(statement)["iss"], bench.origin);
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_that_statements_are_signed_with_is_its_owners_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = TestServer::with(with_statements).await;
    let file = bench.database.with_extension("key");
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn the_api_learns_on_whose_behalf_and_can_check_it() {
    let bench = TestServer::with(with_statements).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.call(&tokens.access, "get_pet", json!({})).await;
    let read = client.connect(&mut browser, "read-only").await;
    bench.call(&read.access, "get_pet", json!({})).await;
    let asked = bench.asked.lock().unwrap().clone();
    let statement = asked[0].2["x-on-behalf-of"].to_str().unwrap();
    let server = bench
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    let keys = bench.get(server["jwks_uri"].as_str().unwrap()).await.json();
    let (signed, signature) = statement.rsplit_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let public = decode(keys["keys"][0]["x"].as_str().unwrap());
    UnparsedPublicKey::new(&ED25519, public)
        .verify(signed.as_bytes(), &decode(signature))
        .unwrap();
    let (head, claims) = signed.split_once('.').unwrap();
    let read = |part| serde_json::from_slice::<serde_json::Value>(&decode(part)).unwrap();
    let (head, claims) = (read(head), read(claims));
    assert_eq!(
        (&head["alg"], &head["kid"]),
        (&json!("EdDSA"), &keys["keys"][0]["kid"])
    );
    assert_eq!(claims["iss"], bench.origin);
    assert_eq!(claims["aud"], "https://api.example.com");
    assert_eq!(claims["workspace"], "home-1");
    assert_eq!(claims["access"], "write");
    assert_eq!(claims["client_id"], client.client_id);
    assert!(claims["jti"].as_str().unwrap().starts_with("obo_"));
    let audit = bench.audit().await;
    let approved = audit.iter().find(|(it, _)| it == "consent.approved");
    let approved: Vec<_> = approved.unwrap().1.split(' ').collect();
    assert_eq!(
        (&claims["sub"], &claims["grant"]),
        (&json!(approved[1]), &json!(approved[4]))
    );
    // Another connection is another grant, with its own level.
    let other = asked[1].2["x-on-behalf-of"].to_str().unwrap();
    let other = claims_of(other);
    assert_eq!(
        (&other["access"], &other["sub"]),
        (&json!("read"), &claims["sub"])
    );
    assert_ne!(other["grant"], claims["grant"]);
    assert_ne!(other["jti"], claims["jti"]);
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        60
    );
}
