//! OpenID Connect towards clients: ID tokens, as a foreign library verifies them, and userinfo.

use std::time::Duration;

use http::Method;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use runtime::config::{Config, OpenIdSettings};
use serde_json::{Value, json};

use crate::browser::{Browser, Landing};
use crate::identity_provider::{IdentityProvider, members, onward, press, sign_in, to_portal};
use crate::support::{Client, EMAIL, PASSWORD, Response, TestServer, Tokens};

const ALL: &str = "openid profile email offline_access";

fn with_openid(config: &mut Config) {
    config.oauth.openid = Some(OpenIdSettings {
        key_file: config.store.path.with_extension("openid.key"),
    });
}

async fn metadata(bench: &TestServer, name: &str) -> Response {
    bench.get(&format!("/.well-known/{name}")).await
}

/// The claims of an ID token, found and verified as a client finds and verifies them.
pub(crate) async fn verified(bench: &TestServer, id_token: &Value, client: &Client) -> Value {
    let document = metadata(bench, "openid-configuration").await.json();
    let keys = bench.get(document["jwks_uri"].as_str().unwrap()).await;
    let keys: JwkSet = serde_json::from_str(&keys.body).unwrap();
    let id_token = id_token.as_str().unwrap();
    let id = decode_header(id_token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&id).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&[&client.client_id]);
    validation.set_issuer(&[document["issuer"].as_str().unwrap()]);
    // The server's clock is the test's.
    validation.validate_exp = false;
    decode::<Value>(id_token, &key, &validation).unwrap().claims
}

async fn userinfo(bench: &TestServer, token: &str) -> Response {
    let header = format!("Bearer {token}");
    bench
        .send(
            Method::GET,
            "/oauth/userinfo",
            &[("Authorization", &header)],
            None,
        )
        .await
}

#[tokio::test]
async fn id_token_is_verified_by_a_foreign_library_and_says_who_signed_in() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.scope = ALL.to_owned();
    let signed_in = bench.clock.millis() / 1000;
    let page = browser
        .open(&client.authorize_url_with(&[("nonce", Some("of this sign-in"))]))
        .await
        .page();
    let form = page.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(&client.redirect_uri);
    let answer = client.redeem(&bench, &response["code"]).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(tokens.scope, "mcp:read openid profile email offline_access");
    let claims = verified(&bench, &answer.json()["id_token"], &client).await;
    assert_eq!(claims["nonce"], "of this sign-in");
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!(EMAIL), &json!(false))
    );
    assert!(claims["name"].is_string(), "{claims}");
    assert_eq!(claims["auth_time"], signed_in);
    let exp = claims["exp"].as_u64().unwrap();
    assert_eq!(exp - claims["iat"].as_u64().unwrap(), 3600);
    let read = userinfo(&bench, &tokens.access).await.json();
    for claim in ["sub", "name", "email", "email_verified"] {
        assert_eq!(read[claim], claims[claim], "{claim}");
    }
    bench.clock.advance(std::time::Duration::from_hours(1));
    let answer = client.refresh(&bench, &tokens.refresh).await;
    let later = verified(&bench, &answer.json()["id_token"], &client).await;
    assert_eq!(
        (&later["sub"], &later["auth_time"]),
        (&claims["sub"], &claims["auth_time"])
    );
    assert!(later.get("nonce").is_none(), "{later}");
    assert_ne!(later["at_hash"], claims["at_hash"]);
}

#[tokio::test]
async fn optional_scopes_can_be_switched_off_and_required_ones_cannot() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.scope = ALL.to_owned();
    let page = browser.open(&client.authorize_url()).await.page();
    let form = page.form().press("decision", "approve");
    let refused = browser
        .submit(&form.clone().without("scope", "openid"))
        .await
        .page();
    assert_eq!(refused.status, 403);
    let form = ["profile", "email", "offline_access"]
        .into_iter()
        .fold(form, |form, scope| form.without("scope", scope));
    let response = browser.submit(&form).await.response(&client.redirect_uri);
    let answer = client.redeem(&bench, &response["code"]).await;
    let tokens = Tokens::of(&answer);
    assert_eq!(
        (tokens.scope.as_str(), tokens.refresh.as_str()),
        ("mcp:read openid", "")
    );
    let claims = verified(&bench, &answer.json()["id_token"], &client).await;
    let read = userinfo(&bench, &tokens.access).await.json();
    assert_eq!(read, json!({ "sub": claims["sub"] }));
    assert!(
        claims.get("email").is_none() && claims.get("name").is_none(),
        "{claims}"
    );
}

