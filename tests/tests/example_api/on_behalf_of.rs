//! A connector calls on behalf of others, with statements that it signs.

use axum::{Json, Router, routing::get};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::{Value, json};
use tests::example_api::Connector;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::service::{Answer, Service, with_json};

const ISSUER: &str = "https://connector.example";
const AUDIENCE: &str = "https://api.example";

/// A connector that the service believes.
struct Speaker {
    service: Service,
    key: Ed25519KeyPair,
}

impl Speaker {
    async fn start() -> Speaker {
        let key = Ed25519KeyPair::generate().unwrap();
        let public = BASE64_URL_SAFE_NO_PAD.encode(key.public_key());
        let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": public}]});
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let jwks_uri = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().route("/", get(move || async { Json(set) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let service = Service::start().await;
        service.running.trust(Connector {
            issuer: ISSUER.to_owned(),
            audience: AUDIENCE.to_owned(),
            jwks_uri,
        });
        Speaker { service, key }
    }

    fn claims(&self, id: &str, access: &str) -> Value {
        // 2026-11-20T11:00:00Z, the time of the service's clock.
        let now = 1_795_172_400;
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 60, "jti": id,
            "sub": "usr_1", "grant": "key_1", "workspace": "wsp_harbor", "access": access,
        })
    }

    fn sign(&self, head: &Value, claims: &Value) -> String {
        let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(head), encode(claims));
        let signature = self.key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn statement(&self, claims: &Value) -> String {
        self.sign(&json!({"alg": "EdDSA", "typ": "JWT", "kid": "k"}), claims)
    }

    async fn send(&self, method: Method, path: &str, statement: &str) -> Answer {
        let request = self.service.bare(method.clone(), path);
        let request = request.bearer_auth(&self.service.running.connector_key);
        let request = request.header("X-On-Behalf-Of", statement);
        Answer::of(match method {
            Method::POST => with_json(request, &json!({"name": "Winter blend"})),
            _ => request,
        })
        .await
    }

    async fn get(&self, path: &str, statement: &str) -> u16 {
        self.send(Method::GET, path, statement).await.status
    }
}

#[tokio::test]
async fn a_statement_opens_one_workspace_once() {
    let speaker = Speaker::start().await;
    let first = speaker.statement(&speaker.claims("1", "read"));
    let answer = speaker.send(Method::GET, "/workspaces", &first).await;
    assert_eq!(answer.ids(), ["wsp_harbor"]);
    assert_eq!(speaker.get("/workspaces", &first).await, 401, "a replay");
    let second = speaker.statement(&speaker.claims("2", "write"));
    let other = speaker
        .get("/workspaces/wsp_juniper/credits", &second)
        .await;
    assert_eq!(other, 404, "another workspace than the statement's");
}

#[tokio::test]
async fn a_statement_to_read_does_not_write() {
    let speaker = Speaker::start().await;
    let read = speaker.statement(&speaker.claims("1", "read"));
    assert_eq!(
        speaker.send(Method::POST, "/bundles", &read).await.status,
        403
    );
    let write = speaker.statement(&speaker.claims("2", "write"));
    assert_eq!(
        speaker.send(Method::POST, "/bundles", &write).await.status,
        201
    );
}

#[tokio::test]
async fn a_statement_that_is_not_the_connectors_for_us_and_now_is_refused() {
    let speaker = Speaker::start().await;
    let good = speaker.claims("1", "write");
    for (claim, wrong) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("https://other.example")),
        ("exp", json!(1_795_172_400)),
        ("iat", json!(1_795_172_400 + 6)),
        ("access", json!("everything")),
        ("workspace", Value::Null),
        ("jti", Value::Null),
        ("iss", Value::Null),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("iat", Value::Null),
        ("access", Value::Null),
    ] {
        let mut claims = good.clone();
        claims[claim] = wrong;
        let statement = speaker.statement(&claims);
        assert_eq!(speaker.get("/workspaces", &statement).await, 401, "{claim}");
    }
    for head in [
        json!({"alg": "none", "typ": "JWT", "kid": "k"}),
        json!({"alg": "HS256", "typ": "JWT", "kid": "k"}),
        json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "k"}),
        json!({"alg": "EdDSA", "typ": "JWT", "kid": "other"}),
    ] {
        let statement = speaker.sign(&head, &good);
        assert_eq!(speaker.get("/workspaces", &statement).await, 401, "{head}");
    }
    let statement = speaker.statement(&good);
    let (signed, _) = statement.rsplit_once('.').unwrap();
    for changed in [
        signed.to_owned(),
        format!("{signed}."),
        format!("{statement}A"),
    ] {
        assert_eq!(speaker.get("/workspaces", &changed).await, 401, "{changed}");
    }
    let mut nowhere = good.clone();
    nowhere["workspace"] = json!("wsp_nowhere");
    nowhere["jti"] = json!("2");
    assert_eq!(
        speaker
            .get("/workspaces", &speaker.statement(&nowhere))
            .await,
        403
    );
    assert_eq!(speaker.get("/workspaces", &statement).await, 200);
}

#[tokio::test]
async fn a_statement_ends_by_itself() {
    let speaker = Speaker::start().await;
    let statement = speaker.statement(&speaker.claims("1", "read"));
    speaker.service.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(speaker.get("/workspaces", &statement).await, 401);
}

#[tokio::test]
async fn key_and_statement_go_together() {
    let speaker = Speaker::start().await;
    let statement = speaker.statement(&speaker.claims("1", "write"));
    let service = &speaker.service;
    let key = &service.running.connector_key;
    let alone = service.bare(Method::GET, "/workspaces").bearer_auth(key);
    assert_eq!(Answer::of(alone).await.status, 401);
    let other = service.request(Method::GET, "/workspaces");
    let other = other.header("X-On-Behalf-Of", &statement);
    assert_eq!(Answer::of(other).await.status, 401);
    let bare = service.bare(Method::GET, "/workspaces");
    let bare = bare.header("X-On-Behalf-Of", &statement);
    assert_eq!(Answer::of(bare).await.status, 401);
}
