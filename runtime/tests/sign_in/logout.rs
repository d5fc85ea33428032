//! The provider reports that a person signed out (OpenID Connect Back-Channel Logout 1.0).

use http::Method;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::identity_provider::{IdentityProvider, Signature, to_portal};
use crate::leaving::{SETTINGS, call, connected, provider};
use crate::support::{Response, TestServer, encode};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

async fn send(server: &TestServer, token: &str) -> Response {
    server
        .post_form("/account/backchannel-logout", &[("logout_token", token)])
        .await
}

async fn is_signed_in(browser: &mut Browser<'_>) -> bool {
    let page = browser.open("/portal/keys").await.page();
    page.location.starts_with("/portal/keys")
}

fn session(provider: &IdentityProvider, sid: &str) {
    provider.script(|script| drop(script.claims.insert("sid".to_owned(), json!(sid))));
}

#[tokio::test]
async fn logout_of_a_person_ends_their_sessions_and_not_their_connections() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    let mut elsewhere = Browser::new(&server);
    to_portal(&provider, &mut elsewhere).await;
    let answer = send(&server, &provider.logout_token(json!({}), json!({}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!is_signed_in(&mut person.browser).await);
    assert!(!is_signed_in(&mut elsewhere).await);
    assert_eq!(call(&server, &person.tokens).await.status, 200);
    let audit = server.audit().await;
    let found = audit.iter().find(|(action, about)| {
        action == "login.ended_by_provider" && about.ends_with("provider_logout")
    });
    assert!(found.is_some(), "{audit:?}");
}

#[tokio::test]
async fn logout_ends_connections_where_that_is_configured() {
    let provider = provider().await;
    let settings = format!("logout_ends_connections = true\n{SETTINGS}");
    for claims in [json!({}), json!({"sub": null, "sid": "session-1"})] {
        let server = provider.server(&settings).await;
        session(&provider, "session-1");
        let mut person = connected(&provider, &server).await;
        let answer = send(&server, &provider.logout_token(json!({}), claims)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!is_signed_in(&mut person.browser).await);
        assert_eq!(call(&server, &person.tokens).await.status, 401);
    }
}

#[tokio::test]
async fn logout_of_one_session_leaves_the_others() {
    let provider = provider().await;
    for subject in [json!("person-1"), json!(null)] {
        let server = provider.server(SETTINGS).await;
        session(&provider, "session-1");
        let mut first = Browser::new(&server);
        to_portal(&provider, &mut first).await;
        session(&provider, "session-2");
        let mut second = Browser::new(&server);
        to_portal(&provider, &mut second).await;
        let claims = json!({"sub": subject, "sid": "session-1"});
        let answer = send(&server, &provider.logout_token(json!({}), claims)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert!(!is_signed_in(&mut first).await);
        assert!(is_signed_in(&mut second).await);
    }
}

#[tokio::test]
async fn logout_of_a_person_who_is_not_known_here_is_answered_alike() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    let claims = json!({"sub": "person-2"});
    let answer = send(&server, &provider.logout_token(json!({}), claims)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(is_signed_in(&mut person.browser).await);
}

/// Attacks with a token that is wrong in one way: its header, its claims, its signature, and what the
/// answer says.
fn attacks(now: i64) -> Vec<(&'static str, Value, Value, Signature, &'static str)> {
    let published = Signature::Published;
    let same = || json!({});
    vec![
        ("alg none", same(), same(), Signature::Missing, "malformed"),
        (
            "HS256 with the client secret",
            same(),
            same(),
            Signature::ClientSecret,
            "algorithm",
        ),
        (
            "HS256 with the public key",
            same(),
            same(),
            Signature::PublicKey,
            "algorithm",
        ),
        (
            "another key",
            same(),
            same(),
            Signature::Forged,
            "signature",
        ),
        (
            "wrong type",
            json!({"typ": "at+jwt"}),
            same(),
            published,
            "typ",
        ),
        (
            "wrong issuer",
            same(),
            json!({"iss": "https://evil.example"}),
            published,
            "issuer",
        ),
        (
            "wrong audience",
            same(),
            json!({"aud": "another"}),
            published,
            "another audience",
        ),
        (
            "no audience",
            same(),
            json!({"aud": null}),
            published,
            "lacks a claim",
        ),
        ("nonce", same(), json!({"nonce": "n"}), published, "nonce"),
        (
            "an ID token",
            json!({"typ": "JWT"}),
            json!({"events": null}),
            published,
            "events",
        ),
        (
            "no event",
            same(),
            json!({"events": {}}),
            published,
            "events",
        ),
        (
            "another event",
            same(),
            json!({"events": {"https://e.example": {}}}),
            published,
            "events",
        ),
        (
            "an event that is no object",
            same(),
            json!({"events": {EVENT: true}}),
            published,
            "events",
        ),
        (
            "neither person nor session",
            same(),
            json!({"sub": null}),
            published,
            "neither",
        ),
        ("no jti", same(), json!({"jti": null}), published, "jti"),
        ("no iat", same(), json!({"iat": null}), published, "iat"),
        (
            "no exp",
            same(),
            json!({"exp": null}),
            published,
            "lacks a claim",
        ),
        (
            "expired",
            same(),
            json!({"iat": now - 600, "exp": now - 120}),
            published,
            "expired",
        ),
        (
            "from the future",
            same(),
            json!({"iat": now + 120}),
            published,
            "not valid yet",
        ),
    ]
}

#[tokio::test]
async fn logout_token_that_is_wrong_in_any_way_ends_nothing() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut person = connected(&provider, &server).await;
    println!("| logout token | answer |\n|---|---|");
    for (name, head, claims, signature, expected) in attacks(server.clock.millis() / 1000) {
        provider.script(|script| script.signature = signature);
        let token = provider.logout_token(head, claims);
        let answer = send(&server, &token).await;
        println!("| {name} | {} {} |", answer.status, answer.body);
        assert_eq!(answer.status, 400, "{name}: {}", answer.body);
        assert_eq!(answer.error(), "invalid_request", "{name}");
        assert!(answer.body.contains(expected), "{name}: {}", answer.body);
        assert!(!answer.body.contains(&token));
        assert!(is_signed_in(&mut person.browser).await, "{name}");
    }
}

#[tokio::test]
async fn logout_token_is_used_once() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let mut browser = Browser::new(&server);
    to_portal(&provider, &mut browser).await;
    let token = provider.logout_token(json!({}), json!({}));
    assert_eq!(send(&server, &token).await.status, 200);
    to_portal(&provider, &mut browser).await;
    let answer = send(&server, &token).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("used before"), "{}", answer.body);
    assert!(is_signed_in(&mut browser).await);
    let another = provider.logout_token(json!({}), json!({"jti": "logout-2"}));
    assert_eq!(send(&server, &another).await.status, 200);
    assert!(!is_signed_in(&mut browser).await);
}

