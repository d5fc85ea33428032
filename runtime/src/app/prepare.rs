//! What a configuration comes to, before anything is opened: the API, the tools, the bounds, and the
//! names of the server. A configuration is checked by preparing it.

use std::net::SocketAddr;
use std::sync::Arc;

use url::Url;

use super::capacity::Capacity;
use super::connections::{Acceptance, Limits, Tls};
use super::environment::Environment;
use super::error::StartError;
use super::exports;
use super::identity::ServerIdentity;
use super::origin::HostPolicy;
use super::plans;
use super::proxies::Proxies;
use super::request_gate::RequestGate;
use super::site;
use super::tenancy::Tenancy;
use super::traces::TraceExporter;
use crate::account::Provider;
use crate::audit::{Calls, Destination};
use crate::call::{AnswerLimits, CallLimits, Connector, Keeper, Runner};
use crate::config::{Auth, Config, ConfigError, ServerSettings, UpstreamSettings};
use crate::credential::{Exchange, Mint, MissingKey, OnBehalfOf};
use crate::http::is_loopback;
use crate::limit::{CallRates, Quotas};
use crate::mcp::{Gateway, Presentation};
use crate::metrics::Metrics;
use crate::model::{AccessContext, LinkRequired, Sink};
use crate::oauth::{Agents, Enterprise, OpenId};
use crate::operation::{Access, Catalog};
use crate::page::Pages;
use crate::random::Random;
use crate::trace::Traces;
use crate::upstream::{Mode, Upstream};

/// A server that is ready to open its store and to listen.
pub(super) struct Prepared {
    /// The URL of the MCP endpoint.
    pub(super) url: Url,
    pub(super) gateway: Gateway,
    pub(super) capacity: Capacity,
    pub(super) acceptance: Acceptance,
    pub(super) gate: RequestGate,
    /// Whether only workspaces linked to one of the API's reach it.
    pub(super) link_required: Option<LinkRequired>,
    /// What its operator should know.
    pub(super) warnings: Vec<String>,
    /// Where people sign in: what their calls carry, and the names of the server.
    pub(super) sign_in: Option<(SignedIn, ServerIdentity)>,
    /// What people see.
    pub(super) pages: Arc<Pages>,
    /// What is counted.
    pub(super) metrics: Metrics,
    /// What sends traces, where there is a collector.
    pub(super) exporter: Option<TraceExporter>,
}

impl Prepared {
    /// Prepares a server that listens on `addr`.
    ///
    /// # Errors
    /// Where the configuration cannot be served.
    pub(super) fn new(
        connector: &Connector,
        config: &Config,
        environment: &Environment,
        addr: SocketAddr,
        missing: MissingKey,
    ) -> Result<Prepared, StartError> {
        let catalog = connector.catalog();
        let settings = &config.server;
        let url = settings
            .endpoint(addr)
            .map_err(|error| ConfigError::new("server.path", error.to_string()))?;
        let sign_in = match settings.auth {
            Auth::Oauth => Some(sign_in(
                catalog,
                config,
                environment,
                (addr, &url),
                missing,
            )?),
            Auth::None => None,
        };
        let signed_in = sign_in.as_ref().map(|(signed_in, _)| signed_in);
        let (upstream, mut warnings) = upstream(catalog, config, environment, signed_in)?;
        let tenancy = match signed_in {
            Some(it) => Tenancy::decide(catalog, &config.accounts, &upstream, it.mint.as_deref())?,
            None => Tenancy::default(),
        };
        warnings.extend(tenancy.warnings);
        warnings.extend(exports::warning(config));
        let upstream = upstream.link_required(tenancy.link_required);
        let capacity = Capacity::new(settings);
        let metrics = Metrics::default();
        let (traces, exporter) = traces(catalog, config, environment)?;
        let origin = url.origin().ascii_serialization();
        let issuer = sign_in.as_ref().map_or(&origin, |(_, it)| &it.issuer);
        let pages = site::pages(&config.site, catalog, issuer.starts_with("https://"))?;
        let shown = Some((&pages, origin.as_str()));
        let presentation = site::presentation(&config.site, catalog, settings.auth, shown);
        let gateway = gateway(
            connector,
            config,
            environment,
            signed_in,
            upstream,
            (&capacity, &metrics, &traces),
            presentation,
        )?;
        let proxies = Proxies(settings.trusted_ranges()?);
        let shared = config.oauth.shared_ranges()?;
        let (limits, warning) = Limits::new(settings, proxies.clone(), shared);
        warnings.extend(warning);
        let tls = config.tls.as_ref().map(Tls::load).transpose()?;
        let gate = RequestGate {
            hosts: HostPolicy::new(settings, addr)?,
            proxies,
            random: Arc::clone(&environment.random),
            traces,
            https: url.scheme() == "https",
        };
        Ok(Prepared {
            url,
            gateway,
            capacity,
            acceptance: Acceptance { limits, tls },
            gate,
            link_required: tenancy.link_required,
            warnings,
            sign_in,
            pages: Arc::new(pages),
            metrics,
            exporter,
        })
    }
}

