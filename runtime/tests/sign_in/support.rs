//! A server with sign-in over an API that remembers what it was asked, and a client of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response as ApiResponse};
use http::{HeaderMap, Method};
use runtime::app::{self, Environment, Server, StoreFailures};
use runtime::clock::Clock;
use runtime::codegen::{
    Access, Alias, Binding, Catalog, Content, Operation, Parameter, Property, RequestBody, Schema,
};
use runtime::config::{Auth, Config};
use runtime::http::{Document, Fetch, FetchError};
use serde_json::{Value, json};
use url::Url;

use crate::browser::{Browser, Landing};
pub(crate) use crate::oauth_client::{Client, Tokens};

/// An earlier name that calls the tool.
const fn alias(name: &'static str) -> Alias {
    Alias {
        name,
        until: None,
        calls: true,
    }
}

static GET_PET: Operation = Operation {
    name: "get_pet",
    title: "Get a pet",
    description: "Returns one pet.",
    aliases: &[alias("fetch_pet")],
    path: "/pets",
    ..Operation::BASE
};

static GET_HOME: Operation = Operation {
    name: "get_home",
    title: "Get the home",
    description: "Returns the home of the pets.",
    path: "/homes/{home}",
    parameters: &[Parameter {
        bind: Some(Binding::Workspace),
        ..Parameter::path("home")
    }],
    ..Operation::BASE
};

static CREATE_PET: Operation = Operation {
    name: "create_pet",
    title: "Create a pet",
    description: "Creates a pet.",
    aliases: &[
        alias("add_pet"),
        Alias {
            calls: false,
            ..alias("register_pet")
        },
    ],
    method: "POST",
    path: "/pets",
    access: Access::Write,
    idempotent: false,
    cost: 5,
    request_body: Some(RequestBody {
        required: true,
        content: Content::Properties(&[Property::new("name")]),
        media_types: &["application/json"],
        media_type_argument: None,
    }),
    input: Schema {
        json: r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

/// The catalogue under test: two tools that read, one that writes.
pub(crate) static CATALOG: Catalog = Catalog {
    name: "pets",
    server_name: "pets",
    title: "Pets",
    version: "1.2.3",
    summary: "",
    logo: None,
    repeated: &[],
    description: "All about pets.",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[],
    operations: &[&[&GET_PET, &CREATE_PET, &GET_HOME]],
};

/// The origin that people and clients know the server by.
pub(crate) const ORIGIN: &str = "https://mcp.example.com";
pub(crate) const RESOURCE: &str = "https://mcp.example.com/mcp";
pub(crate) const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A clock that is still until it is moved.
#[derive(Debug)]
pub(crate) struct TestClock(AtomicU64);

impl Default for TestClock {
    fn default() -> TestClock {
        let noon = Duration::from_hours(24 * 365 * 56).as_millis();
        TestClock(AtomicU64::new(noon.try_into().unwrap()))
    }
}

impl TestClock {
    /// Milliseconds since 1970.
    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst).try_into().unwrap()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(by.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.0
            .fetch_sub(by.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Documents of clients: what is at which URL, and how often it was fetched.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) at: Mutex<BTreeMap<String, String>>,
    pub(crate) fetched: AtomicU64,
}

impl Documents {
    /// Publishes a document.
    pub(crate) fn put(&self, url: &str, document: &str) {
        let mut at = self.at.lock().unwrap();
        at.insert(url.to_owned(), document.to_owned());
    }
}

#[async_trait]
impl Fetch for Documents {
    async fn fetch(&self, url: &Url, longest: usize) -> Result<Document, FetchError> {
        self.fetched.fetch_add(1, Ordering::SeqCst);
        let found = self.at.lock().unwrap().get(url.as_str()).cloned();
        let body = found.ok_or_else(|| FetchError("nothing there".to_owned()))?;
        if body.len() > longest {
            return Err(FetchError("too long".to_owned()));
        }
        Ok(Document {
            body: body.into(),
            content_type: "application/json".to_owned(),
            cache_control: "max-age=3600".to_owned(),
        })
    }
}

/// What the API was asked: method, path and the headers.
type Asked = Arc<Mutex<Vec<(String, String, HeaderMap)>>>;

async fn api(State(asked): State<Asked>, request: Request) -> ApiResponse {
    let (method, path) = (
        request.method().to_string(),
        request.uri().path().to_owned(),
    );
    let headers = request.headers().clone();
    asked.lock().unwrap().push((method, path, headers));
    axum::Json(json!({"name": "Rex"})).into_response()
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }

    /// The `error` of an OAuth answer.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// What a server is started with, and what outlasts it.
pub(crate) struct Parts {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) documents: Arc<Documents>,
    pub(crate) failures: Option<Arc<dyn StoreFailures>>,
}

/// A running server, its API, and ways to talk to it.
pub(crate) struct TestServer {
    pub(crate) server: Server,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) documents: Arc<Documents>,
    pub(crate) asked: Asked,
    pub(crate) origin: String,
    pub(crate) database: PathBuf,
    http: reqwest::Client,
}

