//! The API, the server before it, what passes between them, and a person with a browser.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use runtime::app::{self, Environment, Server};
use runtime::codegen::Catalog;
use runtime::config::Config;
use serde_json::Value;
use sqlx::{Connection as _, Row as _};
use tests::example_api::{self, Connector, Options, Running};
use tests::harness::browser::Browser;
use tests::harness::example::mint_settings;
use tests::harness::recorder::Recorded;
use tests::harness::relay::Relay;

/// How the API learns whom a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each connection has a key of its own.
    Mint,
    /// One key, and a signed statement with each call.
    Service,
}

impl Mode {
    pub(crate) const ALL: [Mode; 2] = [Mode::Mint, Mode::Service];
}

pub(crate) struct World {
    pub(crate) api: Running,
    /// What the server reaches the API through.
    pub(crate) relay: Relay,
    pub(crate) server: Server,
    pub(crate) config: Config,
}

/// What a person who deploys would write, with the API's keys in it.
fn settings(mode: Mode, api: &Running, file: &str) -> String {
    let (operator, connector, url) = (&api.operator_key, &api.connector_key, &api.url);
    let acting = match mode {
        Mode::Mint => mint_settings(operator),
        Mode::Service => format!(
            r#"
            [upstream.credentials]
            api_key = "{connector}"
            [upstream.on_behalf_of]
            audience = "{url}"
            key_file = "{file}.key"
            "#
        ),
    };
    format!(
        r#"
        [server]
        auth = "oauth"
        listen = "127.0.0.1:0"
        [store]
        path = "{file}"
        [upstream]
        workspace = "wsp_harbor"
        {acting}
        "#
    )
}

impl World {
    pub(crate) async fn start(mode: Mode) -> World {
        World::of(mode, &generated::CATALOG).await
    }

    /// A world in which the server was generated from another description.
    pub(crate) async fn of(mode: Mode, catalog: &'static Catalog) -> World {
        World::with(catalog, |api, file| settings(mode, api, file)).await
    }

    /// A world whose server is configured with a text.
    pub(crate) async fn with(
        catalog: &'static Catalog,
        settings: impl FnOnce(&Running, &str) -> String,
    ) -> World {
        let api = example_api::start(Options::default()).await.unwrap();
        let relay = Relay::before(&api.url.parse().unwrap()).await.unwrap();
        let file = scratch();
        let text = settings(&api, file.to_str().unwrap());
        let mut config = Config::parse(&text, "connector.toml".as_ref()).unwrap();
        config.upstream.url = Some(relay.url().clone());
        let server = app::start(catalog, config.clone(), Environment::default()).await;
        let server = server.unwrap();
        let issuer = server.url().origin().ascii_serialization();
        api.trust(Connector {
            jwks_uri: format!("{issuer}/oauth/jwks"),
            audience: api.url.clone(),
            issuer,
        });
        World {
            api,
            relay,
            server,
            config,
        }
    }

    /// A browser in which the first person has just made their account, and a workspace that the
    /// API knows as `wsp_harbor`.
    pub(crate) async fn ada(&self) -> Browser {
        let mut browser = Browser::new(self.server.url()).unwrap();
        let link = self.server.setup_link().unwrap();
        let page = browser.open(link).await.unwrap().page().unwrap();
        let form = page.form_with("password").unwrap();
        let form = form
            .with("email", "ada@example.com")
            .with("name", "Ada")
            .with("password", "correct horse battery staple")
            .with("workspace", "Harbor");
        browser.submit(&form).await.unwrap().page().unwrap();
        browser
    }

    /// Our id of a workspace.
    pub(crate) async fn workspace(&self, name: &str) -> String {
        let all = app::workspaces(&self.config).await.unwrap();
        all.into_iter().find(|it| it.name == name).unwrap().id
    }

    /// Says, as the operator, under which id the API knows a workspace.
    pub(crate) async fn link(&self, name: &str, upstream_id: &str) {
        let id = self.workspace(name).await;
        let environment = Environment::default();
        let done = app::link_workspace(&self.config, &environment, &id, upstream_id).await;
        assert!(done.unwrap());
    }

    /// What the API was asked since the last time that this was.
    pub(crate) fn heard(&self) -> Vec<Recorded> {
        self.relay.take()
    }

    /// What is left in a seeded workspace, asked of the API itself.
    pub(crate) async fn balance(&self, workspace: &str) -> i64 {
        let url = format!("{}/workspaces/{workspace}/credits", self.api.url);
        let key = &self.api.workspace(workspace).unwrap().full_key;
        let answer = reqwest::Client::new().get(url).bearer_auth(key).send();
        let text = answer.await.unwrap().text().await.unwrap();
        let balance: Value = serde_json::from_str(&text).unwrap();
        balance["balance"].as_i64().unwrap()
    }

    /// The keys that the API has issued for connections.
    pub(crate) async fn keys(&self) -> Vec<Value> {
        let request = reqwest::Client::new()
            .get(format!("{}/api-keys", self.api.url))
            .header("X-Operator-Key", &self.api.operator_key);
        let text = request.send().await.unwrap().text().await.unwrap();
        let page: Value = serde_json::from_str(&text).unwrap();
        let keys = page["data"].as_array().unwrap().iter();
        let minted = keys.filter(|key| key["name"].as_str().unwrap().contains("MCP"));
        minted.cloned().collect()
    }

    /// Waits until the API's keys look as they should; the server revokes them on its own.
    pub(crate) async fn until_keys(&self, there: impl Fn(&[Value]) -> bool) {
        for _ in 0..600 {
            if there(&self.keys().await) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it never came to be: {:?}", self.keys().await);
    }

    /// Ends the server; returns what was written down of a workspace and a client since `since`:
    /// action, what it was about and how it ended, and the request.
    pub(crate) async fn audit(
        self,
        workspace: &str,
        client: &str,
        since: i64,
    ) -> Vec<(String, String)> {
        self.server.shutdown().await;
        let file = self.config.store.path.display().to_string();
        let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite:{file}"))
            .await
            .unwrap();
        let rows = sqlx::query(
            "SELECT action || IFNULL(' ' || subject, '') || IFNULL(' ' || outcome, '') AS reported, \
             request_id FROM audit WHERE workspace = ? AND client_id = ? AND at >= ? ORDER BY id",
        )
        .bind(workspace)
        .bind(client)
        .bind(since)
        .fetch_all(&mut connection)
        .await
        .unwrap();
        rows.iter()
            .map(|row| (row.get("reported"), row.get("request_id")))
            .collect()
    }
}

/// A place for a database that no other test has.
fn scratch() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = format!("acting-{}-{number}.db", std::process::id());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    for suffix in ["", "-wal", "-shm", ".key"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
    path
}
