//! An identity provider that does what a script says: right by default, and wrong in one way where a
//! test wants that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, Uri};
use runtime::codegen::Catalog;
use runtime::config::{Config, IdentitySettings};
use serde_json::{Map, Value, json};
use url::Url;

use crate::browser::{Browser, Landing, Page};
use crate::support::{CATALOG, ORIGIN, RESOURCE, TestClock, TestServer};

/// The id and secret of the server at the provider, with characters that have to be encoded.
pub(crate) const CLIENT_ID: &str = "our client";
pub(crate) const CLIENT_SECRET: &str = "secret:of+the&client";

static KEYS: LazyLock<[KeyPair; 3]> =
    LazyLock::new(|| [(); 3].map(|()| KeyPair::generate(KeySize::Rsa2048).unwrap()));
static CURVE: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());

/// How ID tokens are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Signature {
    /// By the key of this number.
    Key(usize),
    #[default]
    /// By the published key.
    Published,
    /// By another key than the one that the header names.
    Forged,
    /// By ES256.
    Curve,
    /// Not at all, as `alg: none`.
    Missing,
    /// By HS256 with the client secret.
    ClientSecret,
    /// By HS256 with the text of the public key.
    PublicKey,
}

/// What the provider does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// Claims that take the place of the usual ones; null leaves one out.
    pub(crate) claims: Map<String, Value>,
    pub(crate) signature: Signature,
    /// The number of the published key.
    pub(crate) published: usize,
    /// Members of the discovery document, as `claims`.
    pub(crate) discovery: Map<String, Value>,
    /// What the userinfo endpoint answers, where there is one.
    pub(crate) userinfo: Option<Value>,
    /// The header of ID tokens lists an extension that has to be understood.
    pub(crate) is_critical: bool,
    /// Every endpoint answers 503.
    pub(crate) is_down: bool,
    /// The discovery document and the keys answer 503.
    pub(crate) documents_are_away: bool,
    /// The error of the token endpoint.
    pub(crate) token_error: Option<&'static str>,
    /// Parameters of the authorization response, as `claims`.
    pub(crate) answer: Map<String, Value>,
    /// Sign-ins come with a refresh token.
    pub(crate) issues_refresh_tokens: bool,
    /// Each refresh replaces the refresh token, and the one before is of no use any more.
    pub(crate) rotates: bool,
    /// Refreshes come without an ID token.
    pub(crate) refreshes_without_id_token: bool,
    /// The person has left: no refresh token is good.
    pub(crate) has_left: bool,
    /// How long a refresh takes.
    pub(crate) refresh_takes: Duration,
    /// The error of refreshes.
    pub(crate) refresh_error: Option<&'static str>,
    /// Each access token has its person and a number, and is good for so many seconds.
    pub(crate) access_tokens_last: Option<u64>,
    /// The error of exchanges.
    pub(crate) exchange_error: Option<&'static str>,
    /// How long an exchange takes.
    pub(crate) exchange_takes: Duration,
    /// Members of the answer to an exchange, as `claims`.
    pub(crate) exchanged: Map<String, Value>,
}

/// What was asked at the authorization endpoint.
#[derive(Clone, Debug)]
struct Asked {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

struct Inner {
    issuer: String,
    clock: Arc<TestClock>,
    script: Mutex<Script>,
    codes: Mutex<BTreeMap<String, Asked>>,
    /// The refresh tokens that are good, and how many there were.
    refresh_tokens: Mutex<(BTreeSet<String>, usize)>,
    /// The person of each numbered access token, and how many tokens were issued in exchange.
    access_tokens: Mutex<(BTreeMap<String, String>, usize)>,
    /// The path of each request, and what it sent.
    requests: Mutex<Vec<(String, String)>>,
}

/// A running provider.
#[derive(Clone)]
pub(crate) struct IdentityProvider(Arc<Inner>);

/// Members, with null for those that are left out.
pub(crate) fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("no object: {other}"),
    }
}

fn change(target: &mut Map<String, Value>, changes: &Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => drop(target.remove(name)),
            value => drop(target.insert(name.clone(), value.clone())),
        }
    }
}

impl IdentityProvider {
    /// Starts a provider whose issuer identifier ends with `path`.
    pub(crate) async fn start_at(path: &str) -> IdentityProvider {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let provider = IdentityProvider(Arc::new(Inner {
            issuer: format!("{origin}{path}"),
            clock: Arc::default(),
            script: Mutex::default(),
            codes: Mutex::default(),
            refresh_tokens: Mutex::default(),
            access_tokens: Mutex::default(),
            requests: Mutex::default(),
        }));
        let below = path.trim_end_matches('/');
        let router = Router::new()
            .route(
                &format!("{below}/.well-known/openid-configuration"),
                get(discovery),
            )
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/exchange", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    pub(crate) async fn start() -> IdentityProvider {
        IdentityProvider::start_at("").await
    }

