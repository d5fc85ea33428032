//! The call to the API: one request built, sent, and its answer read.

mod call;
mod content;
mod diagnostic;
mod error;
mod fields;
mod headers;
mod link;
mod media_type;
mod missing;
mod mock;
mod open;
mod own;
mod page;
mod request;
mod response;
mod retry;
mod server;
mod span;
mod stream;
mod upload;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};
use serde_json::{Map, Value};
use tokio_util::task::TaskTracker;
use url::Url;

pub(crate) use call::Held;
pub(crate) use diagnostic::Meaning;
pub use diagnostic::RateLimit;
pub use error::UpstreamError;
pub(crate) use error::{Attempts, Cause, FailedAnswer, OversizedFile, OwnKind};
pub(crate) use open::OpenedAnswer;
pub use response::{Answer, Body, Truncation, TruncationCause, Unit};
pub(crate) use upload::{Taken, Upload, Uploads};

use self::diagnostic::RequestIds;
use self::missing::Missing;
use self::own::OwnKey;
use self::request::Call;
pub(crate) use self::request::RequestError;
use self::response::ResponseLimits;
use self::retry::{IdempotencyKeys, Retries};
use self::server::Servers;
use crate::capacity::{Account, Memory, memory};
use crate::clock::Clock;
use crate::config::{ConfigError, FailureRule, MissingCredentials, UpstreamSettings};
use crate::credential::{
    self, Chosen, Credentials, Exchange, Mint, OnBehalfOf, Own, Placed, SHORTEST, Secrets,
};
use crate::http::{Client, Limits, Outgoing};
use crate::model::{AccessContext, LinkRequired};
use crate::operation::{Catalog, Operation};
use crate::random::Random;
use crate::secret::Secret;
use crate::trace::Traces;

/// Who answers the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The API.
    Live,
    /// The examples of its description. Requests are built and checked all the same, without
    /// credentials.
    Mock,
}

/// The API that the tools call.
#[derive(Debug)]
pub struct Upstream {
    catalog: &'static Catalog,
    clock: Arc<dyn Clock>,
    /// What sends requests. `None`: the examples of the description answer.
    client: Option<Client>,
    servers: Servers,
    credentials: Credentials,
    /// Fields that every call carries.
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The names of the fields that the server sets, whatever arguments say.
    given: Vec<HeaderName>,
    /// What answers must not repeat.
    secrets: Arc<Secrets>,
    on_behalf_of: Option<Arc<OnBehalfOf>>,
    mint: Option<Arc<Mint>>,
    exchange: Option<Arc<Exchange>>,
    link_required: Option<LinkRequired>,
    missing_credentials: MissingCredentials,
    /// Whether some operations are called without the credential that they want, for something on
    /// the way to add it.
    sends_without: bool,
    hidden: BTreeSet<&'static str>,
    limits: ResponseLimits,
    request_ids: RequestIds,
    failure: Option<FailureRule>,
    memory: Memory,
    writes: TaskTracker,
    retries: Arc<Retries>,
    idempotency_keys: IdempotencyKeys,
    traces: Traces,
}

