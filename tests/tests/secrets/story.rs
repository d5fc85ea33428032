//! The story, reported once for each way in which the API learns of the person.

use std::path::{Path, PathBuf};

use http::StatusCode;
use runtime::app::{self, Environment, Server};
use runtime::config::Config;
use serde_json::{Value, json};
use tests::example_api::{self, Connector, Options, Running};
use tests::harness::browser::{Browser, Form, Landing, Page};
use tests::harness::example::WORKSPACE;
use tests::harness::oauth::{OAuthClient, Tokens};
use tests::harness::relay::Relay;

use crate::keeper::{Keeper, Log, dump};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a p@ssword & more, of Ada";
const WRONG_PASSWORD: &str = "not Ada's password at all";
const OPERATOR_KEY: &str = "mq_operator_of-this-suite-and-no-other";
const ARGUMENT: &str = "sk-live-51-an-argument-body";
const AUDIENCE: &str = "https://marquee.example/";
const CALLBACK: &str = "https://client.example/callback";

/// A key of the API for each connection.
const MINT: &str = r#"
[upstream.mint]
scheme = "api_key"
credentials = { operator_key = "mq_operator_of-this-suite-and-no-other" }
sealing_keys = [{ id = "1", key = "c2VhbGVkIHdpdGggdGhpcyBrZXkgb2YgMzIgYnl0ZXM=" }]
[upstream.mint.create]
request = "POST /api-keys"
body = { workspace_id = "{workspace}", name = "{name} {grant}", level = "{level}" }
levels = { read_only = "read", full = "full" }
id = "/id"
secret = "/secret"
[upstream.mint.revoke]
request = "DELETE /api-keys/{id}"
[upstream.mint.find]
request = "GET /api-keys?workspace_id={workspace}&limit=100&cursor={cursor}"
items = "/data"
id = "/id"
grant = "/name"
next = "/next_cursor"
"#;

struct Story {
    keeper: Keeper,
    database: PathBuf,
    api: Option<Running>,
    relay: Relay,
    server: Server,
    browser: Browser,
    client: OAuthClient,
    http: reqwest::Client,
}

