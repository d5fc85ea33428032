//! What must not work, one table a place: what is sent, and what has to come back.

use std::time::Duration;

use http::Method;
use serde_json::json;

use crate::browser::{Browser, Landing, Page};
use crate::support::{Bench, CLAUDE, Client, EMAIL, PASSWORD, Response, encode};

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
    let bench = Bench::start().await;
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
async fn nobody_is_led_at_once_to_a_place_that_anybody_could_register() {
    let bench = Bench::start().await;
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
    let bench = Bench::with(|config| {
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
    let bench = Bench::start().await;
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
    let bench = Bench::start().await;
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
    let bench = Bench::start().await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.resource = "HTTPS://MCP.Example.com/mcp".to_owned();
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(bench.tools(&tokens.access).await.len(), 2);
}

#[tokio::test]
async fn methods_and_sizes_of_the_authorization_endpoint() {
    let bench = Bench::start().await;
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
    let bench = Bench::start().await;
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
    let bench = Bench::start().await;
    let client = Client::claude(&bench).await;
    let url = client.authorize_url_with(&[("prompt", Some("none"))]);
    let response = Browser::new(&bench).open(&url).await.response(CLAUDE);
    assert_eq!(response["error"], "login_required");
}

/// Whether an answer of an endpoint for programs is the RFC's JSON.
fn assert_error(answer: &Response, status: u16, error: &str, what: &str) {
    assert_eq!(answer.status, status, "{what}: {}", answer.body);
    assert_eq!(answer.error(), error, "{what}");
    assert_eq!(answer.header("cache-control"), "no-store", "{what}");
    assert_eq!(answer.header("content-type"), "application/json", "{what}");
}

#[tokio::test]
async fn malformed_requests_to_the_token_endpoint() {
    let bench = Bench::start().await;
    let client = Client::claude(&bench).await;
    let id = encode(&[("client_id", &client.client_id)]);
    let form = "application/x-www-form-urlencoded";
    let table: Vec<(&str, String, u16, &str)> = vec![
        (form, String::new(), 400, "invalid_request"),
        (form, id.clone(), 400, "invalid_request"),
        (
            form,
            format!("{id}&grant_type=authorization_code"),
            400,
            "invalid_request",
        ),
        (
            form,
            format!("{id}&grant_type=refresh_token"),
            400,
            "invalid_request",
        ),
        (
            form,
            format!("{id}&grant_type=implicit"),
            400,
            "unsupported_grant_type",
        ),
        (
            form,
            format!("{id}&grant_type=urn:ietf:params:oauth:grant-type:token-exchange"),
            400,
            "unsupported_grant_type",
        ),
        (
            form,
            format!("{id}&grant_type=authorization_code&code=x"),
            400,
            "invalid_grant",
        ),
        (
            form,
            format!("{id}&{id}&grant_type=refresh_token"),
            400,
            "invalid_request",
        ),
        (form, format!("{id}&grant_type=%ff"), 400, "invalid_request"),
        (
            form,
            format!("{id}&x={}", "x".repeat(20_000)),
            400,
            "invalid_request",
        ),
        (
            form,
            "client_id=nobody&grant_type=refresh_token".to_owned(),
            401,
            "invalid_client",
        ),
        ("application/json", "{}".to_owned(), 400, "invalid_request"),
        ("text/plain", id.clone(), 400, "invalid_request"),
        ("", id.clone(), 400, "invalid_request"),
        ("garbage\u{7f}", id.clone(), 400, "invalid_request"),
    ];
    for (media_type, body, status, error) in table {
        let headers = match media_type.is_ascii() && !media_type.contains('\u{7f}') {
            true => vec![("content-type", media_type)],
            false => Vec::new(),
        };
        let what = format!("{media_type} {}", &body[..body.len().min(60)]);
        let answer = bench
            .send(Method::POST, "/oauth/token", &headers, Some(body))
            .await;
        assert_error(&answer, status, error, &what);
    }
    assert_eq!(bench.get("/oauth/token?code=a").await.status, 405);
}

#[tokio::test]
async fn clients_that_come_with_a_secret() {
    let bench = Bench::start().await;
    let client = Client::claude(&bench).await;
    let id = client.client_id.as_str();
    type Row<'a> = (Option<&'a str>, Vec<(&'a str, &'a str)>, u16, &'a str);
    let table: Vec<Row<'_>> = vec![
        (Some("Basic YTpi"), vec![], 401, "invalid_client"),
        (Some("bAsIc YTpi"), vec![], 401, "invalid_client"),
        (Some("Basic ???"), vec![], 401, "invalid_client"),
        (
            Some("Basic YTpi"),
            vec![("client_id", id)],
            400,
            "invalid_request",
        ),
        (
            None,
            vec![("client_id", id), ("client_secret", "s")],
            401,
            "invalid_client",
        ),
        (
            None,
            vec![("client_id", id), ("client_assertion", "eyJ")],
            401,
            "invalid_client",
        ),
    ];
    for path in ["/oauth/token", "/oauth/revoke"] {
        for (authorization, form, status, error) in &table {
            let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
            headers.extend(authorization.map(|it| ("authorization", it)));
            let mut form = form.clone();
            form.push(("grant_type", "refresh_token"));
            let answer = bench
                .send(Method::POST, path, &headers, Some(encode(&form)))
                .await;
            assert_error(
                &answer,
                *status,
                error,
                &format!("{path} {authorization:?}"),
            );
            let challenged = answer.header("www-authenticate").starts_with("Basic");
            assert_eq!(challenged, authorization.is_some() && *status == 401);
        }
    }
}

#[tokio::test]
async fn registrations() {
    let bench = Bench::start().await;
    let deep = format!(
        "{{\"redirect_uris\":{}{}}}",
        "[".repeat(300),
        "]".repeat(300)
    );
    let uri = |uri: &str| json!({"redirect_uris": [uri]}).to_string();
    let many: Vec<_> = (0..1000)
        .map(|n| format!("https://a.example/{n}"))
        .collect();
    let table: Vec<(String, &str)> = vec![
        (uri("javascript:alert(1)"), "invalid_redirect_uri"),
        (uri("ms-msdt:/id"), "invalid_redirect_uri"),
        (uri("search-ms://query=x"), "invalid_redirect_uri"),
        (uri("ldap://evil.example/x"), "invalid_redirect_uri"),
        (uri("itms-services://x/"), "invalid_redirect_uri"),
        (uri("data:text/html,x"), "invalid_redirect_uri"),
        (uri("https://a.example/#f"), "invalid_redirect_uri"),
        (uri("https://user:pass@a.example/"), "invalid_redirect_uri"),
        (uri("http://evil.example/"), "invalid_redirect_uri"),
        (uri("https://co.uk/"), "invalid_redirect_uri"),
        (uri("https://*.a.example/"), "invalid_redirect_uri"),
        (uri("https://a.example/?iss=x"), "invalid_redirect_uri"),
        (uri(""), "invalid_redirect_uri"),
        (json!({"redirect_uris": many[..11].to_vec()}).to_string(), "invalid_redirect_uri"),
        (json!({"redirect_uris": many}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": []}).to_string(), "invalid_redirect_uri"),
        (json!({}).to_string(), "invalid_redirect_uri"),
        (json!({"redirect_uris": "https://a.example/"}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": [1]}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "client_id": "x"}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "client_name": 1}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "grant_types": ["implicit"]}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "response_types": ["token"]}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "token_endpoint_auth_method": "private_key_jwt"}).to_string(), "invalid_client_metadata"),
        (json!({"redirect_uris": ["https://a.example/"], "software_statement": "e30"}).to_string(), "invalid_software_statement"),
        (deep, "invalid_client_metadata"),
        ("[]".to_owned(), "invalid_client_metadata"),
        ("{".to_owned(), "invalid_client_metadata"),
        (" ".repeat(1_000_000), "invalid_client_metadata"),
    ];
    let headers = [("content-type", "application/json")];
    for (body, error) in table {
        let what = body[..body.len().min(80)].to_owned();
        let answer = bench
            .send(Method::POST, "/oauth/register", &headers, Some(body))
            .await;
        assert_error(&answer, 400, error, &what);
    }
    let answer = bench
        .send(Method::POST, "/oauth/register", &[], Some("{}".to_owned()))
        .await;
    assert_error(&answer, 400, "invalid_client_metadata", "no media type");
}

#[tokio::test]
async fn a_flood_of_registrations_is_stopped_and_known_clients_go_on() {
    let bench = Bench::start().await;
    let known = bench.register("Claude", &[CLAUDE]).await;
    let mut refused = 0;
    for number in 0..200 {
        let body = json!({"redirect_uris": [format!("https://a.example/{number}")]});
        let answer = bench.post_json("/oauth/register", &body).await;
        if answer.status != 201 {
            assert_error(&answer, 429, "temporarily_unavailable", "flood");
            assert!(!answer.header("retry-after").is_empty());
            assert_eq!(answer.header("access-control-allow-origin"), "*");
            refused += 1;
        }
    }
    assert!(refused > 0);
    assert_eq!(bench.register("Claude", &[CLAUDE]).await, known);
}

/// Whether an authorization request of a client gets as far as the person.
async fn is_known(browser: &mut Browser<'_>, client: &Client) -> bool {
    let page = browser.open(&client.authorize_url()).await.page();
    page.status == 200
}

#[tokio::test]
async fn registrations_in_masses_put_out_each_other_and_no_client_in_use() {
    let bench = Bench::with(|config| config.oauth.registered_clients = 2).await;
    let mut browser = bench.first_person().await;
    let claude = Client::claude(&bench).await;
    claude.connect(&mut browser, "full").await;
    let mut others = Vec::new();
    for number in 0..3 {
        let uri = format!("https://a.example/{number}");
        let id = bench.register("A", &[&uri]).await;
        others.push(Client::new(&id, &uri));
        bench.clock.advance(Duration::from_secs(1));
        // To be asked for does not make it one in use.
        assert!(is_known(&mut browser, &others[0]).await == (number == 0));
    }
    assert!(is_known(&mut browser, &claude).await);
    assert!(is_known(&mut browser, &others[2]).await);
    others[2].connect(&mut browser, "full").await;
    let body = json!({"redirect_uris": ["https://a.example/3"]});
    let refused = bench.post_json("/oauth/register", &body).await;
    assert_error(&refused, 429, "temporarily_unavailable", "all in use");
}

#[tokio::test]
async fn a_store_that_is_gone_takes_no_key_away() {
    let bench = Bench::start().await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "full").await;
    bench.break_store().await;
    let answer = bench
        .rpc(Some(&tokens.access), "tools/list", json!({}))
        .await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("www-authenticate"), "");
    assert!(!answer.header("retry-after").is_empty());
    let answer = client.refresh(&bench, &tokens.refresh).await;
    assert_error(&answer, 503, "temporarily_unavailable", "refresh");
    let form = [
        ("token", tokens.access.as_str()),
        ("client_id", client.client_id.as_str()),
    ];
    let answer = bench.post_form("/oauth/revoke", &form).await;
    assert_error(&answer, 503, "temporarily_unavailable", "revoke");
    let page = browser.open(&client.authorize_url()).await.page();
    assert_eq!(page.status, 503);
}

#[tokio::test]
async fn documents_of_clients_at_places_that_are_no_documents() {
    let bench = Bench::start().await;
    let mut browser = bench.first_person().await;
    for url in [
        "https://127.0.0.1/client.json",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/client.json",
        "https://[::ffff:10.0.0.1]/client.json",
        "https://0x7f.1/client.json",
        "https://2130706433/client.json",
        "http://client.example/client.json",
        "https://client.example/",
        "https://client.example:8443/client.json",
        "https://client.example/a/../client.json",
        "https://CLIENT.example/client.json",
        "https://user@client.example/client.json",
        "https://client.example/client.json#a",
    ] {
        let client = Client::new(url, "https://client.example/cb");
        let page = browser.open(&client.authorize_url()).await.page();
        assert_eq!(page.status, 400, "{url}");
    }
    assert_eq!(bench.fetched(), 0);
}

#[tokio::test]
async fn documents_named_in_masses_keep_no_other_client_out() {
    let bench = Bench::start().await;
    let mut browser = bench.first_person().await;
    let publish = |url: &str| {
        let uri = format!("{url}/cb");
        let document = json!({"client_id": url, "client_name": "A", "redirect_uris": [uri]});
        bench.documents.put(url, &document.to_string());
        Client::new(url, &uri)
    };
    let known = publish("https://known.example/client.json");
    assert!(is_known(&mut browser, &known).await);
    bench.clock.advance(Duration::from_hours(24 * 3));
    let page = browser.open("/account/sign-in").await.page();
    browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    let flood = async |url: String| {
        let client = Client::new(&url, "https://a.example/cb");
        bench.get(&client.authorize_url()).await.status
    };
    for number in 0..200 {
        assert_eq!(flood(format!("https://evil.example/{number}")).await, 502);
    }
    assert!(bench.fetched() < 50, "{}", bench.fetched());
    let new = publish("https://new.example/client.json");
    assert!(is_known(&mut browser, &new).await);
    // Whoever has many sites: who was known stays so.
    for number in 0..200 {
        assert_eq!(flood(format!("https://evil{number}.example/x")).await, 502);
    }
    assert!(bench.fetched() < 150, "{}", bench.fetched());
    assert!(is_known(&mut browser, &known).await);
}

#[tokio::test]
async fn a_document_is_fetched_once_for_all_who_name_it_and_not_again_at_once_where_it_failed() {
    let bench = Bench::start().await;
    let client = Client::new("https://a.example/client.json", "https://a.example/cb");
    for _ in 0..3 {
        assert_eq!(bench.get(&client.authorize_url()).await.status, 502);
    }
    assert_eq!(bench.fetched(), 1);
    bench.clock.advance(Duration::from_mins(1));
    let document = json!({
        "client_id": client.client_id,
        "client_name": "A",
        "redirect_uris": [client.redirect_uri],
    });
    bench
        .documents
        .put(&client.client_id, &document.to_string());
    let url = client.authorize_url();
    let all = futures_util::future::join_all((0..8).map(|_| bench.get(&url))).await;
    assert!(all.iter().all(|answer| answer.status == 303));
    assert_eq!(bench.fetched(), 2);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_told_to_who_may_only_read_too() {
    let bench = Bench::with(|config| config.server.max_request_bytes = 1000).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let params = json!({"padding": "x".repeat(1000)});
    let answer = bench.rpc(Some(&tokens.access), "tools/list", params).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("retry-after"), "");
    assert!(
        answer.body.contains("at most 1000 bytes"),
        "{}",
        answer.body
    );
}