impl TestServer {
    pub(crate) async fn start() -> TestServer {
        TestServer::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> TestServer {
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        TestServer::with_config(config, change).await
    }

    /// A server behind a proxy that reports where each request comes from.
    pub(crate) async fn behind_a_proxy() -> TestServer {
        TestServer::behind_a_proxy_with(|_| ()).await
    }

    pub(crate) async fn behind_a_proxy_with(change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::with(|config| {
            config.server.trusted_proxies = vec!["127.0.0.0/8".to_owned()];
            change(config);
        })
        .await
    }

    /// As a person tries it on their own machine: no public URL, no TLS.
    pub(crate) async fn on_loopback() -> TestServer {
        TestServer::on_loopback_with(|_| ()).await
    }

    pub(crate) async fn on_loopback_with(change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::with_config(Config::default(), change).await
    }

    async fn with_config(config: Config, change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::of(&CATALOG, config, change).await
    }

    /// A server of another catalogue.
    pub(crate) async fn of(
        catalog: &'static Catalog,
        config: Config,
        change: impl FnOnce(&mut Config),
    ) -> TestServer {
        TestServer::of_at(catalog, config, change, Arc::default()).await
    }

    /// The same, with the time of another server.
    pub(crate) async fn of_at(
        catalog: &'static Catalog,
        mut config: Config,
        change: impl FnOnce(&mut Config),
        clock: Arc<TestClock>,
    ) -> TestServer {
        let asked = Asked::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let upstream = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(api)
            .with_state(Arc::clone(&asked));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let database = scratch();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.server.auth = Auth::Oauth;
        config.upstream.url = Some(upstream.parse().unwrap());
        config.upstream.workspace = Some("home-1".to_owned());
        config.store.path = database.clone();
        change(&mut config);
        TestServer::start_on(catalog, config, database, asked, clock).await
    }

    async fn start_on(
        catalog: &'static Catalog,
        config: Config,
        database: PathBuf,
        asked: Asked,
        clock: Arc<TestClock>,
    ) -> TestServer {
        let parts = Parts {
            clock,
            documents: Arc::default(),
            failures: None,
        };
        TestServer::start_in(catalog, config, database, asked, parts).await
    }

    /// A server on a database, with what outlasts it.
    pub(crate) async fn start_with_parts(config: Config, parts: Parts) -> TestServer {
        let database = config.store.path.clone();
        TestServer::start_in(&CATALOG, config, database, Asked::default(), parts).await
    }

    async fn start_in(
        catalog: &'static Catalog,
        config: Config,
        database: PathBuf,
        asked: Asked,
        parts: Parts,
    ) -> TestServer {
        let environment = Environment {
            clock: Arc::clone(&parts.clock) as Arc<dyn Clock>,
            fetch: Arc::clone(&parts.documents) as Arc<dyn Fetch>,
            store_failures: parts.failures,
            ..Environment::default()
        };
        let server = app::start(catalog, config, environment).await.unwrap();
        let endpoint = server.url();
        TestServer {
            origin: endpoint.origin().ascii_serialization(),
            clock: parts.clock,
            documents: parts.documents,
            asked,
            database,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            server,
        }
    }

    /// Sends a request to a URL or path of the server, as its proxy would.
    pub(crate) async fn send(
        &self,
        method: Method,
        location: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Response {
        let path = location.strip_prefix(&self.origin).unwrap_or(location);
        assert!(path.starts_with('/'), "{location} is not at this server");
        let url = format!("http://{}{path}", self.server.addr());
        let host = self.origin.split_once("://").unwrap().1;
        let mut request = self.http.request(method, url);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", host);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        Response {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await.unwrap(),
        }
    }

    /// Opens an address without cookies, from the address that the proxy reports.
    pub(crate) async fn get_from(&self, address: &str, location: &str) -> Response {
        let headers = [("x-forwarded-for", address)];
        self.send(Method::GET, location, &headers, None).await
    }

    /// Registers a client with this redirect URI from the address that the proxy reports.
    pub(crate) async fn register_from(&self, address: &str, redirect_uri: &str) -> Response {
        let headers = [
            ("x-forwarded-for", address),
            ("content-type", "application/json"),
        ];
        let body = json!({"redirect_uris": [redirect_uri]}).to_string();
        self.send(Method::POST, "/oauth/register", &headers, Some(body))
            .await
    }

    /// One number that a query of the database returns.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        use sqlx::{Connection as _, Row as _};
        let url = format!("sqlite:{}", self.database.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let row = sqlx::query(query).fetch_one(&mut connection).await.unwrap();
        row.get(0)
    }

    pub(crate) async fn get(&self, location: &str) -> Response {
        self.send(Method::GET, location, &[], None).await
    }

    pub(crate) async fn post_form(&self, location: &str, form: &[(&str, &str)]) -> Response {
        let body = encode(form);
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        self.send(Method::POST, location, &headers, Some(body))
            .await
    }

    pub(crate) async fn post_json(&self, location: &str, body: &Value) -> Response {
        let headers = [("content-type", "application/json")];
        self.send(Method::POST, location, &headers, Some(body.to_string()))
            .await
    }

    /// Registers a public client; returns its id.
    pub(crate) async fn register(&self, name: &str, redirect_uris: &[&str]) -> String {
        let body = json!({
            "client_name": name,
            "redirect_uris": redirect_uris,
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        });
        let response = self.post_json("/oauth/register", &body).await;
        assert_eq!(response.status, 201, "{}", response.body);
        response.json()["client_id"].as_str().unwrap().to_owned()
    }

    /// A browser in which the first person has just made their account, through the link that the
    /// server printed at its start.
    pub(crate) async fn first_person(&self) -> Browser<'_> {
        let mut browser = Browser::new(self);
        let link = self.server.setup_link().unwrap().to_owned();
        let page = browser.open(&link).await.page();
        let form = page
            .form()
            .with("email", EMAIL)
            .with("name", "Ada")
            .with("password", PASSWORD)
            .with("workspace", "Studio");
        let landed = browser.submit(&form).await;
        assert_eq!(landed.page().status, 200);
        browser
    }

