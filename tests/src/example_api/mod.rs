//! Marquee, the example API: a real server for `specs/api.yaml`.
//!
//! It holds every request against its own description ([`openapi`]) and refuses what is not
//! described, so that a wire that is only nearly right is seen. State lives in SQLite, in memory
//! unless a file is named. Time and chance are passed in.
//!
//! One resource, one file; [`start`] starts it.

mod accounts;
mod analytics;
mod answer;
mod body;
mod bundles;
mod call;
mod clock;
mod comments;
mod credits;
mod idempotency;
mod keys;
mod limit;
mod media;
mod on_behalf_of;
pub mod openapi;
mod page;
mod parameters;
mod problem;
mod profile;
mod publishable_keys;
mod seed;
mod store;
mod webhooks;
mod workspaces;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};
use axum::serve::ListenerExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use self::clock::{Clock, ManualClock, SystemClock};
use self::limit::Limiter;
pub use self::on_behalf_of::Connector;
use self::on_behalf_of::Statements;
pub use self::seed::SeededWorkspace;
use self::store::Store;

const BASE_PATH: &str = "/v1";

/// Letters of ids: no letter is like another.
const ID_ALPHABET: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Letters of secrets.
const SECRET_ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// How the server is to run.
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The database file; in memory if none.
    pub database: Option<PathBuf>,
    /// The operator's key; a random one if none.
    pub operator_key: Option<String>,
    /// The key of a connector that calls on behalf of others; a random one if none.
    pub connector_key: Option<String>,
    /// How many requests each key may make a minute, all at once if it likes.
    pub requests_per_minute: u32,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Makes chance repeatable; from the operating system if none.
    pub rng_seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            database: None,
            operator_key: None,
            connector_key: None,
            requests_per_minute: 120,
            clock: Arc::new(SystemClock),
            rng_seed: None,
        }
    }
}

/// A server that runs until it is shut down or dropped.
pub struct Running {
    /// The API's base URL, `http://127.0.0.1:PORT/v1`.
    pub url: String,
    /// The operator's key, for `X-Operator-Key`.
    pub operator_key: String,
    /// The connector's key: a bearer token that opens nothing but what a statement in
    /// `X-On-Behalf-Of` says.
    pub connector_key: String,
    /// What was seeded; empty if the database held data already.
    pub workspaces: Vec<SeededWorkspace>,
    api: Api,
    stop: Option<oneshot::Sender<()>>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// A seeded workspace by id.
    pub fn workspace(&self, id: &str) -> Option<&SeededWorkspace> {
        self.workspaces.iter().find(|workspace| workspace.id == id)
    }

    /// Believes the statements of this connector from now on, and of no other.
    pub fn trust(&self, connector: Connector) {
        self.api.statements.trust(connector);
    }

    /// Stops listening and waits until the last answer is sent.
    ///
    /// # Errors
    /// If the server failed while it ran.
    pub async fn shutdown(mut self) -> anyhow::Result<()> {
        if let Some(stop) = self.stop.take() {
            // A server that has ended already needs no word.
            let _ = stop.send(());
        }
        self.server
            .await
            .context("the server panicked")?
            .context("the server failed")
    }
}

struct Inner {
    store: Store,
    limiter: Limiter,
    clock: Arc<dyn Clock>,
    rng: Mutex<StdRng>,
    operator_key_hash: String,
    connector_key_hash: String,
    statements: Statements,
}

/// What every handler shares.
#[derive(Clone)]
struct Api(Arc<Inner>);

impl std::ops::Deref for Api {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    fn with_rng<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new id, such as `bnd_4t8w2c6r9y1m5k3p`.
    fn fresh_id(&self, prefix: &str) -> String {
        let letters = self.with_rng(|rng| random_text(rng, ID_ALPHABET, 16));
        format!("{prefix}_{letters}")
    }

    /// The time now, as it travels.
    fn now(&self) -> String {
        clock::stamp(self.clock.now())
    }
}

fn random_text(rng: &mut StdRng, alphabet: &[u8], length: usize) -> String {
    (0..length)
        .map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())]))
        .collect()
}