impl Upstream {
    /// Prepares to call the API of `catalog`.
    ///
    /// # Errors
    /// Where configuration and description together do not say how to reach the API: no usable
    /// server, a server variable or credential that does not fit, a secret that is not there.
    pub fn new(
        catalog: &'static Catalog,
        settings: &UpstreamSettings,
        mode: Mode,
        clock: Arc<dyn Clock>,
    ) -> Result<Upstream, ConfigError> {
        let unreached = mode == Mode::Mock || catalog.operations.iter().all(|part| part.is_empty());
        let fallback = unreached
            .then(|| Url::parse("http://localhost").ok())
            .flatten();
        let servers = Servers::choose(catalog, settings, fallback)?;
        let credentials = match mode {
            Mode::Live => {
                Credentials::read(catalog, "upstream.credentials", &settings.credentials)?
            }
            Mode::Mock => Credentials::default(),
        };
        let headers = match mode {
            Mode::Live => headers::read(&settings.headers)?,
            Mode::Mock => Vec::new(),
        };
        let given = settings.headers.keys();
        let given = given.filter_map(|name| HeaderName::try_from(name).ok());
        let client = match mode {
            Mode::Live => Some(client(settings)?),
            Mode::Mock => None,
        };
        let secrets = Secrets::default()
            .with(credentials.secrets())
            .with(&headers::secrets(&headers));
        let retries = Retries::new(&servers, settings, &clock);
        Ok(Upstream {
            catalog,
            clock,
            client,
            servers,
            retries: Arc::new(retries),
            idempotency_keys: IdempotencyKeys::new(catalog, settings.retries.idempotency_keys),
            credentials,
            headers,
            given: given.collect(),
            secrets: Arc::new(secrets),
            on_behalf_of: None,
            mint: None,
            exchange: None,
            link_required: None,
            missing_credentials: settings.missing_credentials,
            sends_without: false,
            hidden: BTreeSet::new(),
            limits: ResponseLimits {
                values: settings.max_response_nodes,
                items: settings.max_stream_items,
            },
            request_ids: RequestIds::new(&settings.request_id_headers),
            failure: settings.failure.clone(),
            memory: Memory::new(memory::DEFAULT),
            writes: TaskTracker::new(),
            traces: Traces::default(),
        })
    }

    /// Takes room for large answers from `memory`.
    #[must_use]
    pub(crate) fn within(self, memory: Memory) -> Upstream {
        Upstream { memory, ..self }
    }

    /// Records a span of each exchange.
    #[must_use]
    pub(crate) fn tracing(self, traces: Traces) -> Upstream {
        Upstream { traces, ..self }
    }

    /// Draws the pauses between attempts with `random`.
    #[must_use]
    pub(crate) fn with_random(mut self, random: Arc<dyn Random>) -> Upstream {
        if let Some(retries) = Arc::get_mut(&mut self.retries) {
            retries.set_random(random);
        }
        self
    }

    /// Calls the API with the key of the grant for every signed-in caller.
    #[must_use]
    pub(crate) fn minting(self, mint: Arc<Mint>) -> Upstream {
        let secrets = Secrets::clone(&self.secrets).with(mint.secrets());
        Upstream {
            mint: Some(mint),
            secrets: Arc::new(secrets),
            ..self
        }
    }

    /// Calls the API in the name of the person of every signed-in caller.
    #[must_use]
    pub(crate) fn exchanging(self, exchange: Arc<Exchange>) -> Upstream {
        Upstream {
            exchange: Some(exchange),
            ..self
        }
    }

    /// Adds a signed statement of whom each call of a signed-in caller is made for.
    #[must_use]
    pub fn on_behalf_of(self, statement: Arc<OnBehalfOf>) -> Upstream {
        let secrets = Secrets::clone(&self.secrets).with_beginning(statement.beginning());
        let mut given = self.given;
        given.push(statement.name().clone());
        Upstream {
            given,
            on_behalf_of: Some(statement),
            secrets: Arc::new(secrets),
            ..self
        }
    }

    /// Looks for operations of `catalog` that no credential is configured for, and does about them
    /// what `missing_credentials` says. Returns the warning for the operator if there are any.
    ///
    /// # Errors
    /// Where there are any and nothing else is said: it names them, and what to write.
    pub fn check_credentials(
        &mut self,
        catalog: &'static Catalog,
    ) -> Result<Option<String>, ConfigError> {
        if self.client.is_none() {
            return Ok(None);
        }
        let some_key = Placed::Query("", Secret::new(""));
        let own = self.own(Some(&some_key));
        let scheme = own.map(|own| own.scheme);
        let missing = Missing::find(
            catalog,
            |operation| matches!(self.choose(operation, own), Chosen::Missing),
            |name| scheme == Some(name) || self.credentials.has(name),
        );
        if missing.is_empty() {
            return Ok(None);
        }
        match self.missing_credentials {
            MissingCredentials::Refuse => {
                let required = own.filter(|own| own.is_required).map(|own| own.scheme);
                let message = missing.refusal(required);
                return Err(ConfigError::new("upstream.credentials", message));
            }
            MissingCredentials::Hide => self.hidden = missing.tools(),
            MissingCredentials::Send => self.sends_without = true,
        }
        Ok(Some(missing.warning(self.missing_credentials)))
    }