/// What signing in takes, and the names of the server.
fn sign_in(
    catalog: &'static Catalog,
    config: &Config,
    environment: &Environment,
    (addr, url): (SocketAddr, &Url),
    missing: MissingKey,
) -> Result<(SignedIn, ServerIdentity), StartError> {
    let mut signed_in = SignedIn::new(catalog, config, environment, addr, missing)?;
    let identity = ServerIdentity::decide(config, url)?;
    signed_in.provider = provider(config, &identity.issuer, environment)?;
    let enterprise = config.enterprise.as_ref();
    let enterprise = enterprise.map(|it| Enterprise::new(it, signed_in.provider.as_ref()));
    signed_in.enterprise = enterprise.transpose()?;
    Ok((signed_in, identity))
}

/// Where spans are recorded, and what sends them, where a collector is configured.
fn traces(
    catalog: &Catalog,
    config: &Config,
    environment: &Environment,
) -> Result<(Traces, Option<TraceExporter>), ConfigError> {
    let settings = &config.traces;
    let traces = match settings.url {
        Some(_) => Traces::new(settings.sample_ratio, Arc::clone(&environment.clock)),
        None => Traces::default(),
    };
    let exporter = TraceExporter::new(settings, &traces, catalog, config.upstream.proxy)?;
    Ok((traces, exporter))
}

/// Checks that a configuration can be served, without opening anything. Returns what its operator
/// should know.
///
/// # Errors
/// Where it cannot be served.
pub fn check(connector: impl Into<Connector>, config: &Config) -> Result<Vec<String>, StartError> {
    let connector = connector.into();
    let prepare = || {
        config.check()?;
        check_reach(&config.server)?;
        let (environment, addr) = (Environment::default(), config.server.listen);
        Prepared::new(&connector, config, &environment, addr, MissingKey::Forget)
    };
    let prepared = prepare().map_err(|error| error.located(config))?;
    Ok(prepared.warnings)
}

/// Refuses to serve the operator's credentials to others than this machine's own people.
pub(super) fn check_reach(settings: &ServerSettings) -> Result<(), ConfigError> {
    let place = match &settings.public_url {
        _ if settings.auth != Auth::None => return Ok(()),
        _ if !settings.listen.ip().is_loopback() => settings.listen.to_string(),
        Some(public) if !is_loopback(public.as_str()) => public.to_string(),
        _ => return Ok(()),
    };
    let message = format!(
        "is `none`, so anybody who reaches {place} could use the API with this server's \
         credentials; let people sign in (auth = \"oauth\"), or listen on a loopback address such \
         as 127.0.0.1:8080, without a public URL"
    );
    Err(ConfigError::new("server.auth", message))
}

/// What calls of signed-in callers carry towards the API, beside what is configured for all. One
/// of these at most.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) on_behalf_of: Option<Arc<OnBehalfOf>>,
    pub(super) mint: Option<Arc<Mint>>,
    pub(super) exchange: Option<Arc<Exchange>>,
    pub(super) openid: Option<Arc<OpenId>>,
    /// What agents sign in by, where they can.
    pub(super) agents: Option<Arc<Agents>>,
    /// The identity provider at which people sign in.
    pub(super) provider: Option<Arc<Provider>>,
    /// The clients that connect by assertions of an identity provider, where they can.
    pub(super) enterprise: Option<Enterprise>,
    /// Where their calls are recorded.
    pub(super) calls: Calls,
    /// What bounds their calls.
    pub(super) limits: CallLimits,
    /// Where the rows of the audit are sent.
    pub(super) sinks: Vec<(Sink, Destination)>,
}

impl SignedIn {
    pub(super) fn new(
        catalog: &'static Catalog,
        config: &Config,
        environment: &Environment,
        addr: SocketAddr,
        missing: MissingKey,
    ) -> Result<SignedIn, StartError> {
        let settings = &config.upstream;
        let store = &config.store;
        store.database()?;
        let store = (!store.is_in_memory()).then_some(store.path.as_path());
        let calls = Calls::new(store, Arc::clone(&environment.clock), &*environment.random);
        let (on_behalf_of, mint, exchange) = match config.server.mock {
            true => (None, None, None),
            false => (
                on_behalf_of(config, addr, missing, &environment.random)?,
                crate::upstream::mint(catalog, settings, Arc::clone(&environment.random))?,
                exchange(catalog, settings, environment)?,
            ),
        };
        let openid = config.oauth.openid.as_ref();
        let openid = openid.map(|settings| OpenId::new(settings, missing));
        let agents = config.agents.as_ref();
        let agents = agents.map(|settings| Agents::new(settings, missing));
        Ok(SignedIn {
            on_behalf_of,
            mint,
            exchange,
            openid: openid.transpose()?.map(Arc::new),
            agents: agents.transpose()?.map(Arc::new),
            provider: None,
            enterprise: None,
            calls,
            limits: call_limits(catalog, config, environment)?,
            sinks: exports::sinks(config)?,
        })
    }
}