    /// The time of the provider and its servers.
    pub(crate) fn clock(&self) -> Arc<TestClock> {
        Arc::clone(&self.0.clock)
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// Has the provider do something else.
    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.script.lock().unwrap());
    }

    /// Has ID tokens name another person.
    pub(crate) fn person(&self, subject: &str, email: &str) {
        self.script(|script| {
            script.claims.insert("sub".to_owned(), subject.into());
            script.claims.insert("email".to_owned(), email.into());
        });
    }

    /// How many requests an endpoint had.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let requests = self.0.requests.lock().unwrap();
        requests.iter().filter(|(it, _)| it == path).count()
    }

    /// Everything that the server sent to the token endpoint.
    pub(crate) fn token_requests(&self) -> Vec<String> {
        let requests = self.0.requests.lock().unwrap();
        let requests = requests.iter().filter(|(path, _)| path == "/token");
        requests.map(|(_, sent)| sent.clone()).collect()
    }

    /// The settings of a server whose people sign in here, with further lines.
    pub(crate) fn settings(&self, more: &str) -> IdentitySettings {
        let text = format!(
            "issuer = \"{}\"\nclient_id = \"{CLIENT_ID}\"\nclient_secret = \"{CLIENT_SECRET}\"\n{more}",
            self.0.issuer
        );
        let config = Config::parse(
            &format!("[identity]\n{text}"),
            std::path::Path::new("connector.toml"),
        );
        config.unwrap().identity.unwrap()
    }

    /// A server whose people sign in here and have no passwords.
    pub(crate) async fn server(&self, more: &str) -> TestServer {
        self.server_with(more, |config| config.accounts.passwords = false)
            .await
    }

    pub(crate) async fn server_with(
        &self,
        more: &str,
        change: impl FnOnce(&mut Config),
    ) -> TestServer {
        self.server_of(&CATALOG, more, change).await
    }

    /// The same, of another catalogue.
    pub(crate) async fn server_of(
        &self,
        catalog: &'static Catalog,
        more: &str,
        change: impl FnOnce(&mut Config),
    ) -> TestServer {
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.identity = Some(self.settings(more));
        TestServer::of_at(catalog, config, change, Arc::clone(&self.0.clock)).await
    }

    /// What a person does at the provider: signs in, and is sent back. Returns where to.
    pub(crate) fn sign_in(&self, url: &Url) -> String {
        let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(query["response_type"], "code");
        assert_eq!(query["client_id"], CLIENT_ID);
        assert_eq!(query["code_challenge_method"], "S256");
        assert!(query["scope"].split(' ').any(|it| it == "openid"));
        let asked = Asked {
            nonce: query["nonce"].clone(),
            challenge: query["code_challenge"].clone(),
            redirect_uri: query["redirect_uri"].clone(),
        };
        let mut codes = self.0.codes.lock().unwrap();
        let code = format!("code-{}", codes.len());
        codes.insert(code.clone(), asked.clone());
        let mut answer = members(json!({
            "code": code,
            "state": query["state"],
            "iss": self.0.issuer,
        }));
        change(&mut answer, &self.0.script.lock().unwrap().answer);
        let mut back = Url::parse(&asked.redirect_uri).unwrap();
        for (name, value) in &answer {
            let value = value.as_str().unwrap();
            back.query_pairs_mut().append_pair(name, value);
        }
        back.into()
    }

    /// How many refreshes there were, whether they succeeded or not.
    pub(crate) fn refreshes(&self) -> usize {
        let requests = self.token_requests();
        let refreshes = requests.iter();
        refreshes
            .filter(|sent| sent.contains("grant_type=refresh_token"))
            .count()
    }

    /// Makes an access token, and the members of an answer that has it.
    fn new_access_token(&self, script: &Script) -> Value {
        let Some(lasts) = script.access_tokens_last else {
            return json!({"access_token": "access-token-of-the-provider", "token_type": "Bearer"});
        };
        let person = script.claims.get("sub").and_then(Value::as_str);
        let person = person.unwrap_or("person-1");
        let mut tokens = self.0.access_tokens.lock().unwrap();
        let number = tokens.0.len() + 1;
        let token = format!("access-token-of-{person}-{number}");
        tokens.0.insert(token.clone(), person.to_owned());
        json!({"access_token": token, "token_type": "Bearer", "expires_in": lasts})
    }

    /// Ends the access tokens that were issued so far.
    pub(crate) fn end_access_tokens(&self) {
        let mut tokens = self.0.access_tokens.lock().unwrap();
        for person in tokens.0.values_mut() {
            person.clear();
        }
    }

    /// What was sent to exchange tokens: the `Authorization` header field, and the form.
    pub(crate) fn exchanges(&self) -> Vec<(String, BTreeMap<String, String>)> {
        let requests = self.0.requests.lock().unwrap();
        let sent = requests.iter().filter_map(|(path, sent)| {
            let is_exchange = sent.contains("subject_token=") || sent.contains("assertion=");
            let (authorization, form) = sent.rsplit_once(' ')?;
            let form = url::form_urlencoded::parse(form.as_bytes()).into_owned();
            let at = format!("{path} {authorization}");
            is_exchange.then(|| (at, form.collect()))
        });
        sent.collect()
    }

    /// Makes a refresh token.
    fn new_refresh_token(&self) -> String {
        let mut tokens = self.0.refresh_tokens.lock().unwrap();
        tokens.1 += 1;
        let token = format!("refresh-token-of-the-provider-{}", tokens.1);
        tokens.0.insert(token.clone());
        token
    }

    /// Returns a logout token with changes to its header and its claims, as `claims` of a script.
    pub(crate) fn logout_token(&self, head: Value, claims: Value) -> String {
        let now = self.0.clock.millis() / 1000;
        let mut all = members(json!({
            "iss": self.0.issuer,
            "aud": CLIENT_ID,
            "sub": "person-1",
            "iat": now,
            "exp": now + 120,
            "jti": "logout-1",
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        }));
        change(&mut all, &members(claims));
        let mut typed = members(json!({"typ": "logout+jwt"}));
        change(&mut typed, &members(head));
        let script = self.0.script.lock().unwrap().clone();
        sign(&typed, &Value::Object(all), &script)
    }

    /// Returns an identity assertion (ID-JAG) about person-1 for a client, with changes to its header and
    /// its claims, as `claims` of a script.
    pub(crate) fn assertion(&self, client_id: &str, head: Value, claims: Value) -> String {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let now = self.0.clock.millis() / 1000;
        let mut all = members(json!({
            "iss": self.0.issuer,
            "sub": "person-1",
            "aud": ORIGIN,
            "client_id": client_id,
            "resource": RESOURCE,
            "scope": "mcp:read mcp:write",
            "jti": format!("assertion-{}", NEXT.fetch_add(1, Ordering::SeqCst)),
            "iat": now,
            "exp": now + 300,
        }));
        change(&mut all, &members(claims));
        let mut typed = members(json!({"typ": "oauth-id-jag+jwt"}));
        change(&mut typed, &members(head));
        let script = self.0.script.lock().unwrap().clone();
        sign(&typed, &Value::Object(all), &script)
    }

    fn id_token(&self, nonce: Option<&str>, script: &Script) -> String {
        let now = self.0.clock.millis() / 1000;
        let mut claims = members(json!({
            "iss": self.0.issuer,
            "aud": CLIENT_ID,
            "sub": "person-1",
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "name": "Ada",
            "email": "ada@example.com",
            "email_verified": true,
        }));
        claims.extend(nonce.map(|nonce| ("nonce".to_owned(), nonce.into())));
        change(&mut claims, &script.claims);
        sign(
            &members(json!({"typ": "JWT"})),
            &Value::Object(claims),
            script,
        )
    }
}

