//! The example API behind a server with sign-in, and a person who uses it.

use std::sync::Arc;
use std::time::Duration;

use runtime::app::{self, Environment, Server};
use runtime::clock::Clock;
use runtime::config::Auth;

use super::example::{WORKSPACE, connected};
use super::person::Person;
use super::relay::Relay;
use super::server::Moving;
use crate::example_api::{self, Options, Running};

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
        let api = example_api::start(Options::default()).await?;
        let relay = Relay::before(&api.url.parse()?).await?;
        let workspace = api.workspace(WORKSPACE);
        let workspace = workspace.ok_or_else(|| anyhow::anyhow!("{WORKSPACE} is not seeded"))?;
        let mut config = connected(relay.url(), &workspace.full_key);
        config.server.listen.set_port(0);
        config.server.auth = Auth::Oauth;
        config.store.path = ":memory:".into();
        let clock = Arc::new(Moving::default());
        let environment = Environment {
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..Environment::default()
        };
        let server = app::start(&generated::CATALOG, config, environment).await?;
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