/// The API as its configuration says how to call it, and what an operator should know of that.
pub(super) fn upstream(
    catalog: &'static Catalog,
    config: &Config,
    environment: &Environment,
    signed_in: Option<&SignedIn>,
) -> Result<(Upstream, Vec<String>), StartError> {
    let mode = match config.server.mock {
        true => Mode::Mock,
        false => Mode::Live,
    };
    let clock = Arc::clone(&environment.clock);
    let upstream = Upstream::new(catalog, &config.upstream, mode, clock)?;
    let mut upstream = upstream.with_random(Arc::clone(&environment.random));
    if let Some(statement) = signed_in.and_then(|it| it.on_behalf_of.as_ref()) {
        upstream = upstream.on_behalf_of(Arc::clone(statement));
    }
    if let Some(mint) = signed_in.and_then(|it| it.mint.as_ref()) {
        upstream = upstream.minting(Arc::clone(mint));
    }
    if let Some(exchange) = signed_in.and_then(|it| it.exchange.as_ref()) {
        upstream = upstream.exchanging(Arc::clone(exchange));
    }
    let mut warnings = Vec::from_iter(upstream.check_credentials(catalog)?);
    warnings.extend(upstream.too_short());
    Ok((upstream, warnings))
}

pub(super) fn gateway(
    connector: &Connector,
    config: &Config,
    environment: &Environment,
    signed_in: Option<&SignedIn>,
    upstream: Upstream,
    (capacity, metrics, traces): (&Capacity, &Metrics, &Traces),
    presentation: Presentation,
) -> Result<Gateway, StartError> {
    let access = match config.server.read_only {
        true => Access::Read,
        false => Access::Write,
    };
    let context = AccessContext::operator(access, config.upstream.workspace.as_deref());
    let calls = signed_in.map(|it| it.calls.clone());
    let upstream = upstream.within(capacity.memory.clone());
    let upstream = upstream.tracing(traces.clone());
    let clock = Arc::clone(&environment.clock);
    let random = Arc::clone(&environment.random);
    let limits = AnswerLimits {
        tokens: config.server.max_answer_tokens,
        characters: config.server.max_answer_characters,
    };
    let keeper = Keeper::new(Arc::clone(&clock), Arc::clone(&random));
    let in_flight = Arc::clone(&capacity.calls);
    let counted = (signed_in.map(|it| it.limits.clone()), in_flight);
    let runner = Runner::new(upstream, calls, counted, (limits, keeper));
    let runner = runner.observed(metrics.clone(), traces.clone());
    let checked = runner.check_plan_request();
    checked
        .map_err(|(key, message)| ConfigError::new(format!("quota.plan_from.{key}"), message))?;
    Ok(Gateway::new(
        connector,
        runner,
        context,
        (clock, random),
        presentation,
    )?)
}

/// What bounds the calls of those who sign in.
///
/// # Errors
/// Where plans are to be asked from an operation that does not exist.
fn call_limits(
    catalog: &'static Catalog,
    config: &Config,
    environment: &Environment,
) -> Result<CallLimits, ConfigError> {
    let (limits, quota) = (&config.limits, &config.quota);
    let rates = CallRates::new(
        limits.calls_per_minute_per_grant,
        limits.calls_per_minute_per_workspace,
        Arc::clone(&environment.clock),
    );
    let plan_request = plans::request(catalog, quota)?;
    let rules = plans::rules(quota, plan_request.is_some());
    Ok(CallLimits {
        rates: Arc::new(rates),
        quotas: Quotas::new(rules, Arc::clone(&environment.clock)),
        plan_request: plan_request.map(Arc::new),
        upgrade_url: quota.upgrade_url.as_ref().map(|url| url.as_str().into()),
    })
}

/// The tokens in the names of people, where they are configured.
fn exchange(
    catalog: &'static Catalog,
    settings: &UpstreamSettings,
    environment: &Environment,
) -> Result<Option<Arc<Exchange>>, ConfigError> {
    let exchange = settings.exchange.as_ref().map(|it| {
        let clock = Arc::clone(&environment.clock);
        Exchange::new(catalog, settings, it, clock).map(Arc::new)
    });
    exchange.transpose()
}

/// The identity provider at which people sign in, where there is one.
fn provider(
    config: &Config,
    issuer: &str,
    environment: &Environment,
) -> Result<Option<Arc<Provider>>, ConfigError> {
    let Some(settings) = &config.identity else {
        return Ok(None);
    };
    let provider = Provider::new(settings, issuer, Arc::clone(&environment.random))?;
    let provider = match &config.upstream.exchange {
        Some(exchange) if !config.server.mock => provider.exchanging(exchange)?,
        _ => provider,
    };
    Ok(Some(Arc::new(provider)))
}

/// The signed statements of whom calls are made for, where they are configured.
fn on_behalf_of(
    config: &Config,
    addr: SocketAddr,
    missing: MissingKey,
    random: &Arc<dyn Random>,
) -> Result<Option<Arc<OnBehalfOf>>, StartError> {
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
    let statement = OnBehalfOf::new(settings, &issuer, missing, Arc::clone(random))?;
    Ok(Some(Arc::new(statement)))
}