fn jwk(number: usize) -> Value {
    let public = KEYS[number].public_key();
    json!({
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": format!("key-{number}"),
        "n": URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero()),
        "e": URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero()),
    })
}

fn sign(typed: &Map<String, Value>, claims: &Value, script: &Script) -> String {
    let published = format!("key-{}", script.published);
    let (algorithm, id) = match script.signature {
        Signature::Published | Signature::Forged => ("RS256", published),
        Signature::Key(number) => ("RS256", format!("key-{number}")),
        Signature::Curve => ("ES256", "curve".to_owned()),
        Signature::Missing => ("none", published),
        Signature::ClientSecret | Signature::PublicKey => ("HS256", published),
    };
    let mut head = members(json!({"alg": algorithm, "kid": id}));
    head.extend(typed.clone());
    if script.is_critical {
        change(&mut head, &members(json!({"crit": ["b64"], "b64": true})));
    }
    let head = Value::Object(head).to_string();
    let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
    let signed = format!("{}.{}", encode(head), encode(claims.to_string()));
    let random = SystemRandom::new();
    let rsa = |number: usize| {
        let key = &KEYS[number];
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &random,
            signed.as_bytes(),
            &mut signature,
        )
        .unwrap();
        signature
    };
    let hmac = |secret: &[u8]| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
    };
    let signature = match script.signature {
        Signature::Published => rsa(script.published),
        Signature::Key(number) => rsa(number),
        Signature::Forged => rsa(2),
        Signature::Curve => CURVE
            .sign(&random, signed.as_bytes())
            .unwrap()
            .as_ref()
            .to_vec(),
        Signature::Missing => Vec::new(),
        Signature::ClientSecret => hmac(CLIENT_SECRET.as_bytes()),
        Signature::PublicKey => {
            let der = KEYS[script.published].public_key().as_der().unwrap();
            hmac(der.as_ref())
        }
    };
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

