//! A server over HTTP: its start and its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::connections;
use super::environment::Environment;
use super::error::StartError;
use super::files;
use super::listener::listen;
use super::messages::MessageRoutes;
use super::metrics;
use super::prepare::{self, Prepared};
use super::routes::Routes;
use super::sign_in::{self, SignIn};
use super::site;
use super::traces::TraceExporter;
use crate::call::Connector;
use crate::config::Config;
use crate::credential::MissingKey;
use crate::mcp::{Endpoint, Gateway};
use crate::store::Store;

/// A server that is running. Dropping it does not end it.
#[derive(Debug)]
pub struct Server {
    url: Url,
    addr: SocketAddr,
    metrics: Option<SocketAddr>,
    tools: (usize, usize),
    warnings: Vec<String>,
    setup_link: Option<String>,
    callback: Option<String>,
    accounts: Vec<String>,
    stopping: CancellationToken,
    grace: Duration,
    task: JoinHandle<()>,
    gateway: Gateway,
    /// What stores calls, and then what sends traces, until the server has made the last call.
    recorders: Vec<(CancellationToken, JoinHandle<()>)>,
    store: Option<Arc<dyn Store>>,
}

impl Server {
    /// The URL that MCP clients are given.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of its listener for metrics, where it has one.
    #[must_use]
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// How many tools it serves that read, and how many that may change something.
    #[must_use]
    pub fn tools(&self) -> (usize, usize) {
        self.tools
    }

    /// What its operator should know.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The one-time link that makes the first account, as long as there is none.
    #[must_use]
    pub fn setup_link(&self) -> Option<&str> {
        self.setup_link.as_deref()
    }

    /// The URL that the identity provider sends browsers back to, which it has to know, where people
    /// sign in at one.
    #[must_use]
    pub fn callback(&self) -> Option<&str> {
        self.callback.as_deref()
    }

    /// E-mail addresses of up to three accounts that exist already, in mock mode.
    #[must_use]
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// Stops accepting, lets the calls in flight finish within the configured time, closes the
    /// store, and ends. A write whose caller went away is a call in flight too.
    pub async fn shutdown(self) {
        self.stopping.cancel();
        let abort = self.task.abort_handle();
        let (gateway, recorders) = (self.gateway, self.recorders);
        let ended = async {
            let outcome = self.task.await;
            gateway.writes_ended().await;
            // No calls are made any more: the store can take over what is left.
            for (ending, stored) in recorders {
                ending.cancel();
                stored.await?;
            }
            outcome
        };
        if tokio::time::timeout(self.grace, ended).await.is_err() {
            tracing::warn!("calls were still running at the end of the time to shut down");
            abort.abort();
        }
        if let Some(store) = self.store {
            sign_in::close(&*store).await;
        }
    }
}

/// Starts serving MCP over HTTP: the tools of a catalogue, or of a [`Connector`].
///
/// # Errors
/// Where the configuration cannot be served or the address cannot be had.
pub async fn start(
    connector: impl Into<Connector>,
    config: Config,
    environment: Environment,
) -> Result<Server, StartError> {
    let place = config.clone();
    let connector = connector.into();
    let started = serve(&connector, config, environment).await;
    started.map_err(|error| error.located(&place))
}

async fn serve(
    connector: &Connector,
    mut config: Config,
    environment: Environment,
) -> Result<Server, StartError> {
    config.check()?;
    prepare::check_reach(&config.server)?;
    if let Some(host) = config.oauth.issuer.as_ref().and_then(Url::host_str) {
        config.server.allowed_hosts.push(host.to_owned());
    }
    let (listener, addr) = listen(config.server.listen, "server.listen").await?;
    let prepared = Prepared::new(connector, &config, &environment, addr, MissingKey::Write)?;
    let Prepared {
        url,
        gateway,
        capacity,
        acceptance,
        gate,
        link_required,
        mut warnings,
        sign_in,
        pages,
        metrics,
        exporter,
    } = prepared;
    let tools = gateway.count();
    let stopping = CancellationToken::new();
    let served = metrics::serve(&config.metrics, metrics.clone(), stopping.clone()).await?;
    let endpoint = Endpoint::new(gateway.clone(), capacity.bounds, capacity.memory);
    let sign_in = match sign_in {
        None => None,
        Some((signed_in, identity)) => {
            let parts = sign_in::Parts {
                catalog: connector.catalog(),
                config: &config,
                environment: &environment,
                identity,
                pages: Arc::clone(&pages),
                tools: gateway.tools(),
                signed_in,
                link_required,
            };
            Some(SignIn::prepare(parts, &metrics).await?)
        }
    };
    let mut recorders = Vec::from_iter(sign_in.as_ref().map(SignIn::store_calls));
    recorders.extend(exporter.map(TraceExporter::start));
    let setup_link = sign_in.as_ref().and_then(|it| it.setup_link.clone());
    let callback = sign_in.as_ref().and_then(SignIn::callback);
    let accounts = sign_in.as_ref().map(|it| it.accounts_here.clone());
    if let Some(sign_in) = &sign_in {
        warnings.extend(sign_in.warnings.iter().cloned());
        gateway.share(files::shared(sign_in.services(), &config.files, &url));
        sign_in.keep_tidy(stopping.clone());
    }
    let messages = messages(sign_in.as_ref(), endpoint, &gateway, (&config, &url));
    let of_people = sign_in
        .as_ref()
        .map(|it| (it, files::router(&config.files, &gateway)));
    let shown = (&pages, site::domain_challenge(&config.site));
    let routes = Routes::new(messages, of_people, &url, gate, &stopping, shown);
    let stopped = stopping.clone();
    let task = tokio::spawn(connections::serve(listener, routes, acceptance, stopped));
    Ok(Server {
        url,
        addr,
        metrics: served,
        tools,
        warnings,
        setup_link,
        callback,
        accounts: accounts.unwrap_or_default(),
        stopping,
        grace: Duration::from_secs(config.server.shutdown_seconds),
        task,
        gateway,
        recorders,
        store: sign_in.as_ref().map(SignIn::store),
    })
}

/// The paths that messages are sent to.
fn messages(
    sign_in: Option<&SignIn>,
    endpoint: Endpoint,
    gateway: &Gateway,
    (config, url): (&Config, &Url),
) -> MessageRoutes {
    match sign_in {
        Some(sign_in) => sign_in.messages(endpoint),
        None => {
            let origin = url.origin().ascii_serialization();
            let resources = site::resources(&origin, config, &gateway.tools());
            MessageRoutes::open(Arc::new(resources), endpoint)
        }
    }
}
