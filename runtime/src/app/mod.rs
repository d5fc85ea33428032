//! The server as a program part: its routes, its listener, its end.

mod capacity;
mod connections;
mod identity;
mod messages;
mod origin;
mod prepare;
mod proxies;
mod readiness;
mod request_gate;
mod routes;
mod sign_in;
mod tenancy;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::clock::{Clock, SystemClock};
use crate::config::{Auth, Config, ConfigError, MissingCredentials};
use crate::credential::MissingKey;
use crate::http::{Fetch, GuardedFetch};
use crate::mcp::{self, CatalogueError, Endpoint, Gateway};
use crate::operation::Catalog;
use crate::random::{Random, SystemRandom};
use crate::store::Store;

use capacity::Capacity;
pub(crate) use connections::raise_file_limit;
use messages::MessageRoute;
pub use prepare::check;
use prepare::{Prepared, SignedIn, gateway, upstream};
use routes::Routes;
use sign_in::SignIn;
pub use sign_in::{LinkedWorkspace, link_workspace, suspend_workspace, workspaces};

/// What comes from outside and tests replace.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Where the metadata documents of clients come from.
    pub fetch: Arc<dyn Fetch>,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            fetch: Arc::new(GuardedFetch::default()),
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address to listen on cannot be had.
    #[error("cannot listen on {address}: {error}; another address is chosen with `server.listen`")]
    Listen {
        /// The address, as configured.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The configuration is not one that can be served.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An argument of a command is wrong.
    #[error("{0}")]
    Argument(String),
    /// The generated catalogue is broken.
    #[error("{0}")]
    Catalogue(String),
}

impl StartError {
    /// The same error with its place in the configuration file, where it has one.
    fn located(self, config: &Config) -> StartError {
        match self {
            StartError::Config(error) => {
                StartError::Config(error.located(config.positions.as_deref()))
            }
            error => error,
        }
    }
}

impl From<CatalogueError> for StartError {
    fn from(error: CatalogueError) -> StartError {
        StartError::Catalogue(error.to_string())
    }
}

/// A server that is running. Dropping it does not end it.
#[derive(Debug)]
pub struct Server {
    url: Url,
    addr: SocketAddr,
    tools: (usize, usize),
    warnings: Vec<String>,
    setup_link: Option<String>,
    stopping: CancellationToken,
    grace: Duration,
    task: JoinHandle<()>,
    gateway: Gateway,
    /// Stores calls until the server has made the last one.
    recorder: Option<(CancellationToken, JoinHandle<()>)>,
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