type Here = State<IdentityProvider>;

impl IdentityProvider {
    /// Notes a request; returns what the provider does, unless it is down.
    fn note(&self, path: &str, sent: String) -> Result<Script, StatusCode> {
        self.0
            .requests
            .lock()
            .unwrap()
            .push((path.to_owned(), sent));
        let script = self.0.script.lock().unwrap().clone();
        match script.is_down {
            true => Err(StatusCode::SERVICE_UNAVAILABLE),
            false => Ok(script),
        }
    }

    /// Notes a request for a document.
    fn document(&self, path: &str) -> Result<Script, StatusCode> {
        match self.note(path, String::new())? {
            script if script.documents_are_away => Err(StatusCode::SERVICE_UNAVAILABLE),
            script => Ok(script),
        }
    }
}

async fn discovery(State(provider): Here) -> Result<Json<Value>, StatusCode> {
    let script = provider.document("/discovery")?;
    let origin = Url::parse(provider.issuer()).unwrap().origin();
    let origin = origin.ascii_serialization();
    let mut document = members(json!({
        "issuer": provider.issuer(),
        "authorization_endpoint": format!("{origin}/authorize?p=1"),
        "token_endpoint": format!("{origin}/token"),
        "jwks_uri": format!("{origin}/keys"),
        "authorization_response_iss_parameter_supported": true,
    }));
    if script.userinfo.is_some() {
        let endpoint = format!("{origin}/userinfo");
        document.insert("userinfo_endpoint".to_owned(), endpoint.into());
    }
    change(&mut document, &script.discovery);
    Ok(Json(Value::Object(document)))
}

async fn keys(State(provider): Here) -> Result<Json<Value>, StatusCode> {
    let script = provider.document("/keys")?;
    let point = CURVE.public_key().as_ref();
    let curve = json!({
        "kty": "EC",
        "crv": "P-256",
        "kid": "curve",
        "x": URL_SAFE_NO_PAD.encode(&point[1..33]),
        "y": URL_SAFE_NO_PAD.encode(&point[33..]),
    });
    // What a relying party does not know does not disturb it.
    let unknown = json!({"kty": "AKP", "kid": "unknown", "alg": "ML-DSA-44"});
    Ok(Json(
        json!({"keys": [unknown, jwk(script.published), curve]}),
    ))
}

