//! The server as a program part: its routes, its listener, its end.

mod connections;
mod door;
mod origin;
mod proxies;
mod readiness;
mod sign_in;
mod tenancy;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::routing::{any, get};
use axum::{Json, Router, middleware};
use http::StatusCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::access::AccessContext;
use crate::audit::Calls;
use crate::clock::{Clock, SystemClock};
use crate::config::{Auth, Config, Positions, ServerSettings};
use crate::credential::{Mint, OnBehalfOf};
use crate::http::{Fetch, GuardedFetch};
use crate::mcp::{self, CatalogueError, Endpoint, Gateway};
use crate::oauth::is_loopback;
use crate::operation::{Access, Catalog};
use crate::random::{Random, SystemRandom};
use crate::store::Store;
use crate::upstream::{MissingCredentials, Mode, SettingsError, Upstream};

pub(crate) use connections::raise_file_limit;
use door::Door;
use origin::Guard;
use proxies::Proxies;
use readiness::Readiness;
use sign_in::SignIn;
pub use sign_in::{LinkedWorkspace, link_workspace, suspend_workspace, workspaces};
use tenancy::Tenancy;

/// What comes from outside and tests replace.
#[derive(Clone, Debug)]
pub struct Seams {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Where the metadata documents of clients come from.
    pub fetch: Arc<dyn Fetch>,
}

impl Default for Seams {
    fn default() -> Seams {
        Seams {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            fetch: Arc::new(GuardedFetch::default()),
        }
    }
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Others than this machine's own people reach the server, and nobody would have to sign in.
    #[error(
        "auth is `none`, so anybody who reaches {0} could use the API with this server's \
         credentials; let people sign in (auth = \"oauth\"), or listen on a loopback address such \
         as 127.0.0.1:8080, without a public URL"
    )]
    Exposed(String),
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
    /// The same, with the place in the configuration file.
    #[error("{place}: {error}")]
    Placed {
        /// The file, and the line where it is known.
        place: String,
        /// What is wrong.
        error: SettingsError,
    },
    /// The generated catalogue is broken.
    #[error("{0}")]
    Catalogue(String),
}