    /// One JSON-RPC exchange at the endpoint.
    pub(crate) async fn rpc(&self, token: Option<&str>, method: &str, params: Value) -> Response {
        let path = self.server.url().path().to_owned();
        self.rpc_at(&path, token, method, params).await
    }

    pub(crate) async fn rpc_at(
        &self,
        path: &str,
        token: Option<&str>,
        method: &str,
        params: Value,
    ) -> Response {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
        ];
        headers.extend(bearer.as_deref().map(|bearer| ("authorization", bearer)));
        self.send(Method::POST, path, &headers, Some(message.to_string()))
            .await
    }

    /// Calls a tool.
    pub(crate) async fn call(&self, token: &str, tool: &str, arguments: Value) -> Response {
        let params = json!({"name": tool, "arguments": arguments});
        self.rpc(Some(token), "tools/call", params).await
    }

    /// The names of the tools that are listed for a token.
    pub(crate) async fn tools(&self, token: &str) -> Vec<String> {
        let answer = self.rpc(Some(token), "tools/list", json!({})).await.json();
        let tools = answer["result"]["tools"].as_array().unwrap().iter();
        tools
            .map(|tool| tool["name"].as_str().unwrap().to_owned())
            .collect()
    }

    /// How often a document of a client was fetched.
    pub(crate) fn fetched(&self) -> u64 {
        self.documents.fetched.load(Ordering::SeqCst)
    }

    /// How often the API was asked.
    pub(crate) fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

