//! The configured site: what its pages and clients show of it.

use serde_json::json;

use crate::support::{Client, ORIGIN, TestServer};

const LOGO: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"></svg>";

/// A server with a site, whose logo is in a directory of the test.
async fn acme(name: &str) -> TestServer {
    let directory = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let logo = directory.join(format!("{name}.svg"));
    std::fs::write(&logo, LOGO).unwrap();
    TestServer::with(|config| {
        let site = &mut config.site;
        site.name = Some("Acme".to_owned());
        site.logo = Some(logo);
        site.color = Some("#8a2be2".parse().unwrap());
        site.terms_url = Some("https://acme.example/terms".parse().unwrap());
        site.privacy_url = Some("https://acme.example/privacy".parse().unwrap());
        site.support_url = Some("mailto:help@acme.example".parse().unwrap());
        site.full = Some("Actions consume your credits.".to_owned());
        site.read_only = Some("Nothing is published.".to_owned());
        site.workspace = Some("Usage is billed to this workspace.".to_owned());
        site.read_only_guarantee = Some("It can’t spend credits.".to_owned());
    })
    .await
}

/// What follows the first `start` in a text, up to a quotation mark.
fn quoted<'a>(text: &'a str, start: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn site_is_shown_on_pages_with_and_without_sign_in() {
    let bench = acme("pages").await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    for location in [
        "/",
        "/account/sign-in",
        "/portal/keys",
        &client.authorize_url(),
    ] {
        let page = browser.open(location).await.page();
        let text = page.text();
        for shown in [
            "Acme",
            "https://acme.example/terms",
            "https://acme.example/privacy",
            "mailto:help@acme.example",
        ] {
            assert!(text.contains(shown), "{location}: {shown}");
        }
        assert!(!text.contains("Pets"), "{location}");
        let style = bench.get(quoted(&text, "rel=\"stylesheet\" href=\"")).await;
        assert_eq!(style.status, 200);
        assert!(style.body.contains("--accent: #8a2be2;"));
    }
}

#[tokio::test]
async fn consent_page_says_the_sentences_of_the_site() {
    let bench = acme("sentences").await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let text = browser.open(&client.authorize_url()).await.page().text();
    for sentence in [
        "Actions consume your credits.",
        "Nothing is published.",
        "Usage is billed to this workspace.",
        "can’t write or delete data. It can’t spend credits.",
    ] {
        assert!(text.contains(sentence), "{sentence}");
    }
}

#[tokio::test]
async fn logo_is_the_icon_of_pages_server_and_tools() {
    let bench = acme("icon").await;
    let mut browser = bench.first_person().await;
    let page = browser.open("/portal/keys").await.page();
    let path = quoted(&page.text(), "rel=\"icon\" href=\"").to_owned();
    let logo = bench.get(&path).await;
    assert_eq!(logo.header("content-type"), "image/svg+xml");
    assert!(logo.header("content-security-policy").contains("sandbox"));
    assert_eq!(logo.body, LOGO);
    let icons = json!([{
        "src": format!("{ORIGIN}{path}"),
        "mimeType": "image/svg+xml",
        "sizes": ["any"],
    }]);
    let tokens = Client::claude(&bench)
        .await
        .connect(&mut browser, "full")
        .await;
    let parameters = json!({
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    });
    let initialized = bench
        .rpc(Some(&tokens.access), "initialize", parameters)
        .await
        .json();
    let server = &initialized["result"]["serverInfo"];
    assert_eq!(server["title"], "Acme");
    assert_eq!(server["icons"], icons);
    let listed = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    let tools = listed.json()["result"]["tools"].clone();
    let tools = tools.as_array().unwrap();
    assert_eq!(tools.len(), 3);
    assert!(tools.iter().all(|tool| tool["icons"] == icons), "{tools:?}");
    // A result is not longer for it.
    let called = bench.call(&tokens.access, "get_home", json!({})).await;
    assert!(!called.body.contains("icons") && called.body.contains("Acme"));
}

#[tokio::test]
async fn server_without_a_logo_offers_no_icon() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let tokens = Client::claude(&bench)
        .await
        .connect(&mut browser, "full")
        .await;
    let listed = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert!(!listed.body.contains("icons"));
}

#[tokio::test]
async fn tools_are_listed_with_the_scopes_that_they_need() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let tokens = Client::claude(&bench)
        .await
        .connect(&mut browser, "full")
        .await;
    let listed = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    let tools = listed.json()["result"]["tools"].clone();
    for tool in tools.as_array().unwrap() {
        let scopes = match tool["annotations"]["readOnlyHint"] == true {
            true => json!(["mcp:read"]),
            false => json!(["mcp:read", "mcp:write"]),
        };
        let schemes = json!([{"type": "oauth2", "scopes": scopes}]);
        assert_eq!(tool["_meta"]["securitySchemes"], schemes, "{tool}");
    }
}

#[tokio::test]
async fn metadata_link_the_terms_and_the_privacy_policy() {
    let bench = acme("metadata").await;
    let server = bench.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(server.json()["op_tos_uri"], "https://acme.example/terms");
    assert_eq!(
        server.json()["op_policy_uri"],
        "https://acme.example/privacy"
    );
    let resource = bench.get("/.well-known/oauth-protected-resource/mcp").await;
    let resource = resource.json();
    assert_eq!(resource["resource_name"], "Acme");
    assert_eq!(resource["resource_tos_uri"], "https://acme.example/terms");
    assert_eq!(
        resource["resource_policy_uri"],
        "https://acme.example/privacy"
    );
    let plain = TestServer::start().await;
    let server = plain.get("/.well-known/oauth-authorization-server").await;
    assert!(!server.body.contains("_uri\":null"));
}
