//! Faults of the identity provider, and of what it knows of this server.

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use http::header::LOCATION;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::deployment::{Deployment, Findings, assert_fault};

/// A provider.
#[derive(Clone)]
struct Provider {
    issuer: String,
    /// The callback URL that is registered.
    callback: String,
    /// Whether its keys can be fetched.
    has_keys: bool,
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
    }))
}

async fn keys(State(provider): State<Provider>) -> Response {
    let key = json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": "u1SU1LfVLPHCozMxH2Mo", "e": "AQAB"});
    match provider.has_keys {
        true => Json(json!({"keys": [key]})).into_response(),
        false => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn authorize(
    State(provider): State<Provider>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Response {
    match query.get("redirect_uri") == Some(&provider.callback) {
        true => {
            let to = format!("{}?error=login_required&state=doctor", provider.callback);
            (StatusCode::FOUND, [(LOCATION, to)]).into_response()
        }
        false => (StatusCode::BAD_REQUEST, "Error: redirect_uri_mismatch").into_response(),
    }
}

/// Examines a server whose people sign in at a provider that knows this callback.
async fn examine(name: &str, callback: &str, has_keys: bool) -> Findings {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let mut deployment = Deployment::new(name).await;
    let provider = Provider {
        issuer: issuer.clone(),
        callback: format!("{}{callback}", deployment.public_url),
        has_keys,
    };
    let router = Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/keys", get(keys))
        .route("/authorize", get(authorize))
        .with_state(provider);
    tokio::spawn(async move { axum::serve(listener, router).await });
    let identity = format!(
        "[identity]\nissuer = \"{issuer}\"\nclient_id = \"ours\"\nclient_secret = \"of ours\"\n"
    );
    deployment.tables.push_str(&identity);
    let server = deployment.start().await;
    let findings = deployment.examine().await;
    server.shutdown().await;
    findings
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_that_the_provider_knows_is_sound() {
    let findings = examine("callback", "/account/callback", true).await;
    assert_eq!(findings["callback"]["verdict"], "ok", "{findings:#?}");
    assert_eq!(findings["identity provider"]["verdict"], "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn callback_that_the_provider_does_not_know_is_named_as_it_has_to_be() {
    let findings = examine("no_callback", "/callback", true).await;
    assert_fault(
        &findings,
        "callback",
        "/account/callback",
        "register exactly http://127.0.0.1:",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn provider_without_keys_is_named() {
    let findings = examine("keys", "/account/callback", false).await;
    assert_fault(&findings, "identity provider", "/keys", "identity.issuer");
}
