//! The example API with the server generated from its description before it.

use std::sync::Arc;

use jiff::Timestamp;
use runtime::app::Server;
use runtime::config::Credential;
use runtime::config::{Auth, Config};
use runtime::secret::{Secret, Source};
use url::Url;

use super::client::{Client, Revision};
use super::server;
use crate::example_api::{self, ManualClock, Options, Running};

/// The workspace that the server acts for.
pub const WORKSPACE: &str = "wsp_harbor";

/// The settings of a server that is called more often than one person's assistant calls.
pub const MANY_CALLS: &str = "[limits]\ncalls_per_minute_per_grant = 1000000\n\
                              calls_per_minute_per_workspace = 1000000\n";

/// Both, running in this process.
pub struct Example {
    /// The API.
    pub api: Running,
    /// The server before it.
    pub server: Server,
    /// A client of the server.
    pub client: Client,
}

impl Example {
    /// Starts both: the API fresh from its seed, the server with a key of level `full`.
    ///
    /// # Errors
    /// Where one of them does not start.
    pub async fn start() -> anyhow::Result<Example> {
        Example::start_with(|_| (), |_| ()).await
    }

    /// Starts both with changes to their settings.
    ///
    /// # Errors
    /// Where one of them does not start.
    pub async fn start_with(
        change_api: impl FnOnce(&mut Options),
        change_server: impl FnOnce(&mut Config),
    ) -> anyhow::Result<Example> {
        let now: Timestamp = "2026-11-21T10:00:00Z".parse()?;
        let mut options = Options {
            clock: Arc::new(ManualClock::new(now)),
            rng_seed: Some(1),
            ..Options::default()
        };
        change_api(&mut options);
        let api = example_api::start(options).await?;
        let workspace = api.workspace(WORKSPACE);
        let workspace = workspace.ok_or_else(|| anyhow::anyhow!("{WORKSPACE} is not seeded"))?;
        let mut config = connected(&api.url.parse()?, &workspace.full_key);
        change_server(&mut config);
        let server = server::serve(&generated::CATALOG, config).await?;
        let client = Client::new(server.url().clone(), Revision::V2026_07_28);
        Ok(Example {
            api,
            server,
            client,
        })
    }
}

/// Settings of a server that calls the API at `url` with `key`, for [`WORKSPACE`], and lets in
/// all clients.
#[must_use]
pub fn connected(url: &Url, key: &str) -> Config {
    let mut config = Config::default();
    config.server.auth = Auth::None;
    let key = Credential::Token(Source::Literal(Secret::new(key)));
    config.upstream.url = Some(url.clone());
    config.upstream.workspace = Some(WORKSPACE.to_owned());
    config
        .upstream
        .credentials
        .insert("api_key".to_owned(), key);
    config
}

/// Returns the settings by which a server makes a key at the API for each connection.
#[must_use]
pub fn mint_settings(operator_key: &str) -> String {
    format!(
        r#"
[upstream.mint]
scheme = "api_key"
credentials = {{ operator_key = "{operator_key}" }}
sealing_keys = [{{ id = "1", key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }}]
[upstream.mint.create]
request = "POST /api-keys"
body = {{ workspace_id = "{{workspace}}", name = "{{name}} {{grant}}", level = "{{level}}" }}
levels = {{ read_only = "read", full = "full" }}
id = "/id"
secret = "/secret"
[upstream.mint.revoke]
request = "DELETE /api-keys/{{id}}"
[upstream.mint.find]
request = "GET /api-keys?workspace_id={{workspace}}&limit=100&cursor={{cursor}}"
items = "/data"
id = "/id"
grant = "/name"
next = "/next_cursor"
"#
    )
}