    /// Whether calls of signed-in people carry what belongs to the operator: a configured credential
    /// or header field, a credential that something on the way adds, a signed statement, or a key
    /// that was made with the operator's own. Examples need none of it.
    pub(crate) fn acts_with_operators_credentials(&self) -> bool {
        !self.credentials.is_empty()
            || !self.headers.is_empty()
            || self.sends_without
            || self.on_behalf_of.is_some()
            || self.mint.is_some()
    }

    /// Refuses calls of signed-in people for a workspace that is not linked to one of the API's.
    #[must_use]
    pub(crate) fn link_required(self, link_required: Option<LinkRequired>) -> Upstream {
        Upstream {
            link_required,
            ..self
        }
    }

    /// Names the secrets that are too short to be distinguished from other text, where there are any.
    pub(crate) fn too_short(&self) -> Option<String> {
        let credentials = self.credentials.too_short().iter();
        let credentials = credentials.map(|name| format!("upstream.credentials.{name}"));
        let headers = self.headers.iter();
        let headers = headers.filter(|(_, value)| value.is_sensitive() && value.len() < SHORTEST);
        let headers = headers.map(|(name, _)| format!("upstream.headers.{name}"));
        let keys: Vec<_> = credentials.chain(headers).collect();
        (!keys.is_empty()).then(|| {
            format!(
                "{}: has fewer than {SHORTEST} bytes, so it is not taken out of an answer that \
                 repeats it",
                keys.join(", ")
            )
        })
    }