#[tokio::test]
async fn only_logout_tokens_that_are_refused_count_against_an_address() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let number = std::cell::Cell::new(0);
    let next = || {
        number.set(number.get() + 1);
        provider.logout_token(
            json!({}),
            json!({"jti": format!("logout-{}", number.get())}),
        )
    };
    for _ in 0..70 {
        let answer = send(&server, &next()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
    for _ in 0..60 {
        assert_eq!(send(&server, "a.b.c").await.status, 400);
    }
    assert_eq!(send(&server, "a.b.c").await.status, 503);
    assert_eq!(send(&server, &next()).await.status, 503);
    server.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(send(&server, &next()).await.status, 200);
}

#[tokio::test]
async fn logout_request_that_is_no_form_with_one_token_is_refused() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    let token = provider.logout_token(json!({}), json!({}));
    let form = "application/x-www-form-urlencoded";
    let twice = encode(&[("logout_token", &token), ("logout_token", &token)]);
    for (media_type, body) in [
        (
            "application/json",
            json!({"logout_token": token}).to_string(),
        ),
        (form, String::new()),
        (form, twice),
    ] {
        let headers = [("content-type", media_type)];
        let path = "/account/backchannel-logout";
        let answer = server.send(Method::POST, path, &headers, Some(body)).await;
        assert_eq!(answer.status, 400, "{}", answer.body);
    }
    // Nothing of it used the token up.
    assert_eq!(send(&server, &token).await.status, 200);
}

#[tokio::test]
async fn logout_waits_for_a_provider_whose_keys_cannot_be_had() {
    let provider = provider().await;
    let server = provider.server(SETTINGS).await;
    provider.script(|script| script.is_down = true);
    let token = provider.logout_token(json!({}), json!({}));
    let answer = send(&server, &token).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test]
async fn server_without_a_provider_has_no_logout() {
    let server = TestServer::start().await;
    assert_eq!(send(&server, "a.b.c").await.status, 404);
}
