//! The OAuth 2.1 authorization server, and the protected resource that trusts it. One endpoint,
//! one file.

mod authorize;
mod bearer;
mod budgets;
mod client;
mod client_metadata;
mod consent;
mod error;
mod fetches;
mod key;
mod metadata;
pub(crate) mod publisher;
mod register;
mod response;
mod revoke;
mod token;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::{any, post};
use axum::{Router, middleware};
use http::{HeaderName, Method};
use tokio::sync::Semaphore;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

pub(crate) use self::bearer::BearerError;

use crate::account::{Accounts, with_browser};
use crate::audit::Calls;
use crate::config::{ConfigError, OAuthSettings};
use crate::credential::Mint;
use crate::http::{Fetch, is_loopback};
use crate::model::{ClientId, ClientMetadata, ResourceIndicator};
use crate::operation::{Access, Catalog};
use crate::page::Tools;
use crate::store::Services;
use crate::token::Digest;
use crate::tool::Tool;

/// How long an authorization request waits for its answer.
const TRANSACTION: Duration = Duration::from_mins(10);
/// How long a code can be redeemed.
pub(crate) const CODE: Duration = Duration::from_mins(10);

/// How many keys it is noted of at the same time that they are used.
const NOTING: usize = 16;

/// One protected resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) indicator: ResourceIndicator,
    /// Path of its endpoint.
    pub(crate) path: String,
}

impl Resource {
    /// The same resource as clients reach it that have one slash more or less at the end of its
    /// path. Its metadata name it in that spelling, since clients compare the two. The root has no
    /// other.
    pub(crate) fn other_spelling(&self) -> Option<Resource> {
        let path = other_spelling(&self.path)?;
        Some(Resource {
            path,
            ..self.clone()
        })
    }
}

/// A path with a slash at its end, or without it where it has one. The root has no other spelling.
pub(crate) fn other_spelling(path: &str) -> Option<String> {
    match path.strip_suffix('/') {
        Some("") => None,
        Some(without) => Some(without.to_owned()),
        None => Some(format!("{path}/")),
    }
}

/// The MCP endpoint, and its alias for those who never want more than reading.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    pub(crate) origin: String,
    pub(crate) main: Resource,
    pub(crate) read_only: Resource,
}

impl Resources {
    /// The resources of an endpoint at `path` of `origin`.
    pub(crate) fn new(origin: &str, path: &str) -> Resources {
        let resource = |path: String| Resource {
            indicator: ResourceIndicator::new(origin, &path),
            path,
        };
        Resources {
            origin: origin.to_owned(),
            read_only: resource(format!("{}/readonly", path.trim_end_matches('/'))),
            main: resource(path.to_owned()),
        }
    }

    fn all(&self) -> [&Resource; 2] {
        [&self.main, &self.read_only]
    }

    /// All of them, in each spelling that is served.
    pub(crate) fn spellings(&self) -> impl Iterator<Item = Resource> + '_ {
        let all = self.all().into_iter();
        all.flat_map(|resource| [Some(resource.clone()), resource.other_spelling()])
            .flatten()
    }

    fn find(&self, indicator: &str) -> Option<&Resource> {
        self.all()
            .into_iter()
            .find(|it| it.indicator.is_meant_by(indicator))
    }
}

/// What is granted for how long.
#[derive(Clone, Debug)]
struct Policy {
    /// `None`: until revoked.
    access_lifetime: Option<Duration>,
    refresh_lifetime: Duration,
    refresh_overlap: Duration,
    registration: bool,
    registered_clients: u64,
    client_metadata_documents: bool,
}

/// What the endpoints share.
pub(crate) struct Authority {
    accounts: Arc<Accounts>,
    services: Services,
    issuer: String,
    resources: Resources,
    policy: Policy,
    keys: key::KeyFormat,
    clients: BTreeMap<ClientId, ClientMetadata>,
    name: &'static str,
    tools: Vec<Tool>,
    /// The most that this server allows to anybody, as far as it has tools for it.
    access: Access,
    budgets: budgets::Budgets,
    fetches: fetches::Fetches,
    fetch: Arc<dyn Fetch>,
    key_set: Option<serde_json::Value>,
    mint: Option<Arc<Mint>>,
    calls: Calls,
    /// For noting that a key was used.
    noting: Arc<Semaphore>,
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}

/// What an [`Authority`] is made of.
pub(crate) struct Parts<'a> {
    pub(crate) settings: &'a OAuthSettings,
    /// The clients that are known beforehand.
    pub(crate) clients: KnownClients,
    pub(crate) accounts: Arc<Accounts>,
    pub(crate) resources: Resources,
    pub(crate) catalog: &'static Catalog,
    pub(crate) access: Access,
    pub(crate) fetch: Arc<dyn Fetch>,
    /// The keys of what is signed here, where anything is.
    pub(crate) key_set: Option<serde_json::Value>,
    /// What makes keys at the API, where grants have one.
    pub(crate) mint: Option<Arc<Mint>>,
    /// Where calls are recorded that are refused.
    pub(crate) calls: Calls,
}