    /// Stops accepting, lets the calls in flight finish within the configured time, closes the
    /// store, and ends. A write whose caller went away is a call in flight too.
    pub async fn shutdown(self) {
        self.stopping.cancel();
        let abort = self.task.abort_handle();
        let (gateway, recorder) = (self.gateway, self.recorder);
        let ended = async {
            let outcome = self.task.await;
            gateway.writes_ended().await;
            // No calls are made any more: the store can take over what is left.
            if let Some((ending, stored)) = recorder {
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

/// Starts serving MCP over HTTP.
///
/// # Errors
/// Where the configuration cannot be served or the address cannot be had.
pub async fn start(
    catalog: &'static Catalog,
    config: Config,
    environment: Environment,
) -> Result<Server, StartError> {
    let place = config.clone();
    let started = serve(catalog, config, environment).await;
    started.map_err(|error| error.located(&place))
}

async fn serve(
    catalog: &'static Catalog,
    mut config: Config,
    environment: Environment,
) -> Result<Server, StartError> {
    config.check()?;
    prepare::check_reach(&config.server)?;
    if let Some(host) = config.oauth.issuer.as_ref().and_then(Url::host_str) {
        config.server.allowed_hosts.push(host.to_owned());
    }
    let address = config.server.listen;
    let listening = |error| StartError::Listen { address, error };
    let listener = TcpListener::bind(address).await.map_err(listening)?;
    let addr = listener.local_addr().map_err(listening)?;
    let prepared = Prepared::new(catalog, &config, &environment, addr, MissingKey::Write)?;
    let Prepared {
        url,
        gateway,
        capacity,
        limits,
        gate,
        link_required,
        mut warnings,
        sign_in,
    } = prepared;
    let settings = &config.server;
    let tools = gateway.count();
    let stopping = CancellationToken::new();
    let endpoint = Endpoint::new(gateway.clone(), capacity.bounds, capacity.memory);
    let sign_in = match sign_in {
        None => None,
        Some((signed_in, identity)) => {
            let parts = sign_in::Parts {
                catalog,
                config: &config,
                environment: &environment,
                identity,
                tools,
                signed_in,
                link_required,
            };
            Some(SignIn::prepare(parts).await?)
        }
    };
    let recorder = sign_in.as_ref().map(SignIn::store_calls);
    let setup_link = sign_in.as_ref().and_then(|it| it.setup_link.clone());
    if let Some(sign_in) = &sign_in {
        warnings.extend(sign_in.warnings.iter().cloned());
        sign_in.keep_tidy(stopping.clone());
    }
    let messages = match &sign_in {
        Some(sign_in) => sign_in.messages(&endpoint),
        None => MessageRoute::open(settings.path.as_str(), &endpoint),
    };
    let routes = Routes::new(messages, sign_in.as_ref(), &url, gate, &stopping);
    let stopped = stopping.clone();
    let task = tokio::spawn(connections::serve(listener, routes, limits, stopped));
    Ok(Server {
        url,
        addr,
        tools,
        warnings,
        setup_link,
        stopping,
        grace: Duration::from_secs(config.server.shutdown_seconds),
        task,
        gateway,
        recorder,
        store: sign_in.as_ref().map(SignIn::store),
    })
}

/// Serves MCP over a pair of streams until the input ends and all that was asked is answered, or
/// until `shutdown`.
///
/// # Errors
/// Where the configuration cannot be served, or a stream breaks.
pub async fn serve_streams(
    catalog: &'static Catalog,
    config: &Config,
    environment: &Environment,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> Result<std::io::Result<()>, StartError> {
    let place = |error: StartError| error.located(config);
    config.check()?;
    let (upstream, warnings) = upstream(catalog, config, environment, None).map_err(place)?;
    let capacity = Capacity::new(&config.server);
    let gateway =
        gateway(catalog, config, environment, None, upstream, &capacity).map_err(place)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(mcp::serve_stdio(gateway, read, write, shutdown).await)
}

/// The definitions that a server of this configuration serves, as JSON, in order.
///
/// # Errors
/// Where the configuration cannot be served.
pub fn definitions(
    catalog: &'static Catalog,
    config: &Config,
) -> Result<Vec<serde_json::Value>, StartError> {
    let definitions = all_definitions(catalog, config);
    definitions.map_err(|error| error.located(config))
}

fn all_definitions(
    catalog: &'static Catalog,
    config: &Config,
) -> Result<Vec<serde_json::Value>, StartError> {
    config.check()?;
    let environment = Environment::default();
    let mut config = config.clone();
    // What is served hangs on how the API is reached only where tools without credentials are
    // left out.
    let hides = config.upstream.missing_credentials == MissingCredentials::Hide;
    config.server.mock |= !hides;
    let signed_in = match config.server.auth {
        Auth::Oauth if hides => {
            let addr = config.server.listen;
            Some(SignedIn::new(
                catalog,
                &config,
                &environment,
                addr,
                MissingKey::Write,
            )?)
        }
        _ => None,
    };
    let (upstream, _) = upstream(catalog, &config, &environment, signed_in.as_ref())?;
    let capacity = Capacity::new(&config.server);
    let gateway = gateway(
        catalog,
        &config,
        &environment,
        signed_in.as_ref(),
        upstream,
        &capacity,
    )?;
    gateway
        .definitions()
        .map(|tool| {
            serde_json::to_value(tool).map_err(|error| StartError::Catalogue(error.to_string()))
        })
        .collect()
}