async fn token(State(provider): Here, uri: Uri, headers: HeaderMap, body: String) -> Response {
    let authorization = headers.get("authorization").map(|it| it.to_str().unwrap());
    let sent = format!("{} {body}", authorization.unwrap_or("-"));
    let script = match provider.note(uri.path(), sent) {
        Ok(script) => script,
        Err(down) => return down.into_response(),
    };
    let refuse =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if let Some(error) = script.token_error {
        return refuse(error);
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let pair = STANDARD.encode("our+client:secret%3Aof%2Bthe%26client");
    let by_form = form
        .get("client_secret")
        .is_some_and(|it| it == CLIENT_SECRET);
    let is_other =
        uri.path() == "/exchange" && authorization == Some("Basic Y2xpZW50LTI6c2VjcmV0LTI=");
    if authorization != Some(format!("Basic {pair}").as_str()) && !by_form && !is_other {
        return refuse("invalid_client");
    }
    if let Some(subject) = form.get("subject_token").or_else(|| form.get("assertion")) {
        return exchange(&provider, &script, subject).await;
    }
    if form
        .get("grant_type")
        .is_some_and(|it| it == "refresh_token")
    {
        return refresh(&provider, &script, &form["refresh_token"]).await;
    }
    let code = form.get("code").cloned().unwrap_or_default();
    let Some(asked) = provider.0.codes.lock().unwrap().remove(&code) else {
        return refuse("invalid_grant");
    };
    let verifier = form.get("code_verifier").cloned().unwrap_or_default();
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
    if challenge != asked.challenge || form.get("redirect_uri") != Some(&asked.redirect_uri) {
        return refuse("invalid_grant");
    }
    let mut answer = provider.new_access_token(&script);
    answer["id_token"] = provider.id_token(Some(&asked.nonce), &script).into();
    if script.issues_refresh_tokens {
        answer["refresh_token"] = provider.new_refresh_token().into();
    }
    Json(answer).into_response()
}

/// Answers a refresh (OpenID Connect Core §12).
async fn refresh(provider: &IdentityProvider, script: &Script, token: &str) -> Response {
    tokio::time::sleep(script.refresh_takes).await;
    if let Some(error) = script.refresh_error {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    }
    let is_good = match script.rotates {
        true => provider.0.refresh_tokens.lock().unwrap().0.remove(token),
        false => provider.0.refresh_tokens.lock().unwrap().0.contains(token),
    };
    if script.has_left || !is_good {
        let error = json!({"error": "invalid_grant"});
        return (StatusCode::BAD_REQUEST, Json(error)).into_response();
    }
    let mut answer = provider.new_access_token(script);
    if !script.refreshes_without_id_token {
        answer["id_token"] = provider.id_token(None, script).into();
    }
    if script.rotates {
        answer["refresh_token"] = provider.new_refresh_token().into();
    }
    Json(answer).into_response()
}

/// Exchanges an access token, or an ID token, for a token of an API.
async fn exchange(provider: &IdentityProvider, script: &Script, subject: &str) -> Response {
    tokio::time::sleep(script.exchange_takes).await;
    let refuse =
        |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
    if let Some(error) = script.exchange_error {
        return refuse(error);
    }
    let mut tokens = provider.0.access_tokens.lock().unwrap();
    let person = match subject.split('.').count() {
        3 => "id-token".to_owned(),
        _ => tokens.0.get(subject).cloned().unwrap_or_default(),
    };
    if person.is_empty() {
        return refuse("invalid_grant");
    }
    tokens.1 += 1;
    let mut answer = members(json!({
        "access_token": format!("exchanged-for-{person}-{}", tokens.1),
        "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "token_type": "Bearer",
        "expires_in": 300,
    }));
    change(&mut answer, &script.exchanged);
    Json(answer).into_response()
}

async fn userinfo(State(provider): Here, headers: HeaderMap) -> Response {
    let authorization = headers.get("authorization").map(|it| it.to_str().unwrap());
    let authorization = authorization.unwrap_or_default().to_owned();
    match provider.note("/userinfo", authorization.clone()) {
        Err(down) => down.into_response(),
        Ok(_) if authorization != "Bearer access-token-of-the-provider" => {
            StatusCode::UNAUTHORIZED.into_response()
        }
        Ok(script) => match script.userinfo {
            Some(claims) => Json(claims).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

/// Presses the button of a page that leads to the provider. Returns the page that the browser goes on
/// from.
pub(crate) async fn press(browser: &mut Browser<'_>, page: &Page) -> Page {
    let mut forms = page.forms().into_iter();
    let form = forms.find(|form| {
        let path = form.action.split('?').next().unwrap();
        path.ends_with("/provider") || path == "/account/confirm"
    });
    let form = form.unwrap_or_else(|| panic!("no way to the provider: {}", page.body));
    browser.submit(&form).await.page()
}

/// Where a page sends the browser by itself.
pub(crate) fn onward(page: &Page) -> Url {
    let refresh = page.response.header("refresh");
    let url = refresh.strip_prefix("0;url=");
    let url = url.unwrap_or_else(|| panic!("{}: {}", page.status, page.text()));
    Url::parse(url).unwrap()
}

/// Goes to the provider from a page, signs in there, and comes back.
pub(crate) async fn sign_in(
    provider: &IdentityProvider,
    browser: &mut Browser<'_>,
    page: &Page,
) -> Landing {
    let page = press(browser, page).await;
    let back = provider.sign_in(&onward(&page));
    browser.open(&back).await
}

/// Signs in on the way to the portal.
pub(crate) async fn to_portal(provider: &IdentityProvider, browser: &mut Browser<'_>) -> Page {
    let page = browser.open("/account/sign-in").await.page();
    sign_in(provider, browser, &page).await.page()
}

/// Lets time pass until the provider's keys may be fetched again.
pub(crate) fn wait(server: &TestServer) {
    server.clock.advance(Duration::from_secs(31));
}