#[tokio::test]
async fn client_that_does_not_ask_receives_none_of_it() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    // These two are about what `openid` asks for.
    client.scope = "mcp:read profile email".to_owned();
    let code = client.code(&mut browser, "read-only").await;
    let answer = client.redeem(&bench, &code).await;
    assert_eq!(answer.json().get("id_token"), None);
    let tokens = Tokens::of(&answer);
    assert_eq!(tokens.scope, "mcp:read");
    let refused = userinfo(&bench, &tokens.access).await;
    assert_eq!(refused.status, 403);
    let challenge = refused.header("www-authenticate");
    assert!(challenge.contains("insufficient_scope"), "{challenge}");
    assert!(!refused.body.contains(EMAIL));
}

#[tokio::test]
async fn userinfo_refuses_what_is_no_good_token() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.scope = ALL.to_owned();
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(userinfo(&bench, &tokens.access).await.status, 200);
    assert_eq!(userinfo(&bench, &tokens.refresh).await.status, 401);
    assert_eq!(bench.get("/oauth/userinfo").await.status, 401);
    let form = [
        ("token", tokens.access.as_str()),
        ("client_id", &client.client_id),
    ];
    assert_eq!(bench.post_form("/oauth/revoke", &form).await.status, 200);
    let revoked = userinfo(&bench, &tokens.access).await;
    assert_eq!(revoked.status, 401);
    assert!(revoked.header("www-authenticate").contains("invalid_token"));
}

#[tokio::test]
async fn userinfo_refuses_a_person_whom_the_provider_does_not_admit_any_more() {
    let provider = crate::leaving::provider().await;
    let server = provider.server_with(crate::leaving::SETTINGS, |config| {
        config.accounts.passwords = false;
        with_openid(config);
    });
    let server = server.await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let mut client = Client::claude(&server).await;
    client.scope = ALL.to_owned();
    let tokens = client.connect(&mut browser, "read-only").await;
    assert_eq!(userinfo(&server, &tokens.access).await.status, 200);
    provider.script(|script| script.has_left = true);
    server.clock.advance(Duration::from_mins(1));
    assert_eq!(userinfo(&server, &tokens.access).await.status, 401);
    assert_eq!(provider.refreshes(), 1);
}

#[tokio::test]
async fn userinfo_says_when_to_come_again_while_the_store_fails() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.scope = ALL.to_owned();
    let tokens = client.connect(&mut browser, "read-only").await;
    bench.run("ALTER TABLE people RENAME TO lost").await;
    let refused = userinfo(&bench, &tokens.access).await;
    assert_eq!(refused.status, 503);
    assert_eq!(refused.header("retry-after"), "5");
    bench.run("ALTER TABLE lost RENAME TO people").await;
    assert_eq!(userinfo(&bench, &tokens.access).await.status, 200);
}

#[tokio::test]
async fn configuration_is_complete_or_absent() {
    let bench = TestServer::with(with_openid).await;
    let document = metadata(&bench, "openid-configuration").await.json();
    // OpenID Connect Discovery 1.0 §3: what is required, and what this server has beside it.
    for member in [
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
        "scopes_supported",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "claims_supported",
    ] {
        assert!(!document[member].is_null(), "{member}");
    }
    let server = metadata(&bench, "oauth-authorization-server").await.json();
    for (member, value) in server.as_object().unwrap() {
        assert_eq!(document[member], *value, "{member}");
    }
    let without = TestServer::start().await;
    assert_eq!(metadata(&without, "openid-configuration").await.status, 404);
    assert_eq!(userinfo(&without, "a").await.status, 404);
    let server = metadata(&without, "oauth-authorization-server")
        .await
        .json();
    assert_eq!(
        server["scopes_supported"],
        json!(["mcp:read", "mcp:write", "offline_access"])
    );
    assert_eq!(server.get("jwks_uri"), None);
    let mut browser = without.first_person().await;
    let mut client = Client::claude(&without).await;
    client.scope = ALL.to_owned();
    let code = client.code(&mut browser, "read-only").await;
    let answer = client.redeem(&without, &code).await;
    assert_eq!(answer.json().get("id_token"), None);
    assert_eq!(Tokens::of(&answer).scope, "mcp:read offline_access");
}

