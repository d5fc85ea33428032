//! The example API behind a server with sign-in, and a person who uses it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use runtime::app::{self, Environment, Server};
use runtime::clock::Clock;
use runtime::codegen::Connector;
use runtime::config::{Auth, Config};

use super::example::{WORKSPACE, connected};
use super::foreign::Provider;
use super::person::Person;
use super::relay::Relay;
use super::requirement::repository;
use super::server::Moving;
use crate::example_api::{self, Options, Running};

/// A key that seals, in base64.
const SEALING_KEY: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// The secret of the server at the provider, as `tests/browser/provider.mjs` has it.
const PROVIDER_SECRET: &str = "a-secret-of-the-connector";

/// All of it, running in this process.
pub struct SignedIn {
    /// The API.
    pub api: Running,
    /// What the server reaches the API through.
    pub relay: Relay,
    /// The server's time.
    pub clock: Arc<Moving>,
    /// The server.
    pub server: Server,
    /// The person with the only account.
    pub person: Person,
}

impl SignedIn {
    /// Starts all of it.
    ///
    /// # Errors
    /// Where a part of it does not start.
    pub async fn start() -> anyhow::Result<SignedIn> {
        SignedIn::start_with(&generated::CATALOG, |_| ()).await
    }

    /// Starts all of it, with these tools and changes to the settings of the server.
    ///
    /// # Errors
    /// Where a part of it does not start.
    pub async fn start_with(
        connector: impl Into<Connector>,
        change: impl FnOnce(&mut Config),
    ) -> anyhow::Result<SignedIn> {
        let options = Options {
            requests_per_minute: 1_000_000,
            ..Options::default()
        };
        let (api, relay, key) = example(options).await?;
        let mut config = connected(relay.url(), &key);
        config.server.auth = Auth::Oauth;
        config.store.path = ":memory:".into();
        change(&mut config);
        SignedIn::with(api, relay, connector, config).await
    }

    /// Starts the server of a profile, as `specs/profiles` has it, before the example API.
    ///
    /// # Errors
    /// Where a part of it does not start.
    pub async fn profile(name: &str) -> anyhow::Result<SignedIn> {
        let (api, relay, key) = example(Options::default()).await?;
        let values = [
            variable("API_KEY", &key),
            variable("OPERATOR_KEY", &api.operator_key),
            variable("SEALING_KEY", SEALING_KEY),
        ];
        let mut config = profile(name, &values)?;
        config.upstream.url = Some(relay.url().clone());
        SignedIn::with(api, relay, &generated::CATALOG, config).await
    }

    /// Starts the server of the profile `team-session` before the example API. The person signs in at
    /// this provider. The profile leaves out the key of the API, so the configuration gets it here.
    ///
    /// # Errors
    /// Where a part of it does not start.
    pub async fn team_session(provider: &mut Provider) -> anyhow::Result<SignedIn> {
        let (api, relay, key) = example(Options::default()).await?;
        let issuer = provider.issuer.origin().ascii_serialization();
        let values = [
            ("https://id.example.com".to_owned(), issuer),
            // What the provider knows as workspaces are those of the API.
            ("team-studio".to_owned(), "wsp_juniper".to_owned()),
            ("team-office".to_owned(), WORKSPACE.to_owned()),
            variable("IDENTITY_SECRET", PROVIDER_SECRET),
            variable("SEALING_KEY", SEALING_KEY),
        ];
        let mut config = profile("team-session", &values)?;
        config.upstream = connected(relay.url(), &key).upstream;
        let clock = Arc::new(Moving::default());
        let server = start(&clock, &generated::CATALOG, config).await?;
        provider
            .register(&server.url().join("/account/callback")?)
            .await?;
        let person = Person::of_provider(&server, &provider.issuer).await?;
        Ok(SignedIn {
            api,
            relay,
            clock,
            server,
            person,
        })
    }

    async fn with(
        api: Running,
        relay: Relay,
        connector: impl Into<Connector>,
        config: Config,
    ) -> anyhow::Result<SignedIn> {
        let clock = Arc::new(Moving::default());
        let server = start(&clock, connector, config).await?;
        let person = Person::first(&server).await?;
        Ok(SignedIn {
            api,
            relay,
            clock,
            server,
            person,
        })
    }

    /// Lets time pass until every access token has expired.
    pub fn a_day_passes(&self) {
        self.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    }
}

/// Starts the example API, and a relay before it; returns the full key of its workspace, too.
async fn example(options: Options) -> anyhow::Result<(Running, Relay, String)> {
    let api = example_api::start(options).await?;
    let relay = Relay::before(&api.url.parse()?).await?;
    let workspace = api.workspace(WORKSPACE);
    let workspace = workspace.ok_or_else(|| anyhow::anyhow!("{WORKSPACE} is not seeded"))?;
    let key = workspace.full_key.clone();
    Ok((api, relay, key))
}

/// Starts a server at a free port.
async fn start(
    clock: &Arc<Moving>,
    connector: impl Into<Connector>,
    mut config: Config,
) -> anyhow::Result<Server> {
    config.server.listen.set_port(0);
    let environment = Environment {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ..Environment::default()
    };
    Ok(app::start(connector, config, environment).await?)
}

/// Reads a profile, after these texts are replaced in it.
fn profile(name: &str, values: &[(String, String)]) -> anyhow::Result<Config> {
    let file = repository().join(format!("specs/profiles/{name}.toml"));
    let mut text = std::fs::read_to_string(file)?;
    for (from, to) in values {
        text = text.replace(from, to);
    }
    Ok(Config::parse(&text, &scratch(name)?)?)
}

/// A value in place of a variable of the environment, which tests share.
fn variable(name: &str, value: &str) -> (String, String) {
    (format!("{{ env = \"{name}\" }}"), format!("\"{value}\""))
}

/// The place of a configuration, in a directory that no other test has.
fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let name = name.replace('/', "-");
    let name = format!("drawbridge-{name}-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory.join("connector.toml"))
}
