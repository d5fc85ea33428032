//! What clients find out by themselves: challenges, metadata, and where the endpoint is.

use http::Method;
use serde_json::{Value, json};

use crate::browser::unescape;
use crate::support::{CLAUDE, Client, ORIGIN, RESOURCE, TestServer};

#[tokio::test]
async fn r05_who_has_no_token_learns_where_to_get_one() {
    let bench = TestServer::start().await;
    let refused = bench.rpc(None, "tools/list", json!({})).await;
    assert_eq!(refused.status, 401);
    let metadata = format!("{ORIGIN}/.well-known/oauth-protected-resource/mcp");
    let expected = format!("Bearer resource_metadata=\"{metadata}\", scope=\"mcp:read\"");
    assert_eq!(refused.header("www-authenticate"), expected);
    assert_eq!(refused.json()["jsonrpc"], "2.0");
    assert!(refused.body.contains("Not authenticated"));
}

#[tokio::test]
async fn r03_the_resource_is_described_at_both_places_for_any_mount_path() {
    for (path, inserted, resource) in [
        ("/", "", "https://mcp.example.com"),
        ("/mcp", "/mcp", "https://mcp.example.com/mcp"),
        (
            "/api/ext/mcp",
            "/api/ext/mcp",
            "https://mcp.example.com/api/ext/mcp",
        ),
    ] {
        let bench = TestServer::with(|config| config.server.path = path.parse().unwrap()).await;
        for place in ["", inserted] {
            let document = format!("/.well-known/oauth-protected-resource{place}");
            let document = bench.get(&document).await;
            assert_eq!(document.status, 200, "{path} {place}");
            assert_eq!(document.json()["resource"], resource);
            assert_eq!(document.json()["authorization_servers"], json!([ORIGIN]));
            assert_eq!(
                document.json()["bearer_methods_supported"],
                json!(["header"])
            );
            assert_eq!(document.json()["scopes_supported"], json!(["mcp:read"]));
            assert_eq!(document.json()["resource_name"], "Pets");
        }
        let alias = format!("/.well-known/oauth-protected-resource{inserted}/readonly");
        let alias = bench.get(&alias).await.json();
        assert_eq!(alias["resource"], format!("{resource}/readonly"));
    }
}

#[tokio::test]
async fn r04_an_endpoint_with_a_slash_more_is_the_endpoint_and_described_in_that_spelling() {
    let bench = TestServer::start().await;
    let mut browser = bench.first_person().await;
    for (path, level, tools) in [("/mcp/", "full", 3), ("/mcp/readonly/", "read-only", 2)] {
        let ping = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        let json = [("content-type", "application/json")];
        let refused = bench
            .send(Method::POST, path, &json, Some(ping.to_owned()))
            .await;
        assert_eq!(refused.status, 401, "{path}");
        let metadata = format!("/.well-known/oauth-protected-resource{path}");
        let challenge = refused.header("www-authenticate").to_owned();
        assert!(
            challenge.contains(&format!("\"{ORIGIN}{metadata}\"")),
            "{challenge}"
        );
        let document = bench.get(&metadata).await.json();
        let resource = format!("{ORIGIN}{path}");
        assert_eq!(document["resource"], resource);

        // A client that compares what it connected to with what the metadata name asks for that.
        let id = bench.register("Claude", &[CLAUDE]).await;
        let mut client = Client::new(&id, CLAUDE);
        client.resource.clone_from(&resource);
        let tokens = client.connect(&mut browser, level).await;
        let bearer = format!("Bearer {}", tokens.access);
        let headers = [("authorization", bearer.as_str()), json[0]];
        let list = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        for path in [path, path.trim_end_matches('/')] {
            let listed = bench
                .send(Method::POST, path, &headers, Some(list.to_owned()))
                .await;
            assert_eq!(listed.status, 200, "{path}: {}", listed.body);
            assert_eq!(
                listed.json()["result"]["tools"].as_array().unwrap().len(),
                tools
            );
        }
        let next = client.refresh(&bench, &tokens.refresh).await;
        assert_eq!(next.status, 200, "{}", next.body);
    }
}