impl Story {
    async fn begin(name: &str, configure: impl FnOnce(&Path, &Running) -> String) -> Story {
        let mut keeper = Keeper::default();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let options = Options {
            operator_key: Some(OPERATOR_KEY.to_owned()),
            ..Options::default()
        };
        let api = example_api::start(options).await.unwrap();
        let relay = Relay::before(&api.url.parse().unwrap()).await.unwrap();
        let database = directory.join("connector.db");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nauth = \"oauth\"\n[store]\npath = {}\n\
             [upstream]\nurl = \"{}\"\nworkspace = \"{WORKSPACE}\"\n{}",
            json!(database),
            relay.url(),
            configure(&directory, &api),
        );
        let config = Config::parse(&text, Path::new("connector.toml")).unwrap();
        let server = app::start(&generated::CATALOG, config, Environment::default());
        let server = server.await.unwrap();
        let issuer = server.url().origin().ascii_serialization();
        api.trust(Connector {
            jwks_uri: format!("{issuer}/oauth/jwks"),
            audience: AUDIENCE.to_owned(),
            issuer,
        });
        let browser = Browser::new(server.url()).unwrap();
        let client = OAuthClient::register(server.url(), CALLBACK).await.unwrap();
        keeper.met("a verifier", &client.verifier);
        keeper.met("a password", PASSWORD);
        keeper.met("a wrong password", WRONG_PASSWORD);
        keeper.met("an operator's key", OPERATOR_KEY);
        keeper.met("an argument", ARGUMENT);
        Story {
            keeper,
            database,
            api: Some(api),
            relay,
            server,
            browser,
            client,
            http: reqwest::Client::new(),
        }
    }

    /// A page: what it set in the browser is remembered, and where it is an error, all it says that
    /// is not in its own forms.
    fn look(&mut self, page: &Page) {
        for value in self.browser.cookies() {
            self.keeper.met("a cookie", value);
        }
        let mut said = page.body.clone();
        for (name, value) in page.forms().iter().flat_map(|form| &form.fields) {
            if name == "csrf_token" {
                self.keeper.met("a CSRF token", value);
                said = said.replace(value.as_str(), "");
            }
        }
        if page.status >= 400 {
            self.keeper.refused(&said);
        }
    }

    async fn open(&mut self, address: &str) -> Page {
        let page = self.browser.open(address).await.unwrap().page().unwrap();
        self.look(&page);
        page
    }

    async fn submit(&mut self, form: &Form) -> Landing {
        let landing = self.browser.submit(form).await.unwrap();
        if let Landing::Page(page) = &landing {
            self.look(page);
        }
        landing
    }

    /// The first account, through the printed link; mistakes first.
    async fn sign_up(&mut self) {
        let link = self.server.setup_link().unwrap().to_owned();
        let token = link.rsplit('/').next().unwrap().to_owned();
        self.keeper.met("a one-time link", &token);
        let page = self.open(&link).await;
        let form = page.form_with("password").unwrap();
        let form = form.with("name", "Ada").with("workspace", "Harbor");
        let mistaken = form.clone().with("email", PASSWORD);
        self.submit(&mistaken.with("password", "short")).await;
        let form = form.with("email", EMAIL).with("password", PASSWORD);
        self.submit(&form).await.page().unwrap();
        self.open(&link).await;
        self.open(&format!("/account/welcome/{token}/more")).await;
        self.open(&format!("/{token}")).await;
        self.invite().await;
    }

    async fn invite(&mut self) {
        let page = self.open("/portal/workspaces").await;
        let (_, rest) = page
            .body
            .split_once("/portal/workspaces/")
            .unwrap_or_else(|| {
                let escaped = "&#x2f;portal&#x2f;workspaces&#x2f;";
                page.body.split_once(escaped).unwrap()
            });
        let id = rest.split(['"', '&']).next().unwrap();
        let members = self.open(&format!("/portal/workspaces/{id}")).await;
        let form = members.form_to(&format!("/portal/workspaces/{id}/invite"));
        let form = form.unwrap().with("role", "member");
        let page = self.submit(&form).await.page().unwrap();
        let text = page.body.replace("&#x2f;", "/");
        let (_, link) = text.split_once("/account/join/").unwrap();
        let token = link.split(['"', '<', ' ']).next().unwrap();
        self.keeper.met("an invitation", token);
        let mut stranger = Browser::new(self.server.url()).unwrap();
        let address = format!("/account/join/{token}");
        let page = stranger.open(&address).await.unwrap().page().unwrap();
        assert_eq!(page.status, 200);
        self.open(&format!("{address}x")).await;
    }

    /// Another browser: sign-ins that fail, and one that does not, on the way to a consent.
    async fn code(&mut self) -> String {
        self.browser = Browser::new(self.server.url()).unwrap();
        let request = self.client.authorization_request().unwrap();
        let page = self.open(request.as_str()).await;
        let form = page.form_with("password").unwrap();
        let swapped = form.clone().with("email", PASSWORD);
        self.submit(&swapped.with("password", EMAIL)).await;
        let wrong = form.clone().with("email", EMAIL);
        let landing = self.submit(&wrong.with("password", WRONG_PASSWORD)).await;
        let page = landing.page().unwrap();
        let form = page.form_with("password").unwrap();
        let form = form.with("email", EMAIL).with("password", PASSWORD);
        let consent = self.submit(&form).await.page().unwrap();
        let handle = consent.url.path().rsplit('/').next().unwrap();
        self.keeper.met("the handle of a consent", handle);
        let form = consent.form_with("level").unwrap().with("level", "full");
        let forged = form.clone().with("csrf_token", PASSWORD);
        self.submit(&forged.with("decision", "approve")).await;
        let landing = self.submit(&form.with("decision", "approve")).await;
        let response = landing.away().unwrap();
        let mut pairs = response.query_pairs();
        let (_, code) = pairs.find(|(name, _)| name == "code").unwrap();
        self.keeper.met("a code", &code);
        code.into_owned()
    }

    /// A form to an endpoint for programs, which is refused.
    async fn refused(&mut self, path: &str, form: &[(&str, &str)]) {
        let (status, body) = self.client.post(path, form).await.unwrap();
        assert!(status.is_client_error(), "{path} {form:?}: {status} {body}");
        self.keeper.refused(&body);
    }

    fn keep(&mut self, tokens: &Tokens) {
        self.keeper.met("an access token", &tokens.access);
        self.keeper.met("a refresh token", &tokens.refresh);
    }

    /// Everything that can be sent in a place that is not its own.
    async fn secrets_in_wrong_places(&mut self, code: &str, tokens: &Tokens) {
        let (id, verifier) = (self.client.id.clone(), self.client.verifier.clone());
        for secret in [code, &verifier, &tokens.access, &tokens.refresh, PASSWORD] {
            for path in ["/oauth/token", "/oauth/revoke"] {
                let whole = [("grant_type", "refresh_token"), ("client_id", &*id)];
                for (name, _) in whole {
                    let mut form = whole.to_vec();
                    form.retain(|(it, _)| *it != name);
                    form.push((name, secret));
                    self.refused(path, &form).await;
                }
            }
            let misplaced: [&[_]; 4] = [
                &[
                    ("grant_type", "authorization_code"),
                    ("redirect_uri", secret),
                ],
                &[
                    ("grant_type", "authorization_code"),
                    ("code_verifier", secret),
                ],
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", "none"),
                    ("scope", secret),
                ],
                &[
                    ("grant_type", "refresh_token"),
                    ("resource", secret),
                    (secret, secret),
                ],
            ];
            for form in misplaced {
                let mut form = form.to_vec();
                form.push(("client_id", &id));
                form.push(("code", "none"));
                self.refused("/oauth/token", &form).await;
            }
            for name in ["client_id", "redirect_uri"] {
                let mut request = self.client.authorization_request().unwrap();
                let pairs: Vec<_> = request.query_pairs().into_owned().collect();
                let mut query = request.query_pairs_mut();
                query.clear();
                for (it, value) in &pairs {
                    query.append_pair(it, if it == name { secret } else { value });
                }
                drop(query);
                self.open(request.as_str()).await;
            }
            let resource = self.server.url().clone();
            self.get(
                &format!("{resource}?access_token={}", encoded(secret)),
                None,
            )
            .await;
            self.get(&format!("{resource}/{}", encoded(secret)), None)
                .await;
            let token = resource.join("/oauth/token").unwrap();
            self.get(&format!("{token}?code={}", encoded(secret)), None)
                .await;
            for authorization in ["Basic ", "Bearer x", "", "Bearer  x "] {
                let authorization = format!("{authorization}{secret}");
                self.get(resource.as_str(), Some(&authorization)).await;
                self.send(&authorization, json!({"jsonrpc": "2.0", "method": secret}))
                    .await;
            }
        }
    }

    async fn get(&mut self, url: &str, authorization: Option<&str>) {
        let mut request = self.http.get(url);
        request = request.header("Authorization", authorization.unwrap_or_default());
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_client_error(), "{}", answer.status());
        let body = answer.text().await.unwrap();
        self.keeper.refused(&body);
    }

    async fn send(&mut self, authorization: &str, message: Value) -> (StatusCode, String) {
        let request = self.http.post(self.server.url().clone());
        let request = request
            .header("Authorization", authorization)
            .header("Accept", "application/json, text/event-stream")
            .header("Content-Type", "application/json")
            .body(message.to_string());
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        if !status.is_success() {
            self.keeper.refused(&body);
        }
        (status, body)
    }

    async fn call(&mut self, token: &str, name: &str, arguments: Value) -> String {
        let params = json!({"name": name, "arguments": arguments});
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params});
        let (_, body) = self.send(&format!("Bearer {token}"), message).await;
        body
    }

    /// Calls with arguments that look like secrets: some are right, most are not.
    async fn calls(&mut self, token: &str) {
        let done = self
            .call(token, "update_workspace", json!({"name": ARGUMENT}))
            .await;
        assert!(done.contains(ARGUMENT), "{done}");
        for (tool, arguments) in [
            ("update_workspace", json!({"name": {ARGUMENT: ARGUMENT}})),
            ("update_workspace", json!({ARGUMENT: ARGUMENT})),
            (
                "update_workspace",
                json!({"name": "Harbor", "timezone": ARGUMENT}),
            ),
            (
                "create_webhook",
                json!({"url": ARGUMENT, "events": [ARGUMENT]}),
            ),
            ("get_account", json!({"account_id": ARGUMENT})),
            (
                "list_accounts",
                json!({"limit": ARGUMENT, "cursor": ARGUMENT}),
            ),
            (ARGUMENT, json!({})),
            ("upload_media", json!({"file": {"base64": ARGUMENT}})),
        ] {
            self.call(token, tool, arguments).await;
        }
        for request in self.relay.take() {
            for (name, what) in [
                ("authorization", "what the API is called with"),
                ("x-operator-key", "what the API is called with"),
                ("x-on-behalf-of", "a statement of whom a call is for"),
            ] {
                let value = request
                    .headers
                    .get(name)
                    .and_then(|value| value.to_str().ok());
                if let Some(value) = value {
                    let secret = value.strip_prefix("Bearer ").unwrap_or(value);
                    assert_ne!(secret, token, "the token went on to the API");
                    self.keeper.met(what, secret);
                }
            }
        }
    }

    async fn live(&mut self) {
        self.sign_up().await;
        let code = self.code().await;
        let redemption = self.client.redemption(&code);
        let tokens = self.client.tokens(&redemption).await.unwrap();
        self.keep(&tokens);
        self.calls(&tokens.access).await;
        self.secrets_in_wrong_places(&code, &tokens).await;

        // A refresh, a second use within the overlap, and one of the token after it.
        let id = self.client.id.clone();
        let refresh = |token: &str| {
            [
                ("grant_type", "refresh_token".to_owned()),
                ("client_id", id.clone()),
                ("refresh_token", token.to_owned()),
            ]
        };
        let mut last = tokens.clone();
        for _ in 0..2 {
            let form = refresh(&last.refresh);
            let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
            last = self.client.tokens(&form).await.unwrap();
            self.keep(&last);
        }
        // By now the first one is out of its overlap, and its use ends the key.
        let form = refresh(&tokens.refresh);
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.refused("/oauth/token", &form).await;
        self.call(&last.access, "get_workspace", json!({})).await;

        // Another one, revoked by its client, and another one, revoked by its person.
        for by_client in [true, false] {
            let code = self.code().await;
            let redemption = self.client.redemption(&code);
            let tokens = self.client.tokens(&redemption).await.unwrap();
            self.keep(&tokens);
            if by_client {
                let form = [("token", &*tokens.access), ("client_id", &*id)];
                let (status, _) = self.client.post("/oauth/revoke", &form).await.unwrap();
                assert_eq!(status, StatusCode::OK);
            } else {
                let keys = self.open("/portal/keys").await;
                let form = keys.form_to("/portal/keys/revoke-all").unwrap();
                self.submit(&form).await.page().unwrap();
            }
            self.call(&tokens.access, "get_workspace", json!({})).await;
        }
    }

    /// The API goes away, and then the story is over.
    async fn end(mut self, log: &Log) -> (Keeper, Vec<String>) {
        let code = self.code().await;
        let redemption = self.client.redemption(&code);
        let tokens = self.client.tokens(&redemption).await.unwrap();
        self.keep(&tokens);
        self.api.take().unwrap().shutdown().await.unwrap();
        let arguments = json!({"name": ARGUMENT});
        let body = self.call(&tokens.access, "update_workspace", arguments);
        let body = body.await;
        assert!(body.contains("\"isError\":true"), "{body}");
        self.keeper.refused(&body);

        let mut found = self.keeper.in_errors();
        for (place, bytes) in dump(&self.database).await {
            found.extend(self.keeper.found(&place, &bytes));
        }
        self.server.shutdown().await;
        for (place, bytes) in log.so_far() {
            assert!(bytes.len() > 10_000, "{place}: {}", bytes.len());
            found.extend(self.keeper.found(place, &bytes));
        }
        (self.keeper, found)
    }
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

