//! Servers with sign-in, and how soon a revoked key is refused by another server on the same
//! database, both under load.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use http::StatusCode;
use runtime::app::{self, Environment};
use runtime::config::Config;
use url::Url;

use super::calls::{Revision, authorized};
use super::load;
use super::process::{self, Server};
use super::sink;
use crate::harness::example::MANY_CALLS;
use crate::harness::oauth::{OAuthClient, Tokens};
use crate::harness::person::Person;

/// Where the client of the benchmark would be answered.
const CALLBACK: &str = "http://127.0.0.1/callback";
/// The secret that batches are signed with.
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
/// The load under which a key is revoked.
const CONNECTIONS: usize = 16;

/// A server with sign-in, and what its client has.
pub(super) struct SignedIn {
    server: Server,
    config: PathBuf,
    client: OAuthClient,
    /// One to call with, and one to be revoked.
    tokens: [Tokens; 2],
}

impl SignedIn {
    /// As [`SignedIn::start`], with a signed statement to the API of the person that each call is made
    /// for.
    pub(super) async fn on_behalf_of(program: &Path, stub: SocketAddr) -> anyhow::Result<SignedIn> {
        let key = process::target()?.join("bench-signing.key");
        let statement = format!(
            "[upstream.on_behalf_of]\naudience = \"https://api.example/\"\nkey_file = {:?}\n",
            key.display().to_string()
        );
        SignedIn::start("on-behalf-of", program, stub, &statement).await
    }

    /// As [`SignedIn::start`], with a quota, metering, the export of the audit, and metrics.
    pub(super) async fn counted(program: &Path, stub: SocketAddr) -> anyhow::Result<SignedIn> {
        let sink = sink::serve().await?;
        let metrics = process::free()?;
        let settings = format!(
            "[quota]\ndefault_plan = \"all\"\n\
             plans = {{ all = {{ limit = 1000000000, period = \"day\" }} }}\n\
             [audit]\nurl = \"http://{sink}/audit\"\nsecret = \"{SECRET}\"\n\
             [metering]\nurl = \"http://{sink}/metering\"\nsecret = \"{SECRET}\"\n\
             [metrics]\nlisten = \"{metrics}\"\n"
        );
        SignedIn::start("counted", program, stub, &settings).await
    }

    /// As [`SignedIn::start`], with a PostgreSQL database. What the database costs is not measured: it
    /// runs on the core of the load, in processes of its own.
    pub(super) async fn on_postgres(program: &Path, stub: SocketAddr) -> anyhow::Result<SignedIn> {
        let server = postgres_server::shared().map_err(anyhow::Error::msg)?;
        let url = server.database().map_err(anyhow::Error::msg)?;
        SignedIn::start_with("postgres", program, stub, &format!("url = {url:?}"), "").await
    }

    /// The server.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// An access token that stays valid.
    pub(super) fn token(&self) -> &str {
        &self.tokens[0].access
    }

    /// Makes an account and two keys, and starts the server as people deploy it.
    pub(super) async fn start(
        name: &str,
        program: &Path,
        stub: SocketAddr,
        settings: &str,
    ) -> anyhow::Result<SignedIn> {
        let database = directory(name)?.join("connector.db");
        let store = format!("path = {:?}", database.display().to_string());
        SignedIn::start_with(name, program, stub, &store, settings).await
    }

    async fn start_with(
        name: &str,
        program: &Path,
        stub: SocketAddr,
        store: &str,
        settings: &str,
    ) -> anyhow::Result<SignedIn> {
        let directory = directory(name)?;
        if directory.exists() {
            std::fs::remove_dir_all(&directory)?;
        }
        std::fs::create_dir_all(&directory)?;
        let address = process::free()?;
        let text = format!(
            "[server]\nauth = \"oauth\"\npublic_url = \"http://{address}\"\n\
             [store]\n{store}\n[upstream]\nworkspace = \"wsp_harbor\"\n\
             [upstream.credentials]\napi_key = \"key-for-the-stub\"\n{MANY_CALLS}{settings}"
        );
        let file = directory.join("connector.toml");
        std::fs::write(&file, text)?;

        // The account is made in this process, where the person is at hand.
        let mut config = Config::load(Some(&file))?;
        config.server.listen = address;
        config.upstream.url = Some(Url::parse(&format!("http://{stub}"))?);
        let here = app::start(&generated::CATALOG, config, Environment::default()).await?;
        let resource = here.url().clone();
        let person = Person::first(&here).await?;
        let client = OAuthClient::register(&resource, CALLBACK).await?;
        let tokens = [
            client.connect(&person).await?,
            client.connect(&person).await?,
        ];
        here.shutdown().await;

        let server = start(program, address, &file, stub).await?;
        Ok(SignedIn {
            server,
            config: file,
            client,
            tokens,
        })
    }

    /// Revokes a key at this server while it and another one on the same database are under load,
    /// and prints how long the other one still let that key in.
    pub(super) async fn revoke_under_load(
        &self,
        program: &Path,
        stub: SocketAddr,
    ) -> anyhow::Result<()> {
        let other = start(program, process::free()?, &self.config, stub).await?;
        let [kept, revoked] = &self.tokens;
        let calls = || authorized(Revision::Stateless, &kept.access);
        let length = Duration::from_secs(4);
        let here = load::run(self.server.address, calls(), CONNECTIONS, length);
        let there = load::run(other.address, calls(), CONNECTIONS, length);
        let probe = async {
            let probe = authorized(Revision::Stateless, &revoked.access);
            let probe = probe.first().context("no call")?;
            let mut connection = other.connect().await?;
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(1) {
                connection.exchange(probe).await?;
            }
            let form = [("token", &*revoked.access), ("client_id", &*self.client.id)];
            let (status, body) = self.client.post("/oauth/revoke", &form).await?;
            anyhow::ensure!(status == StatusCode::OK, "{status} {body}");
            let revoked_at = Instant::now();
            let mut let_in = 0;
            // A wrong answer ends the loop: it is to be the refusal.
            let refusal = loop {
                match connection.exchange(probe).await {
                    Ok(_) => let_in += 1,
                    Err(error) => break error.to_string(),
                }
            };
            anyhow::ensure!(refusal.contains(" 401 "), "{refusal}");
            anyhow::Ok((revoked_at.elapsed(), let_in))
        };
        let (here, there, probe) = tokio::join!(here, there, probe);
        let (after, let_in) = probe?;
        println!(
            "revocation under load ({:.0} and {:.0} calls/s): another server on the database let \
             the key in for {:.0} ms more, {let_in} calls",
            here?.calls_per_second(),
            there?.calls_per_second(),
            after.as_secs_f64() * 1e3,
        );
        Ok(())
    }
}

/// The directory of the server with this name.
fn directory(name: &str) -> anyhow::Result<PathBuf> {
    Ok(process::target()?.join(format!("bench-{name}")))
}

async fn start(
    program: &Path,
    address: SocketAddr,
    config: &Path,
    stub: SocketAddr,
) -> anyhow::Result<Server> {
    let upstream = format!("http://{stub}");
    let arguments = ["--auth", "oauth", "--upstream", &upstream];
    let server = Server::generated_at(address, program, &arguments, Some(config))?;
    server.connect().await?;
    Ok(server)
}
