//! At the authorization endpoint.

use http::Method;

use crate::browser::{Browser, Landing, Page};
use crate::support::{CLAUDE, Client, TestServer, encode};

/// Where an authorization request ends that is not right.
enum Ends {
    /// On a page of ours, sent nowhere.
    Here(u16),
    /// At the client, with this error.
    Back(&'static str),
}
use Ends::{Back, Here};

#[tokio::test]
async fn authorization_requests() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let challenge = client.challenge();
    let padded = format!("{challenge}=");
    let (short, long_state) = (challenge[..42].to_owned(), "s".repeat(8 * 1024));
    // The base64url of something, but of no SHA-256.
    let (shorter, longer) = (
        challenge[..40].to_owned(),
        format!("{challenge}A").repeat(2),
    );
    let table: Vec<(&'static str, Option<&str>, Ends)> = vec![
        ("client_id", Some("unknown"), Here(400)),
        ("client_id", None, Here(400)),
        ("client_id", Some("\u{e9}"), Here(400)),
        (
            "redirect_uri",
            Some("https://claude.ai/api/mcp/auth_callback/"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai/api/mcp/Auth_callback"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai/api/mcp/auth%5fcallback"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai/api/mcp/auth_callback?a=b"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai/api/mcp/auth_callback#a"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai/api/mcp/x/../auth_callback"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai.evil.example/api/mcp/auth_callback"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai\\@evil.example/api/mcp/auth_callback"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai%2f@evil.example/api/mcp/auth_callback"),
            Here(400),
        ),
        (
            "redirect_uri",
            Some("https://claude.ai:443/api/mcp/auth_callback"),
            Here(400),
        ),
        ("redirect_uri", Some("http://127.0.0.1/callback"), Here(400)),
        ("redirect_uri", Some("javascript:alert(1)"), Here(400)),
        ("code_challenge", None, Back("invalid_request")),
        ("code_challenge", Some(&short), Back("invalid_request")),
        ("code_challenge", Some(&shorter), Back("invalid_request")),
        ("code_challenge", Some(&longer), Back("invalid_request")),
        ("code_challenge", Some(&padded), Back("invalid_request")),
        ("code_challenge_method", None, Back("invalid_request")),
        (
            "code_challenge_method",
            Some("plain"),
            Back("invalid_request"),
        ),
        (
            "code_challenge_method",
            Some("s256"),
            Back("invalid_request"),
        ),
        (
            "code_challenge_method",
            Some("S512"),
            Back("invalid_request"),
        ),
        ("response_type", None, Back("invalid_request")),
        (
            "response_type",
            Some("token"),
            Back("unsupported_response_type"),
        ),
        (
            "response_type",
            Some("code id_token"),
            Back("unsupported_response_type"),
        ),
        ("response_mode", Some("fragment"), Back("invalid_request")),
        ("response_mode", Some("form_post"), Back("invalid_request")),
        ("request", Some("eyJ"), Back("request_not_supported")),
        (
            "request_uri",
            Some("https://evil.example/r"),
            Back("request_uri_not_supported"),
        ),
        (
            "resource",
            Some("https://other.example/mcp"),
            Back("invalid_target"),
        ),
        (
            "resource",
            Some("https://mcp.example.com/mcp#a"),
            Back("invalid_target"),
        ),
        (
            "resource",
            Some("https://mcp.example.com/other"),
            Back("invalid_target"),
        ),
        ("scope", Some("mcp:read\nmcp:write"), Back("invalid_scope")),
        ("scope", Some("mcp:read a\nb"), Back("invalid_scope")),
        ("scope", Some("openid profile"), Back("invalid_scope")),
        ("state", Some(&long_state), Back("invalid_request")),
        ("prompt", Some("none"), Back("consent_required")),
    ];
    for (name, value, ends) in table {
        let url = client.authorize_url_with(&[(name, value)]);
        let landing = browser.open(&url).await;
        match (ends, landing) {
            (Here(status), Landing::Page(page)) => {
                assert_eq!(page.status, status, "{name} {value:?}");
                assert!(
                    page.text().contains("from your assistant"),
                    "{name} {value:?}"
                );
            }
            (Back(error), landing @ Landing::Away(_)) => {
                let response = landing.response(CLAUDE);
                assert_eq!(response["error"], error, "{name} {value:?}");
                assert_eq!(response["iss"], bench.origin);
                let state = (name != "state").then_some(&client.state);
                assert_eq!(response.get("state"), state);
            }
            (_, landing) => panic!("{name} {value:?}: {landing:?}"),
        }
    }
    // Nothing that a request names is looked up.
    assert_eq!(bench.fetched(), 0);
}