/// Starts the server, with seeded data unless the database holds some already.
///
/// # Errors
/// If the address cannot be bound, the database cannot be opened, or the description is broken.
pub async fn start(options: Options) -> anyhow::Result<Running> {
    openapi::description()?;
    let mut rng = match options.rng_seed {
        Some(seed) => StdRng::seed_from_u64(seed),
        None => rand::make_rng(),
    };
    let mut secret = |given: Option<String>, kind: &str| {
        given.unwrap_or_else(|| format!("mq_{kind}_{}", random_text(&mut rng, SECRET_ALPHABET, 40)))
    };
    let operator_key = secret(options.operator_key, "operator");
    let connector_key = secret(options.connector_key, "connector");
    let store = Store::open(options.database.as_deref())
        .await
        .context("opening the database")?;
    let api = Api(Arc::new(Inner {
        store,
        limiter: Limiter::new(options.requests_per_minute),
        clock: options.clock,
        rng: Mutex::new(rng),
        operator_key_hash: keys::hash(&operator_key),
        connector_key_hash: keys::hash(&connector_key),
        statements: Statements::default(),
    }));
    let workspaces = seed::plant(&api)
        .await
        .map_err(|_| anyhow::anyhow!("seeding failed; the log has the reason"))?;

    let listener = TcpListener::bind(options.listen)
        .await
        .with_context(|| format!("listening on {}", options.listen))?;
    let url = format!("http://{}{BASE_PATH}", listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was refused");
        }
    });
    let (stop, stopped) = oneshot::channel::<()>();
    let router = router(&api);
    let here = api.clone();
    let server = tokio::spawn(async move {
        let served = axum::serve(listener, router)
            .with_graceful_shutdown(async {
                // Also when the handle is dropped.
                let _ = stopped.await;
            })
            .await;
        api.store.close().await;
        served
    });
    Ok(Running {
        url,
        operator_key,
        connector_key,
        workspaces,
        api: here,
        stop: Some(stop),
        server,
    })
}

fn router(api: &Api) -> Router {
    let v1 = Router::new()
        .route("/workspaces", get(workspaces::list))
        .route(
            "/workspaces/{workspace_id}",
            get(workspaces::get).patch(workspaces::update),
        )
        .route("/workspaces/{workspace_id}/credits", get(credits::balance))
        .route(
            "/workspaces/{workspace_id}/credits/transactions",
            get(credits::list),
        )
        .route("/profile", get(profile::get))
        .route(
            "/profile/avatar",
            get(profile::get_avatar).put(profile::put_avatar),
        )
        .route("/accounts", get(accounts::list).post(accounts::create))
        .route(
            "/accounts/{account_id}",
            get(accounts::get).patch(accounts::update),
        )
        .route("/bundles", get(bundles::list).post(bundles::create))
        .route("/bundles/{bundle_id}", get(bundles::get))
        .route(
            "/bundles/{bundle_id}/configuration",
            put(bundles::configure),
        )
        .route("/bundles/{bundle_id}/publish", post(bundles::publish))
        .route("/bundles/{bundle_id}/cancel", post(bundles::cancel))
        .route(
            "/bundles/{bundle_id}/comments",
            get(comments::list).post(comments::create),
        )
        .route("/bundles/{bundle_id}/analytics", get(analytics::of_bundle))
        .route("/analytics/query", post(analytics::query))
        .route("/analytics/export", get(analytics::export))
        .route("/media", get(media::list).post(media::upload))
        .route("/media/{media_id}/content", get(media::content))
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route(
            "/webhooks/{webhook_id}",
            get(webhooks::get)
                .put(webhooks::replace)
                .delete(webhooks::delete),
        )
        .route(
            "/publishable-keys",
            get(publishable_keys::list).post(publishable_keys::create),
        )
        .route("/api-keys", get(keys::list).post(keys::create))
        .route("/api-keys/{key_id}", delete(keys::revoke));
    Router::new()
        .nest(BASE_PATH, v1)
        .fallback(answer::unknown_path)
        .method_not_allowed_fallback(answer::unknown_method)
        .layer(from_fn_with_state(api.clone(), answer::wrap))
        .layer(from_fn(answer::finish))
        .with_state(api.clone())
}