#[cfg(unix)]
#[tokio::test]
async fn key_of_id_tokens_is_kept_for_its_owner_only_and_stays() {
    use std::os::unix::fs::PermissionsExt as _;
    let bench = TestServer::with(with_openid).await;
    let file = bench.database.with_extension("openid.key");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let private = std::fs::read_to_string(&file).unwrap();
    let document = metadata(&bench, "openid-configuration").await.json();
    let keys = bench
        .get(document["jwks_uri"].as_str().unwrap())
        .await
        .json();
    assert_eq!(keys["keys"][0]["alg"], "RS256");
    assert!(keys["keys"][0].get("d").is_none() && !private.is_empty());
}

/// Opens the request of a client, with parameters in addition; returns the page that follows.
async fn asked(
    client: &Client,
    browser: &mut Browser<'_>,
    changes: &[(&'static str, Option<&str>)],
) -> Landing {
    browser.open(&client.authorize_url_with(changes)).await
}

#[tokio::test]
async fn prompt_login_and_max_age_ask_a_person_who_is_signed_in() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let mut client = Client::claude(&bench).await;
    client.scope = ALL.to_owned();
    bench.clock.advance(Duration::from_secs(100));
    for (parameter, value, asks) in [
        ("max_age", "101", false),
        ("max_age", "100", false),
        ("max_age", "99", true),
        ("max_age", "0", true),
        ("prompt", "login", true),
        ("prompt", "consent login", true),
        ("prompt", "consent", false),
        ("prompt", "select_account", false),
    ] {
        let page = asked(&client, &mut browser, &[(parameter, Some(value))]).await;
        let location = page.page().location;
        assert_eq!(
            location.ends_with("/sign-in"),
            asks,
            "{parameter}={value}: {location}"
        );
    }
    // A form of the consent page does not go past it.
    let page = asked(&client, &mut browser, &[("prompt", Some("login"))])
        .await
        .page();
    let consent = page.location.strip_suffix("/sign-in").unwrap().to_owned();
    let other = asked(&client, &mut browser, &[]).await.page();
    let mut form = other.form().press("decision", "approve");
    form.action = consent;
    let refused = browser.submit(&form).await.page();
    assert!(
        refused.location.ends_with("/sign-in"),
        "{}",
        refused.location
    );
    // The ID token says when the person signed in.
    let consent = browser.sign_in(&page, EMAIL, PASSWORD).await.page();
    let now = bench.clock.millis() / 1000;
    let form = consent.form().press("decision", "approve");
    let response = browser.submit(&form).await.response(&client.redirect_uri);
    let answer = client.redeem(&bench, &response["code"]).await;
    let claims = verified(&bench, &answer.json()["id_token"], &client).await;
    assert_eq!(claims["auth_time"], now);
}

#[tokio::test]
async fn prompt_none_with_a_sign_in_that_is_too_old_needs_a_login() {
    let bench = TestServer::with(with_openid).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    bench.clock.advance(Duration::from_secs(100));
    for (prompt, max_age, error) in [
        ("none", "99", "login_required"),
        ("none", "100", "consent_required"),
        ("none login", "100", "invalid_request"),
        ("login", "soon", "invalid_request"),
        ("login", "-1", "invalid_request"),
    ] {
        let changes = [("prompt", Some(prompt)), ("max_age", Some(max_age))];
        let response = asked(&client, &mut browser, &changes).await;
        let response = response.response(&client.redirect_uri);
        assert_eq!(response["error"], error, "{prompt} {max_age}");
    }
}

#[tokio::test]
async fn prompt_login_asks_for_a_new_sign_in_at_the_provider() {
    let provider = IdentityProvider::start().await;
    let server = provider.server("").await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let client = Client::claude(&server).await;
    server.clock.advance(Duration::from_mins(5));
    let early = server.clock.millis() / 1000 - 200;
    for (auth_time, succeeds) in [(json!(early), false), (json!(null), false)] {
        provider.script(|script| script.claims = members(json!({"auth_time": auth_time})));
        let page = asked(&client, &mut browser, &[("prompt", Some("login"))])
            .await
            .page();
        let landed = sign_in(&provider, &mut browser, &page).await.page();
        assert_eq!(
            landed.status == 200,
            succeeds,
            "{auth_time}: {}",
            landed.text()
        );
    }
    provider.script(|script| script.claims.clear());
    let page = asked(&client, &mut browser, &[("prompt", Some("login"))])
        .await
        .page();
    let leaving = press(&mut browser, &page).await;
    let url = onward(&leaving);
    assert!(url.as_str().contains("prompt=login"), "{url}");
    let landed = browser.open(&provider.sign_in(&url)).await.page();
    assert_eq!(landed.status, 200);
    assert!(
        !landed.location.ends_with("/sign-in"),
        "{}",
        landed.location
    );
}