impl StartError {
    /// The same error with its place in the configuration file, where it has one.
    fn placed(self, config: Option<&Positions>) -> StartError {
        match (self, config) {
            (StartError::Upstream(error), Some(positions)) => StartError::Placed {
                place: positions.place(&format!("upstream.{}", error.key)),
                error,
            },
            (error, _) => error,
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
    /// Stores the calls that are made, until it is told that none are any more.
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
    seams: Seams,
) -> Result<Server, StartError> {
    let positions = config.positions.clone();
    let started = serve(catalog, config, seams).await;
    started.map_err(|error| error.placed(positions.as_deref()))
}

async fn serve(
    catalog: &'static Catalog,
    mut config: Config,
    seams: Seams,
) -> Result<Server, StartError> {
    let address = config.server.listen;
    if let (Auth::None, Some(place)) = (config.server.auth, reach(&config.server)) {
        return Err(StartError::Exposed(place));
    }
    if let Some(host) = config.oauth.issuer.as_ref().and_then(Url::host_str) {
        config.server.allowed_hosts.push(host.to_owned());
    }
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| StartError::Listen { address, error })?;
    let addr = listener
        .local_addr()
        .map_err(|error| StartError::Listen { address, error })?;
    if config.server.request_seconds == 0 {
        let message = "server.request_seconds: has to be at least 1";
        return Err(StartError::Config(message.to_owned()));
    }
    let signed_in = match config.server.auth {
        Auth::Oauth => Some(SignedIn::new(catalog, &config, &seams, addr)?),
        Auth::None => None,
    };
    let (upstream, mut warnings) = upstream(catalog, &config, &seams, signed_in.as_ref())?;
    let tenancy = match &signed_in {
        Some(it) => Tenancy::decide(catalog, &config.accounts, &upstream, it.mint.as_deref())?,
        None => Tenancy::default(),
    };
    warnings.extend(tenancy.warnings);
    let upstream = upstream.link_required(tenancy.link_required);
    let gateway = gateway(catalog, &config, &seams, signed_in.as_ref(), upstream)?;
    let settings = &config.server;
    let url = settings
        .endpoint(addr)
        .map_err(|error| StartError::Config(error.to_string()))?;
    let proxies = Proxies::parse(&settings.trusted_proxies).map_err(StartError::Config)?;
    let (limits, warning) =
        connections::Limits::new(settings, proxies.clone()).map_err(StartError::Config)?;
    warnings.extend(warning);
    let door = Door {
        guard: Guard::new(settings, addr).map_err(StartError::Config)?,
        proxies,
        random: Arc::clone(&seams.random),
        https: url.scheme() == "https",
    };
    let tools = gateway.count();
    let stopping = CancellationToken::new();
    let endpoint = Endpoint::new(gateway.clone(), settings.max_request_bytes);
    let sign_in = match signed_in {
        None => None,
        Some(signed_in) => {
            let origin = origin(&url, settings.path.as_str())?;
            let parts = sign_in::Parts {
                catalog,
                config: &config,
                seams: &seams,
                origin: &origin,
                tools,
                signed_in,
                link_required: tenancy.link_required,
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
    let router = router(
        &endpoint,
        sign_in.as_ref(),
        settings.path.as_str(),
        &url,
        door,
        &stopping,
    );
    let stopped = stopping.clone();
    let task = tokio::spawn(connections::serve(listener, router, limits, stopped));
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

/// Where others than this machine's own people reach a server, if they do.
fn reach(settings: &ServerSettings) -> Option<String> {
    if !settings.listen.ip().is_loopback() {
        return Some(settings.listen.to_string());
    }
    let public = settings.public_url.as_ref()?.as_str();
    (!is_loopback(public)).then(|| public.to_owned())
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
    let place = |error: StartError| error.placed(config.positions.as_deref());
    let (upstream, warnings) = upstream(catalog, config, seams, None).map_err(place)?;
    let gateway = gateway(catalog, config, seams, None, upstream).map_err(place)?;
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
    let seams = Seams::default();
    let mut config = config.clone();
    // What is served hangs on how the API is reached only where tools without credentials are
    // left out.
    let hides = config.upstream.missing_credentials == MissingCredentials::Hide;
    config.server.mock |= !hides;
    let signed_in = match config.server.auth {
        Auth::Oauth if hides => {
            let addr = config.server.listen;
            Some(SignedIn::new(catalog, &config, &seams, addr)?)
        }
        _ => None,
    };
    let (upstream, _) = upstream(catalog, &config, &seams, signed_in.as_ref())?;
    let gateway = gateway(catalog, &config, &seams, signed_in.as_ref(), upstream)?;
    gateway
        .tools()
        .map(|tool| {
            serde_json::to_value(tool).map_err(|error| StartError::Catalogue(error.to_string()))
        })
        .collect()
}

/// What calls of signed-in callers carry towards the API, beside what is configured for all. One
/// of these at most.
#[derive(Debug)]
struct SignedIn {
    on_behalf_of: Option<Arc<OnBehalfOf>>,
    mint: Option<Arc<Mint>>,
    /// Where their calls are recorded.
    calls: Calls,
}

impl SignedIn {
    fn new(
        catalog: &'static Catalog,
        config: &Config,
        seams: &Seams,
        addr: SocketAddr,
    ) -> Result<SignedIn, StartError> {
        let settings = &config.upstream;
        if settings.mint.is_some() && settings.on_behalf_of.is_some() {
            let message = "upstream.mint and upstream.on_behalf_of are two ways to act for a \
                           person; write one of them";
            return Err(StartError::Config(message.to_owned()));
        }
        let store = &config.store;
        let store = (!store.is_in_memory()).then_some(store.path.as_path());
        let calls = Calls::new(store, Arc::clone(&seams.clock), &*seams.random);
        let (on_behalf_of, mint) = match config.server.mock {
            true => (None, None),
            false => (
                on_behalf_of(config, addr)?,
                crate::upstream::mint(catalog, settings, Arc::clone(&seams.random))?,
            ),
        };
        Ok(SignedIn {
            on_behalf_of,
            mint,
            calls,
        })
    }
}

/// The API as its configuration says how to call it, and what an operator should know of that.
fn upstream(
    catalog: &'static Catalog,
    config: &Config,
    seams: &Seams,
    signed_in: Option<&SignedIn>,
) -> Result<(Upstream, Vec<String>), StartError> {
    let mode = match config.server.mock {
        true => Mode::Mock,
        false => Mode::Live,
    };
    let clock = Arc::clone(&seams.clock);
    let mut upstream = Upstream::new(catalog, &config.upstream, mode, clock)?;
    if let Some(statement) = signed_in.and_then(|it| it.on_behalf_of.as_ref()) {
        upstream = upstream.on_behalf_of(Arc::clone(statement));
    }
    if let Some(mint) = signed_in.and_then(|it| it.mint.as_ref()) {
        upstream = upstream.minting(Arc::clone(mint));
    }
    let mut warnings = Vec::from_iter(upstream.check_credentials(catalog)?);
    warnings.extend(upstream.too_short());
    Ok((upstream, warnings))
}

fn gateway(
    catalog: &'static Catalog,
    config: &Config,
    seams: &Seams,
    signed_in: Option<&SignedIn>,
    upstream: Upstream,
) -> Result<Gateway, StartError> {
    let access = match config.server.read_only {
        true => Access::Read,
        false => Access::Write,
    };
    let context = AccessContext::operator(access, config.upstream.workspace.as_deref());
    let calls = signed_in.map(|it| it.calls.clone());
    let random = Arc::clone(&seams.random);
    Ok(Gateway::new(catalog, upstream, context, calls, random)?)
}

/// What tells the API on whose behalf calls are made, where that is configured.
fn on_behalf_of(config: &Config, addr: SocketAddr) -> Result<Option<Arc<OnBehalfOf>>, StartError> {
    let Some(settings) = &config.upstream.on_behalf_of else {
        return Ok(None);
    };
    let known = config
        .oauth
        .issuer
        .as_ref()
        .or(config.server.public_url.as_ref());
    let issuer = match known {
        Some(url) => url.origin().ascii_serialization(),
        None => format!("http://{addr}"),
    };
    let statement = OnBehalfOf::new(settings, &issuer)
        .map_err(|error| StartError::Config(format!("upstream.on_behalf_of.{error}")))?;
    Ok(Some(Arc::new(statement)))
}

/// The origin of the endpoint, which has to be all that stands before its path: clients look for
/// the metadata of sign-in below the origin.
fn origin(url: &Url, path: &str) -> Result<String, StartError> {
    match url.path() == path {
        true => Ok(url.origin().ascii_serialization()),
        false => Err(StartError::Config(format!(
            "server.public_url: with sign-in it can have no path; write the whole path of the \
             endpoint, {}, as server.path",
            url.path()
        ))),
    }
}

fn router(
    endpoint: &Endpoint,
    sign_in: Option<&SignIn>,
    path: &str,
    url: &Url,
    door: Door,
    stopping: &CancellationToken,
) -> Router {
    let cors = door.guard.cors();
    let elsewhere: Arc<str> = format!("there is nothing here; the MCP endpoint is {url}").into();
    let origin = middleware::from_fn_with_state(Arc::new(door.guard.clone()), door::pass_endpoint);
    let store = sign_in.map(SignIn::store);
    let readiness = Arc::new(Readiness::new(stopping.clone(), store));
    let messages = match sign_in {
        Some(sign_in) => sign_in.endpoint(endpoint),
        None => {
            let endpoint = endpoint.clone();
            let answer =
                move |request: Request| async move { endpoint.answer_anybody(request).await };
            Router::new().route(path, any(answer))
        }
    };
    let pages = sign_in.map(SignIn::pages);
    messages
        .layer(cors)
        .layer(origin)
        .merge(pages.unwrap_or_default())
        .route(
            "/healthz",
            get(|| async { Json(serde_json::json!({"status": "ok"})) }),
        )
        .route("/readyz", get(readiness::ready).with_state(readiness))
        .fallback(move || async move { mcp::plain_error(StatusCode::NOT_FOUND, &elsewhere) })
        .layer(middleware::from_fn_with_state(Arc::new(door), door::pass))
}