#[tokio::test]
async fn r60_the_authorization_server_says_all_that_clients_ask_for() {
    let bench = TestServer::start().await;
    let document = bench.get("/.well-known/oauth-authorization-server").await;
    assert_eq!(document.status, 200);
    assert!(
        document
            .header("content-type")
            .starts_with("application/json")
    );
    let expected = json!({
        "issuer": ORIGIN,
        "authorization_endpoint": format!("{ORIGIN}/oauth/authorize"),
        "token_endpoint": format!("{ORIGIN}/oauth/token"),
        "registration_endpoint": format!("{ORIGIN}/oauth/register"),
        "revocation_endpoint": format!("{ORIGIN}/oauth/revoke"),
        "scopes_supported": ["mcp:read", "mcp:write", "offline_access"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
        "service_documentation": format!("{ORIGIN}/"),
        "protected_resources": [
            RESOURCE,
            format!("{RESOURCE}/readonly"),
            format!("{RESOURCE}/search"),
            format!("{RESOURCE}/search/readonly"),
            format!("{RESOURCE}/tools"),
            format!("{RESOURCE}/tools/readonly"),
        ],
    });
    assert_eq!(document.json(), expected);
}

#[tokio::test]
async fn there_is_no_half_of_openid_connect() {
    let bench = TestServer::start().await;
    let document = bench.get("/.well-known/openid-configuration").await;
    assert_eq!(document.status, 404);
}

#[tokio::test]
async fn r04_a_wrong_path_names_the_right_one_and_asks_no_person_to_sign_in() {
    let bench = TestServer::start().await;
    for path in ["/mcp//", "/MCP", "/sse", "/mcp/readonly//"] {
        for method in [Method::GET, Method::POST] {
            let answer = bench.send(method, path, &[], Some("{}".to_owned())).await;
            assert!(
                matches!(answer.status, 404 | 405),
                "{path} {}",
                answer.status
            );
            assert!(answer.body.contains(RESOURCE), "{path}: {}", answer.body);
        }
    }
    let root = bench.get("/").await;
    assert_eq!(root.status, 200);
    assert!(unescape(&root.body).contains(RESOURCE), "{}", root.body);
    let posted = bench
        .send(Method::POST, "/", &[], Some("{}".to_owned()))
        .await;
    assert!(
        posted.body.contains(RESOURCE),
        "{} {}",
        posted.status,
        posted.body
    );
}

#[tokio::test]
async fn no_header_of_a_request_changes_what_documents_say() {
    let bench = TestServer::start().await;
    let headers = [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
    ];
    for path in ["/.well-known/oauth-authorization-server", "/mcp"] {
        let answer = bench.send(Method::GET, path, &headers, None).await;
        let reported = format!("{:?} {}", answer.headers, answer.body);
        assert!(!reported.contains("evil.example"), "{reported}");
    }
}

#[tokio::test]
async fn r11_programs_in_browsers_reach_what_they_need_without_credentials() {
    let origin = ("origin", "http://localhost:6274");
    let bench = TestServer::with(|config| {
        config.server.allowed_origins = vec![origin.1.to_owned()];
    })
    .await;
    for (method, path) in [
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/oauth-protected-resource/mcp"),
        ("POST", "/oauth/register"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/revoke"),
    ] {
        let asks = [
            origin,
            ("access-control-request-method", method),
            (
                "access-control-request-headers",
                "content-type,mcp-protocol-version",
            ),
        ];
        let preflight = bench.send(Method::OPTIONS, path, &asks, None).await;
        assert_eq!(preflight.status, 200, "{path}");
        assert_eq!(
            preflight.header("access-control-allow-origin"),
            "*",
            "{path}"
        );
        assert_eq!(preflight.header("access-control-allow-credentials"), "");
        assert_eq!(
            preflight.header("access-control-allow-headers"),
            "content-type,mcp-protocol-version",
            "{path}"
        );
        let method: Method = method.parse().unwrap();
        let answer = bench.send(method, path, &[origin], None).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
        let exposed = answer.header("access-control-expose-headers");
        for header in ["www-authenticate", "retry-after", "x-request-id"] {
            assert!(exposed.contains(header), "{path}: {exposed}");
        }
    }
    // At the endpoint a page that may ask reads the challenge.
    let challenged = bench.send(Method::POST, "/mcp", &[origin], None).await;
    assert_eq!(challenged.status, 401);
    assert_eq!(challenged.header("access-control-allow-origin"), origin.1);
    let exposed = challenged.header("access-control-expose-headers");
    for header in ["www-authenticate", "retry-after", "x-request-id"] {
        assert!(exposed.contains(header), "{exposed}");
    }
    for path in ["/oauth/authorize", "/account/sign-in", "/portal/keys"] {
        let answer = bench.send(Method::GET, path, &[origin], None).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn with_a_public_url_no_page_of_a_loopback_address_sends_messages() {
    let bench = TestServer::start().await;
    for origin in [
        "http://localhost:6274",
        "https://localhost",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
    ] {
        let origin = ("origin", origin);
        let answer = bench.send(Method::POST, "/mcp", &[origin], None).await;
        assert_eq!(answer.status, 403, "{origin:?}");
        let asks = [origin, ("access-control-request-method", "POST")];
        let preflight = bench.send(Method::OPTIONS, "/mcp", &asks, None).await;
        let allowed = preflight.header("access-control-allow-origin");
        assert_eq!(allowed, "", "{origin:?}");
    }
    // A person who tries it on their own machine uses a client of their own machine.
    let bench = TestServer::on_loopback().await;
    let origin = ("origin", "http://localhost:6274");
    let answer = bench.send(Method::POST, "/mcp", &[origin], None).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn every_answer_asks_for_https_where_people_use_it() {
    let bench = TestServer::start().await;
    for (method, path) in [
        (Method::POST, "/mcp"),
        (Method::POST, "/oauth/token"),
        (Method::POST, "/oauth/register"),
        (Method::GET, "/.well-known/oauth-protected-resource/mcp"),
        (Method::GET, "/.well-known/oauth-authorization-server"),
        (Method::GET, "/healthz"),
        (Method::GET, "/nowhere"),
        (Method::GET, "/portal/keys"),
    ] {
        let answer = bench.send(method, path, &[], None).await;
        let asked = answer.header("strict-transport-security");
        assert_eq!(asked, "max-age=31536000", "{path}");
        let sniff = answer.header("x-content-type-options");
        assert_eq!(sniff, "nosniff", "{path}");
    }
}

#[tokio::test]
async fn r07_people_may_sign_in_at_another_host() {
    let issuer = "https://auth.example.com";
    let bench =
        TestServer::with(|config| config.oauth.issuer = Some(issuer.parse().unwrap())).await;
    let resource = bench
        .get("/.well-known/oauth-protected-resource/mcp")
        .await
        .json();
    assert_eq!(resource["authorization_servers"], json!([issuer]));
    let server: Value = bench
        .get("/.well-known/oauth-authorization-server")
        .await
        .json();
    assert_eq!(server["issuer"], issuer);
    assert_eq!(server["token_endpoint"], format!("{issuer}/oauth/token"));
    let host = [("host", "auth.example.com")];
    let reported = bench.send(
        Method::GET,
        "/.well-known/oauth-authorization-server",
        &host,
        None,
    );
    assert_eq!(reported.await.status, 200);
}

#[tokio::test]
async fn r07_who_signs_in_at_another_host_calls_here() {
    let issuer = "https://auth.example.com";
    let mut bench =
        TestServer::with(|config| config.oauth.issuer = Some(issuer.parse().unwrap())).await;
    bench.origin = issuer.to_owned();
    let client = Client::claude(&bench).await;
    assert_eq!(client.resource, RESOURCE);
    let tokens = {
        let mut browser = bench.first_person().await;
        client.connect(&mut browser, "full").await
    };
    bench.origin = ORIGIN.to_owned();
    assert_eq!(bench.tools(&tokens.access).await.len(), 3);
    let refused = bench.rpc(None, "tools/list", json!({})).await;
    let metadata = format!("{ORIGIN}/.well-known/oauth-protected-resource/mcp");
    assert!(refused.header("www-authenticate").contains(&metadata));
}

#[tokio::test]
async fn lifetimes_that_cannot_be_are_refused_at_the_start() {
    use runtime::app::{self, Environment};
    use runtime::config::{Auth, Config, OAuthSettings};
    type Change = fn(&mut OAuthSettings);
    let wrong: [(&str, Change); 5] = [
        ("access_token_seconds", |it| it.access_token_seconds = 0),
        ("access_token_seconds", |it| {
            it.access_token_seconds = u64::MAX;
        }),
        ("refresh_token_seconds", |it| it.refresh_token_seconds = 0),
        ("refresh_token_seconds", |it| {
            it.refresh_token_seconds = u64::MAX;
        }),
        ("refresh_overlap_seconds", |it| {
            it.refresh_overlap_seconds = u64::MAX;
        }),
    ];
    for (key, change) in wrong {
        let mut config = Config::default();
        config.server.auth = Auth::Oauth;
        config.server.mock = true;
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.path = ":memory:".into();
        change(&mut config.oauth);
        let error = app::start(&crate::support::CATALOG, config, Environment::default()).await;
        let error = error.unwrap_err().to_string();
        let expected = format!("oauth.{key}: ");
        assert!(
            error.starts_with(&expected) && error.contains("write "),
            "{error}"
        );
    }
}

#[tokio::test]
async fn r55_without_https_there_is_no_sign_in_beyond_this_machine() {
    use runtime::app::{self, Environment};
    use runtime::config::{Auth, Config};
    for (key, url) in [
        ("public_url", "http://mcp.example.com"),
        ("issuer", "http://auth.example"),
        // A name of this machine, and an address that others reach.
        ("public", "http://localhost:8080"),
    ] {
        let mut config = Config::default();
        config.server.auth = Auth::Oauth;
        config.server.mock = true;
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        match key {
            "issuer" => {
                config.server.public_url = Some("https://mcp.example.com".parse().unwrap());
                config.oauth.issuer = Some(url.parse().unwrap());
            }
            "public" => {
                config.server.listen = "0.0.0.0:0".parse().unwrap();
                config.server.public_url = Some(url.parse().unwrap());
            }
            _ => config.server.public_url = Some(url.parse().unwrap()),
        }
        let error = app::start(&crate::support::CATALOG, config, Environment::default()).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains(key) && error.contains("https"), "{error}");
    }
}