/// The links of a page that lead away from the server.
fn links(page: &Page) -> Vec<String> {
    let text = page.text();
    let links = text.split("href=\"").skip(1);
    let links = links.map(|it| it.split('"').next().unwrap().to_owned());
    links.filter(|link| !link.starts_with('/')).collect()
}

#[tokio::test]
async fn a_place_that_anyone_could_register_is_not_led_to_at_once() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for uri in [
        "https://evil.example/cb",
        "com.example.app:/cb",
        "cursor://x/cb",
    ] {
        let id = bench.register("Claude", &[uri]).await;
        let client = Client::new(&id, uri);
        for (name, value, error) in [
            ("prompt", Some("none"), "consent_required"),
            ("scope", Some("none such"), "invalid_scope"),
            ("code_challenge", None, "invalid_request"),
        ] {
            let url = client.authorize_url_with(&[(name, value)]);
            let page = browser.open(&url).await.page();
            assert_eq!(page.status, 400, "{uri} {name}");
            assert_eq!(page.response.header("refresh"), "", "{uri} {name}");
            let links = links(&page);
            assert_eq!(links.len(), 1, "{uri} {name}");
            let response = Landing::Away(links[0].clone()).response(uri);
            assert_eq!(response["error"], error);
            assert_eq!(response["iss"], bench.origin);
        }
        // Who pressed a button is taken there.
        let page = browser.open(&client.authorize_url()).await.page();
        let form = page.form().press("decision", "deny");
        let location = match browser.submit(&form).await {
            Landing::Away(location) => location,
            Landing::Page(page) => links(&page).remove(0),
        };
        let response = Landing::Away(location).response(uri);
        assert_eq!(response["error"], "access_denied");
    }
}

#[tokio::test]
async fn programs_on_this_machine_and_configured_clients_get_their_errors_at_once() {
    let bench = TestServer::with(|config| {
        config.oauth.clients = vec![runtime::config::ClientSettings {
            client_id: "desk".to_owned(),
            client_name: None,
            redirect_uris: vec!["https://desk.example/cb".to_owned()],
        }];
    })
    .await;
    let id = bench.register("Tool", &["http://127.0.0.1/callback"]).await;
    for client in [
        Client::new(&id, "http://127.0.0.1:50123/callback"),
        Client::new("desk", "https://desk.example/cb"),
    ] {
        let url = client.authorize_url_with(&[("prompt", Some("none"))]);
        let landing = Browser::new(&bench).open(&url).await;
        let response = landing.response(&client.redirect_uri);
        assert_eq!(response["error"], "login_required");
    }
}

#[tokio::test]
async fn parameters_that_come_twice() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    for name in ["client_id", "redirect_uri"] {
        let url = format!("{}&{}", client.authorize_url(), encode(&[(name, CLAUDE)]));
        assert_eq!(browser.open(&url).await.page().status, 400, "{name}");
    }
    for (name, value, error) in [
        ("code_challenge", "x", "invalid_request"),
        ("state", "x", "invalid_request"),
        ("scope", "mcp:read", "invalid_request"),
        ("response_type", "code", "invalid_request"),
        (
            "resource",
            "https://mcp.example.com/mcp/readonly",
            "invalid_target",
        ),
    ] {
        let url = format!("{}&{}", client.authorize_url(), encode(&[(name, value)]));
        let response = browser.open(&url).await.response(CLAUDE);
        assert_eq!(response["error"], error, "{name}");
    }
}