    /// The credentials that the operation is called with. TRACE has none: its answer repeats the
    /// request (RFC 9110 §9.3.8).
    fn choose<'a>(&'a self, operation: &'static Operation, own: Option<Own<'a>>) -> Chosen<'a> {
        match is_repeated(operation) {
            true => Chosen::Use(Vec::new()),
            false => self.credentials.choose(operation, own),
        }
    }

    /// The arguments of the operation whose value the server fills: no other value counts.
    pub(crate) fn given_arguments(&self, operation: &'static Operation) -> Vec<&'static str> {
        let some_key = Placed::Query("", Secret::new(""));
        let own = self.own(Some(&some_key));
        let credentials = match self.choose(operation, own) {
            Chosen::Use(credentials) => credentials,
            Chosen::Missing => Vec::new(),
        };
        let call = Call {
            base: self.servers.base(operation),
            arguments: &Map::new(),
            uploads: &Uploads::default(),
            workspace: None,
            credentials: &credentials,
            given: &self.given,
            request_id: "",
        };
        call.given_arguments(operation)
    }

    /// Returns true for the operations of the catalogue, and false for constants from elsewhere.
    pub(crate) fn describes(&self, operation: &'static Operation) -> bool {
        let mut operations = self.catalog.operations.iter().copied().flatten();
        operations.any(|known| std::ptr::eq(*known, operation))
    }

    /// Where the answers to a caller take room.
    pub(crate) fn account(&self, caller: &AccessContext) -> Account {
        Account {
            memory: self.memory.clone(),
            grant: caller.owner(),
        }
    }

    /// Whether the tool of this operation is served.
    pub(crate) fn serves(&self, operation: &Operation) -> bool {
        !self.hidden.contains(operation.name)
    }

    /// The base URL of operations that name none of their own.
    pub(crate) fn base_url(&self) -> &Url {
        self.servers.common()
    }

    /// The request that [`Upstream::call`] would send, credentials included; nothing is sent.
    ///
    /// # Errors
    /// Where nothing could be sent.
    pub fn request(
        &self,
        operation: &'static Operation,
        arguments: &Map<String, Value>,
        context: &AccessContext,
        request_id: &str,
    ) -> Result<http::Request<Bytes>, UpstreamError> {
        let (own, uploads) = (self.minted_key(context), Uploads::default());
        self.outgoing(operation, (arguments, &uploads), context, &own, request_id)
            .and_then(|outgoing| {
                outgoing
                    .try_into()
                    .map_err(|error: http::Error| RequestError::Description(error.to_string()))
            })
            .map_err(UpstreamError::from)
    }

    /// Waits until every write that was started has ended.
    pub async fn writes_ended(&self) {
        self.writes.close();
        self.writes.wait().await;
    }

    /// The API's id of the caller's workspace. In mock mode, where no API knows any, an example
    /// replaces one that is missing.
    fn workspace<'a>(&self, context: &'a AccessContext) -> Option<&'a str> {
        let example = self.client.is_none().then_some("example");
        context.workspace.as_deref().or(example)
    }

    fn outgoing(
        &self,
        operation: &'static Operation,
        (arguments, uploads): (&Map<String, Value>, &Uploads),
        context: &AccessContext,
        own: &OwnKey,
        request_id: &str,
    ) -> Result<Outgoing, RequestError> {
        self.check_link(context)?;
        let credentials = match self.choose(operation, self.own_of(own)) {
            Chosen::Use(credentials) => credentials,
            Chosen::Missing if self.client.is_none() => Vec::new(),
            Chosen::Missing if self.lacks_key(operation, own) => {
                return Err(RequestError::NoUpstreamKey);
            }
            Chosen::Missing if self.missing_credentials == MissingCredentials::Send => Vec::new(),
            Chosen::Missing => {
                let wanted = credential::alternatives(operation);
                return Err(RequestError::MissingCredential(wanted));
            }
        };
        let call = Call {
            base: self.servers.base(operation),
            arguments,
            uploads,
            workspace: self.workspace(context),
            credentials: &credentials,
            given: &self.given,
            request_id,
        };
        let mut outgoing = request::build(operation, &call)?;
        let is_repeated = is_repeated(operation);
        for (name, value) in &self.headers {
            if !(is_repeated && value.is_sensitive()) {
                outgoing.headers.insert(name, value.clone());
            }
        }
        if let Some(statement) = self.on_behalf_of.as_deref().filter(|_| !is_repeated)
            && let Some((name, value)) = statement.header(context, self.clock.now())
        {
            outgoing.headers.insert(name, value);
        }
        Ok(outgoing)
    }
}

/// Whether the answer to the operation repeats its request, credentials included.
fn is_repeated(operation: &Operation) -> bool {
    operation.method == "TRACE"
}

/// Prepares to make keys at the API, where that is configured.
///
/// # Errors
/// Where the settings cannot be followed.
pub(crate) fn mint(
    catalog: &'static Catalog,
    settings: &UpstreamSettings,
    random: Arc<dyn Random>,
) -> Result<Option<Arc<Mint>>, ConfigError> {
    let Some(mint) = &settings.mint else {
        return Ok(None);
    };
    let base = Servers::choose(catalog, settings, None)?.common().clone();
    let mint = Mint::new(catalog, mint, base, client(settings)?, random)?;
    Ok(Some(Arc::new(mint)))
}

fn client(settings: &UpstreamSettings) -> Result<Client, ConfigError> {
    let limits = Limits {
        total: Duration::from_secs(settings.timeout_seconds),
        connect: Duration::from_secs(settings.connect_timeout_seconds),
        body: settings.max_response_bytes,
        stream: Duration::from_secs(settings.stream_seconds),
        may_be_endless: stream::may_be_endless,
    };
    Client::new(limits, settings.proxy).map_err(|message| {
        ConfigError::new("upstream", format!("no HTTP client can be made: {message}"))
    })
}
