//! The server as a program part: its routes, its listener, its end.

mod door;
mod origin;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::routing::{any, get};
use axum::serve::ListenerExt;
use axum::{Json, Router, middleware};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::access::AccessContext;
use crate::clock::{Clock, SystemClock};
use crate::config::{Auth, Config};
use crate::mcp::{self, CatalogueError, Endpoint, Gateway};
use crate::operation::{Access, Catalog};
use crate::random::{Random, SystemRandom};
use crate::upstream::{Mode, SettingsError, Upstream};

use origin::Guard;

/// What comes from outside and tests replace.
#[derive(Clone, Debug)]
pub struct Seams {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
}

impl Default for Seams {
    fn default() -> Seams {
        Seams {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address to listen on is not this machine's own, and nobody would have to sign in.
    #[error(
        "auth is `none`, so anybody who reaches {0} could use the API with this server's \
         credentials; listen on a loopback address such as 127.0.0.1:8080"
    )]
    Exposed(SocketAddr),
    /// The address to listen on cannot be had.
    #[error("cannot listen on {address}: {error}; another address is chosen with `server.listen`")]
    Listen {
        /// The address, as configured.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The configuration is not one that can be served.
    #[error("{0}")]
    Config(String),
    /// The API cannot be called as configured.
    #[error(transparent)]
    Upstream(#[from] SettingsError),
    /// The generated catalogue is broken.
    #[error("{0}")]
    Catalogue(String),
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
    stopping: Arc<Stopping>,
    grace: Duration,
    task: JoinHandle<std::io::Result<()>>,
    gateway: Gateway,
}

#[derive(Debug, Default)]
struct Stopping {
    token: CancellationToken,
    begun: AtomicBool,
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

    /// Stops accepting, lets the calls in flight finish within the configured time, and ends. A
    /// write whose caller went away is a call in flight too.
    pub async fn shutdown(self) {
        self.stopping.begun.store(true, Ordering::Relaxed);
        self.stopping.token.cancel();
        let abort = self.task.abort_handle();
        let ended = async {
            let outcome = self.task.await;
            self.gateway.writes_ended().await;
            outcome
        };
        if tokio::time::timeout(self.grace, ended).await.is_err() {
            tracing::warn!("calls were still running at the end of the time to shut down");
            abort.abort();
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
    seams: Seams,
) -> Result<Server, StartError> {
    let address = config.server.listen;
    match config.server.auth {
        Auth::None if !address.ip().is_loopback() => return Err(StartError::Exposed(address)),
        Auth::None => {}
    }
    let (gateway, warnings) = gateway(catalog, &config, &seams)?;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen { address, error })?;
    let addr = listener
        .local_addr()
        .map_err(|error| StartError::Listen { address, error })?;
    let settings = &config.server;
    let url = settings
        .endpoint(addr)
        .map_err(|error| StartError::Config(error.to_string()))?;
    let guard = Guard::new(settings, addr).map_err(StartError::Config)?;
    let tools = gateway.count();
    let stopping = Arc::new(Stopping::default());
    let endpoint = Endpoint::new(gateway.clone(), settings.max_request_bytes);
    let router = router(
        endpoint,
        settings.path.as_str(),
        &url,
        guard,
        seams.random,
        &stopping,
    );

    // Without this, small answers wait for the client's delayed acknowledgements.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let stopped = stopping.token.clone().cancelled_owned();
    let task = tokio::spawn(async move {
        axum::serve(listener, router)
            .with_graceful_shutdown(stopped)
            .await
    });
    Ok(Server {
        url,
        addr,
        tools,
        warnings,
        stopping,
        grace: Duration::from_secs(config.server.shutdown_seconds),
        task,
        gateway,
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
    seams: &Seams,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> Result<std::io::Result<()>, StartError> {
    let (gateway, warnings) = gateway(catalog, config, seams)?;
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
    let mut config = config.clone();
    // What is served does not hang on how the API is reached.
    config.server.mock = true;
    let (gateway, _) = gateway(catalog, &config, &Seams::default())?;
    gateway
        .tools()
        .map(|tool| {
            serde_json::to_value(tool).map_err(|error| StartError::Catalogue(error.to_string()))
        })
        .collect()
}

fn gateway(
    catalog: &'static Catalog,
    config: &Config,
    seams: &Seams,
) -> Result<(Gateway, Vec<String>), StartError> {
    let mode = match config.server.mock {
        true => Mode::Mock,
        false => Mode::Live,
    };
    let access = match config.server.read_only {
        true => Access::Read,
        false => Access::Write,
    };
    let clock = Arc::clone(&seams.clock);
    let upstream = Upstream::new(catalog, &config.upstream, mode, clock)?;
    let warnings = upstream.warnings().to_vec();
    let context = AccessContext::operator(access, config.upstream.workspace.as_deref());
    let gateway = Gateway::new(catalog, upstream, context, Arc::clone(&seams.random))?;
    Ok((gateway, warnings))
}

fn router(
    endpoint: Endpoint,
    path: &str,
    url: &Url,
    guard: Guard,
    random: Arc<dyn Random>,
    stopping: &Arc<Stopping>,
) -> Router {
    let cors = guard.cors();
    let elsewhere: Arc<str> = format!("there is nothing here; the MCP endpoint is {url}").into();
    let stopping = Arc::clone(stopping);
    Router::new()
        .route(
            path,
            any(move |request: Request| async move { endpoint.answer(request).await }),
        )
        .layer(cors)
        .route(
            "/healthz",
            get(|| async { Json(serde_json::json!({"status": "ok"})) }),
        )
        .route("/readyz", get(ready).with_state(stopping))
        .fallback(move || async move { mcp::plain_error(StatusCode::NOT_FOUND, &elsewhere) })
        .layer(middleware::from_fn_with_state(
            Arc::new(door::Door { guard, random }),
            door::pass,
        ))
}

async fn ready(State(stopping): State<Arc<Stopping>>) -> (StatusCode, Json<serde_json::Value>) {
    match stopping.begun.load(Ordering::Relaxed) {
        false => (StatusCode::OK, Json(serde_json::json!({"status": "ready"}))),
        true => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(serde_json::json!({"status": "stopping"})),
        ),
    }
}