/// Clients that are known beforehand, by configuration.
#[derive(Clone, Debug)]
pub(crate) struct KnownClients(BTreeMap<ClientId, ClientMetadata>);

impl KnownClients {
    /// Reads `oauth.clients`.
    ///
    /// # Errors
    /// Where one is no client that could be registered.
    pub(crate) fn read(settings: &OAuthSettings) -> Result<KnownClients, ConfigError> {
        let mut clients = BTreeMap::new();
        for client in &settings.clients {
            let id = &client.client_id;
            let fail = |message| ConfigError::new("oauth.clients", message);
            let known =
                ClientId::parse(id).ok_or_else(|| fail(format!("`{id}` is no client_id")))?;
            let name = client.client_name.as_deref();
            let metadata = ClientMetadata::configured(name, &client.redirect_uris)
                .map_err(|error| fail(format!("`{id}`: {error}")))?;
            clients.insert(known, metadata);
        }
        Ok(KnownClients(clients))
    }
}

impl Authority {
    /// Makes the server that the settings describe.
    pub(crate) fn new(parts: Parts<'_>) -> Authority {
        let settings = parts.settings;
        let issuer = parts.accounts.origin.to_string();
        let environment = match is_loopback(&issuer) {
            true => "test",
            false => "live",
        };
        let tools: Vec<_> = Tool::of(parts.catalog).collect();
        let needed = tools.iter().map(Tool::access).max();
        Authority {
            issuer,
            services: parts.accounts.services.clone(),
            accounts: parts.accounts,
            resources: parts.resources,
            policy: Policy {
                access_lifetime: (!settings.until_revoked)
                    .then_some(Duration::from_secs(settings.access_token_seconds)),
                refresh_lifetime: Duration::from_secs(settings.refresh_token_seconds),
                refresh_overlap: Duration::from_secs(settings.refresh_overlap_seconds),
                registration: settings.registration,
                registered_clients: settings.registered_clients,
                client_metadata_documents: settings.client_metadata_documents,
            },
            keys: key::KeyFormat::new(&settings.key_prefix, environment),
            clients: parts.clients.0,
            name: parts.catalog.title,
            access: parts.access.min(needed.unwrap_or(Access::Read)),
            tools,
            budgets: budgets::Budgets::default(),
            fetches: fetches::Fetches::default(),
            fetch: parts.fetch,
            key_set: parts.key_set,
            mint: parts.mint,
            calls: parts.calls,
            noting: Arc::new(Semaphore::new(NOTING)),
        }
    }

    /// The resources that are protected.
    pub(crate) fn resources(&self) -> &Resources {
        &self.resources
    }

    /// The most that can be granted for a resource.
    fn highest(&self, resource: &ResourceIndicator) -> Access {
        match *resource == self.resources.main.indicator {
            true => self.access,
            false => Access::Read,
        }
    }

    fn tools_up_to(&self, access: Access) -> Tools {
        Tools::new(self.tools.iter().filter(|tool| tool.access() <= access))
    }
}

/// The endpoints.
pub(crate) fn router(authority: &Arc<Authority>) -> Router {
    // Programs in browsers call these from anywhere; none of them looks at a cookie.
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([
            http::header::WWW_AUTHENTICATE,
            http::header::RETRY_AFTER,
            HeaderName::from_static(crate::request_id::HEADER),
        ]);
    // What MCP 2025-03-26 falls back to where no metadata is read. Its clients, and SDKs that kept
    // the tokens but not the metadata, refresh and sign in there.
    let mut programs = Router::new()
        .route("/oauth/token", post(token::token))
        .route("/token", post(token::token))
        .route("/oauth/revoke", post(revoke::revoke));
    if authority.policy.registration {
        programs = programs
            .route("/oauth/register", post(register::register))
            .route("/register", post(register::register));
    }
    let people = Router::new()
        .route("/oauth/authorize", any(authorize::authorize))
        .route("/authorize", any(authorize::authorize))
        .merge(consent::router())
        .layer(middleware::from_fn_with_state(
            Arc::clone(&authority.accounts),
            with_browser,
        ))
        .with_state(Arc::clone(authority));
    programs
        .with_state(Arc::clone(authority))
        .merge(metadata::router(authority))
        .layer(cors)
        .merge(people)
}

/// Name of the cookie that binds a transaction to its browser. Each has its own, so that sign-ins
/// in several tabs do not disturb each other.
fn transaction_cookie(handle: &str) -> String {
    format!("txn-{}", Digest::of(handle).hex(8))
}