/// A place for a database that no other test has.
pub(crate) fn scratch() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = format!("sign-in-{}-{number}.db", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    for suffix in ["", "-wal", "-shm", ".marker"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
    path
}

/// A form or query, encoded.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

impl Landing {
    /// The authorization response that ended at the client.
    pub(crate) fn response(self, redirect_uri: &str) -> BTreeMap<String, String> {
        let location = match self {
            Landing::Away(location) => location,
            Landing::Page(page) => panic!("no redirect but {}: {}", page.status, page.body),
        };
        assert!(location.starts_with(redirect_uri), "{location}");
        let url = Url::parse(&location).unwrap();
        let mut found = BTreeMap::new();
        for (name, value) in url.query_pairs() {
            let earlier = found.insert(name.clone().into_owned(), value.into_owned());
            assert_eq!(earlier, None, "{name} is there twice");
        }
        found
    }
}

impl TestServer {
    /// Takes the store's tables away.
    pub(crate) async fn break_store(&self) {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.database.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        for table in [
            "access_tokens",
            "refresh_tokens",
            "codes",
            "transactions",
            "clients",
        ] {
            let statement = format!("ALTER TABLE {table} RENAME TO lost_{table}");
            let statement = sqlx::AssertSqlSafe(statement);
            sqlx::query(statement)
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

impl TestServer {
    /// Says, as the operator, under which id the API knows a workspace.
    pub(crate) async fn link_workspace(&self, name: &str, upstream_id: &str) {
        let (config, id) = self.workspace(name).await;
        let environment = Environment::default();
        let linked = app::link_workspace(&config, &environment, &id, upstream_id).await;
        assert!(linked.unwrap());
    }

    /// Suspends a workspace, as the operator, or resumes it.
    pub(crate) async fn suspend_workspace(&self, name: &str, suspended: bool) {
        let (config, id) = self.workspace(name).await;
        let environment = Environment::default();
        let changed = app::suspend_workspace(&config, &environment, &id, suspended).await;
        assert!(changed.unwrap());
    }

    /// Disables the account of a person, as the operator, or enables it again.
    pub(crate) async fn disable_account(&self, account: &str, disabled: bool) {
        let (config, environment) = self.operator();
        let changed = app::disable_account(&config, &environment, account, disabled).await;
        assert!(changed.unwrap());
    }

    /// What the operator's commands are configured with, at the time of the server.
    pub(crate) fn operator(&self) -> (Config, Environment) {
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.store.path = self.database.clone();
        let environment = Environment {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ..Environment::default()
        };
        (config, environment)
    }

    /// What the operator's commands are configured with, and the id of a workspace.
    pub(crate) async fn workspace(&self, name: &str) -> (Config, String) {
        let mut config = Config::default();
        config.store.path = self.database.clone();
        let all = app::workspaces(&config).await.unwrap();
        let found = all.into_iter().find(|it| it.name == name).unwrap();
        (config, found.id)
    }
}

impl TestServer {
    /// A second server on the same database and at the same time, as behind a load balancer.
    pub(crate) async fn beside(&self) -> TestServer {
        self.beside_with(|_| ()).await
    }

    pub(crate) async fn beside_with(&self, change: impl FnOnce(&mut Config)) -> TestServer {
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.server.auth = Auth::Oauth;
        config.server.mock = true;
        config.store.path = self.database.clone();
        change(&mut config);
        self.beside_of(&CATALOG, config).await
    }

    /// A second server of another catalogue, on the same database and at the same time.
    pub(crate) async fn beside_of(&self, catalog: &'static Catalog, config: Config) -> TestServer {
        let (database, clock) = (self.database.clone(), Arc::clone(&self.clock));
        TestServer::start_on(catalog, config, database, Asked::default(), clock).await
    }

    /// A server on the database that another one left.
    pub(crate) async fn again(database: &Path, clock: Arc<TestClock>) -> TestServer {
        TestServer::again_with(database, clock, |_| ()).await
    }

    pub(crate) async fn again_with(
        database: &Path,
        clock: Arc<TestClock>,
        change: impl FnOnce(&mut Config),
    ) -> TestServer {
        let mut config = Config::default();
        config.server.public_url = Some(ORIGIN.parse().unwrap());
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.server.auth = Auth::Oauth;
        config.server.mock = true;
        config.store.path = database.to_owned();
        change(&mut config);
        let database = database.to_owned();
        TestServer::start_on(&CATALOG, config, database, Asked::default(), clock).await
    }

    /// What was written down, oldest first: the event, and all its details.
    pub(crate) async fn audit(&self) -> Vec<(String, String)> {
        use sqlx::{Connection as _, Row as _};
        let url = format!("sqlite:{}", self.database.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let rows = sqlx::query(
            "SELECT action, request_id || ' ' || IFNULL(person, '-') || ' ' \
             || IFNULL(client_id, '-') || ' ' || IFNULL(workspace, '-') || ' ' \
             || IFNULL(grant_id, '-') || ' ' || IFNULL(subject, '-') AS reported \
             FROM audit ORDER BY id",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap();
        rows.iter()
            .map(|row| (row.get("action"), row.get("reported")))
            .collect()
    }
}

impl TestServer {
    /// Waits until something is written down; returns all that was.
    pub(crate) async fn audit_until(&self, action: &str) -> Vec<(String, String)> {
        for _ in 0..600 {
            let audit = self.audit().await;
            if audit.iter().any(|(it, _)| it == action) {
                return audit;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{action} never happened: {:?}", self.audit().await);
    }

    /// Changes one row of the database behind the server's back.
    pub(crate) async fn execute(&self, statement: &'static str) {
        assert_eq!(self.run(statement).await, 1);
    }

    /// A connection to the database behind the server's back.
    pub(crate) async fn connect(&self) -> sqlx::SqliteConnection {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.database.display());
        sqlx::SqliteConnection::connect(&url).await.unwrap()
    }

    /// Runs a statement that was put together behind the server's back.
    pub(crate) async fn run_all(&self, statement: &str) {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.database.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        let done = sqlx::query(statement).execute(&mut connection).await;
        done.unwrap();
    }

    /// Runs a statement behind the server's back; returns how many rows it changed.
    pub(crate) async fn run(&self, statement: &str) -> u64 {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.database.display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        let done = sqlx::query(statement).execute(&mut connection).await;
        done.unwrap().rows_affected()
    }
}