#[tokio::test]
async fn r09_the_port_of_a_loopback_address_and_nothing_else_may_differ() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let id = bench.register("Tool", &["http://127.0.0.1/callback"]).await;
    let client = Client::new(&id, "http://127.0.0.1:50123/callback");
    assert_eq!(
        browser.open(&client.authorize_url()).await.page().status,
        200
    );
    for other in [
        "http://127.0.0.1:50123/other",
        "http://127.0.0.1:50123/callback?bar=foo",
        "http://127.0.0.2/callback",
        "http://localhost:50123/callback",
        "http://localhost.:50123/callback",
        "http://[::1]:50123/callback",
        "http://app.localhost/callback",
        "http://localhost.evil.example/callback",
        "http://127.0.0.1:50123@evil.example/callback",
        "https://127.0.0.1/callback",
    ] {
        let client = Client::new(&id, other);
        let page = browser.open(&client.authorize_url()).await.page();
        assert_eq!(page.status, 400, "{other}");
    }
}

#[tokio::test]
async fn a_resource_in_other_letters_is_the_same_one() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.resource = "HTTPS://MCP.Example.com/mcp".to_owned();
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(bench.tools(&tokens.access).await.len(), 2);
}

/// RFC 8707 §2 lets a request name several resources. Those that it names are a set, and a set of
/// one is what a grant is for, so that the same one twice is no mistake; a second one is.
#[tokio::test]
async fn the_same_resource_named_twice_is_that_one() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let again = [("resource", client.resource.as_str())];
    let url = format!("{}&{}", client.authorize_url(), encode(&again));
    let page = browser.open(&url).await.page();
    assert_eq!(page.status, 200, "{}", page.body);
    let form = page.form().with("level", "read-only");
    let approved = browser.submit(&form.press("decision", "approve")).await;
    let code = approved.response(&client.redirect_uri)["code"].clone();
    let mut redemption = client.redemption(&code);
    redemption.extend(again);
    let answer = bench.post_form("/oauth/token", &redemption).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(bench.tools(&token).await.len(), 2);

    let code = client.code(&mut browser, "read-only").await;
    let other = format!("{}/readonly", client.resource);
    let mut redemption = client.redemption(&code);
    redemption.push(("resource", &other));
    let answer = bench.post_form("/oauth/token", &redemption).await;
    assert_eq!(answer.error(), "invalid_target", "{}", answer.body);
}

#[tokio::test]
async fn methods_and_sizes_of_the_authorization_endpoint() {
    let bench = TestServer::start().await;
    let client = Client::claude(&bench).await;
    for method in [Method::HEAD, Method::POST, Method::PUT] {
        let answer = bench
            .send(method.clone(), &client.authorize_url(), &[], None)
            .await;
        assert_eq!(answer.status, 405, "{method}");
    }
    let url = format!("{}&x={}", client.authorize_url(), "x".repeat(20 * 1024));
    let answer = bench.get(&url).await;
    assert_eq!(answer.status, 414);
    for query in ["client_id=%ff", "client_id=%", "%zz=1"] {
        assert_eq!(
            bench.get(&format!("/oauth/authorize?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_state_comes_back_as_it_was_and_splits_no_header() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    for state in [
        "a\r\nSet-Cookie: b=c",
        "caf\u{e9} \u{202e}\u{1f511}",
        "a&code=b#c%00",
    ] {
        let changes = [("state", Some(state)), ("prompt", Some("none"))];
        let url = client.authorize_url_with(&changes);
        let response = browser.open(&url).await.response(CLAUDE);
        assert_eq!(response["state"], state);
        assert_eq!(response.get("code"), None);
    }
    assert!(!browser.cookies.contains_key("b"));
}

#[tokio::test]
async fn prompt_none_without_a_session() {
    let bench = TestServer::start().await;
    let client = Client::claude(&bench).await;
    let url = client.authorize_url_with(&[("prompt", Some("none"))]);
    let response = Browser::new(&bench).open(&url).await.response(CLAUDE);
    assert_eq!(response["error"], "login_required");
}