async fn nothing_is_left(mut story: Story, log: &Log, also: &'static str) {
    story.live().await;
    let (keeper, found) = story.end(log).await;
    for what in [
        "an access token",
        "a refresh token",
        "a code",
        "a verifier",
        "a password",
        "a cookie",
        "a CSRF token",
        "a one-time link",
        "an invitation",
        "the handle of a consent",
        "what the API is called with",
        also,
    ] {
        assert_ne!(keeper.count(what), 0, "no {what} was met");
    }
    assert_eq!(found, Vec::<String>::new(), "\n{}", found.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_where_calls_are_made_on_behalf_of_the_person() {
    let log = Log::start();
    let story = Story::begin("secrets-service", |directory, api| {
        format!(
            "[upstream.credentials]\napi_key = \"{}\"\n\
             [upstream.on_behalf_of]\naudience = \"{AUDIENCE}\"\nkey_file = {}\n",
            api.connector_key,
            json!(directory.join("signing.key")),
        )
    });
    let also = "a statement of whom a call is for";
    nothing_is_left(story.await, log, also).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_where_keys_are_made_at_the_api() {
    let log = Log::start();
    let story = Story::begin("secrets-mint", |_, _| MINT.to_owned());
    nothing_is_left(story.await, log, "an operator's key").await;
}
