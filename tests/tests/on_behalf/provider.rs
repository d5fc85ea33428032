//! An identity provider that signs people in, and exchanges the tokens of their sign-ins for keys of the API.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::{Value, json};
use tests::harness::browser::Browser;
use url::Url;

/// The id and the secret of the server at the provider.
const CLIENT: (&str, &str) = ("connector", "secret-of-the-connector");

struct Inner {
    issuer: String,
    key: Ed25519KeyPair,
    /// The person and the nonce of each sign-in that is under way, by its code.
    codes: Mutex<BTreeMap<String, (String, String)>>,
    /// The person of each access token.
    tokens: Mutex<BTreeMap<String, String>>,
    /// What is issued in exchange for the token of a person.
    keys: Mutex<BTreeMap<String, String>>,
    is_away: AtomicBool,
}

/// A running provider.
#[derive(Clone)]
pub(crate) struct Provider(Arc<Inner>);

impl Provider {
    pub(crate) async fn start() -> Provider {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let provider = Provider(Arc::new(Inner {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            key: Ed25519KeyPair::generate().unwrap(),
            codes: Mutex::default(),
            tokens: Mutex::default(),
            keys: Mutex::default(),
            is_away: AtomicBool::default(),
        }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// What a server is configured with whose people sign in here.
    pub(crate) fn settings(&self) -> String {
        let (id, secret) = CLIENT;
        format!(
            r#"
            [identity]
            issuer = "{}"
            client_id = "{id}"
            client_secret = "{secret}"
            sealing_keys = [{{ id = "1", key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }}]
            "#,
            self.0.issuer
        )
    }

    /// Has the token of a person be exchanged for this one.
    pub(crate) fn issue(&self, person: &str, key: &str) {
        let mut keys = self.0.keys.lock().unwrap();
        keys.insert(person.to_owned(), key.to_owned());
    }

    /// Has the token endpoint answer 503, or as it should.
    pub(crate) fn away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::SeqCst);
    }

    /// Signs a person in on the way to the portal.
    pub(crate) async fn sign_in(&self, browser: &mut Browser, person: &str) {
        let page = browser
            .open("/account/sign-in")
            .await
            .unwrap()
            .page()
            .unwrap();
        let form = page.form_to("/account/provider").unwrap();
        let page = browser.submit(&form).await.unwrap().page().unwrap();
        let body = page.body.replace("&amp;", "&").replace("&#x2f;", "/");
        let at = body.find(&format!("{}/authorize", self.0.issuer)).unwrap();
        let url = body[at..].split('"').next().unwrap();
        let query: BTreeMap<_, _> = Url::parse(url)
            .unwrap()
            .query_pairs()
            .into_owned()
            .collect();
        let code = {
            let mut codes = self.0.codes.lock().unwrap();
            let code = format!("code-{}", codes.len());
            codes.insert(code.clone(), (person.to_owned(), query["nonce"].clone()));
            code
        };
        let mut back = Url::parse(&query["redirect_uri"]).unwrap();
        back.query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", &query["state"]);
        let landed = browser.open(back.as_str()).await.unwrap().page().unwrap();
        assert_eq!(landed.url.path(), "/portal/keys", "{}", landed.body);
    }

    fn id_token(&self, person: &str, nonce: &str) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        let claims = json!({
            "iss": self.0.issuer,
            "aud": CLIENT.0,
            "sub": person,
            "iat": now,
            "exp": now + 300,
            "nonce": nonce,
            "name": person,
            "email": format!("{person}@example.com"),
            "email_verified": true,
        });
        let encode = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let head = json!({"alg": "EdDSA", "kid": "1"});
        let signed = format!("{}.{}", encode(head), encode(claims));
        let signature = self.0.key.sign(signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// Makes an access token for a person.
    fn access_token(&self, person: &str) -> String {
        let mut tokens = self.0.tokens.lock().unwrap();
        let token = format!("access-token-{}-of-{person}", tokens.len());
        tokens.insert(token.clone(), person.to_owned());
        token
    }
}

type Here = State<Provider>;

async fn discovery(State(provider): Here) -> Json<Value> {
    let issuer = &provider.0.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    }))
}

async fn keys(State(provider): Here) -> Json<Value> {
    let x = BASE64_URL_SAFE_NO_PAD.encode(provider.0.key.public_key());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "1", "x": x});
    Json(json!({ "keys": [key] }))
}

async fn token(State(provider): Here, body: String) -> Response {
    if provider.0.is_away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let form = url::form_urlencoded::parse(body.as_bytes()).into_owned();
    let form: BTreeMap<String, String> = form.collect();
    let refuse =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if (form["client_id"].as_str(), form["client_secret"].as_str()) != CLIENT {
        return refuse("invalid_client");
    }
    if let Some(subject) = form.get("subject_token") {
        let person = provider.0.tokens.lock().unwrap().get(subject).cloned();
        let keys = provider.0.keys.lock().unwrap();
        let key = person.and_then(|person| keys.get(&person).cloned());
        return match key {
            Some(key) => Json(json!({
                "access_token": key,
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 300,
            }))
            .into_response(),
            None => refuse("invalid_grant"),
        };
    }
    let code = form.get("code").cloned().unwrap_or_default();
    let Some((person, nonce)) = provider.0.codes.lock().unwrap().get(&code).cloned() else {
        return refuse("invalid_grant");
    };
    let answer = json!({
        "access_token": provider.access_token(&person),
        "token_type": "Bearer",
        "expires_in": 600,
        "id_token": provider.id_token(&person, &nonce),
    });
    Json(answer).into_response()
}
