//! Sign-in as a part of the server: the store, the accounts, the authorization server and the
//! pages, and the check before the endpoint.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use axum::routing::get;
use axum::{Router, middleware};
use futures_util::future::join_all;
use http::StatusCode;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::environment::Environment;
use super::error::StartError;
use super::exchange::PersonTokens;
use super::exports::exporters;
use super::identity::ServerIdentity;
use super::messages::MessageRoutes;
use super::prepare::SignedIn;
use super::{guide, site, store};
use crate::account::{self, Accounts};
use crate::audit::{Calls, Exporter};
use crate::call::CallLimits;
use crate::config::{Config, ConfigError, StoreSettings};
use crate::credential::{Exchange, Mint, Revocations};
use crate::mcp::{self, Endpoint};
use crate::metrics::Metrics;
use crate::model::LinkRequired;
use crate::oauth::{self, Authority};
use crate::operation::{Access, Catalog};
use crate::page::{Connect, Guide, Pages};
use crate::portal::{self, WorkspaceLimits};
use crate::store::{Retention, Services, Store, StoreError};
use crate::tool::Tool;

/// How often what has expired is forgotten.
const PURGE: Duration = Duration::from_mins(10);
/// How long closing the store may take.
const CLOSING: Duration = Duration::from_secs(10);

/// All that signing in takes.
#[derive(Debug)]
pub(super) struct SignIn {
    accounts: Arc<Accounts>,
    services: Services,
    authority: Arc<Authority>,
    connect: Connect,
    /// What explains the connector to people, where it is served.
    guide: Option<Arc<Guide>>,
    retention: Retention,
    /// The one-time link that makes the first account, as long as there is none.
    pub(super) setup_link: Option<String>,
    /// In mock mode, e-mail addresses of accounts that exist already.
    pub(super) accounts_here: Vec<String>,
    /// What its operator should know.
    pub(super) warnings: Vec<String>,
    mint: Option<Arc<Mint>>,
    exchange: Option<Arc<Exchange>>,
    calls: Calls,
    limits: CallLimits,
    /// What sends the rows of the audit.
    exporters: Vec<Arc<Exporter>>,
}

/// What signing in is made of.
pub(super) struct Parts<'a> {
    pub(super) catalog: &'static Catalog,
    pub(super) config: &'a Config,
    pub(super) environment: &'a Environment,
    pub(super) identity: ServerIdentity,
    /// What people see.
    pub(super) pages: Arc<Pages>,
    /// The tools that are served.
    pub(super) tools: Vec<Tool>,
    pub(super) signed_in: SignedIn,
    /// Whether only workspaces linked to one of the API's reach it.
    pub(super) link_required: Option<LinkRequired>,
}

impl SignIn {
    /// Opens the store and prepares the pages.
    pub(super) async fn prepare(parts: Parts<'_>, metrics: &Metrics) -> Result<SignIn, StartError> {
        let failures = parts.environment.store_failures.clone();
        let store = store::open(&parts.config.store, metrics, failures).await?;
        let prepared = SignIn::on(Arc::clone(&store), parts).await;
        let prepared = match prepared {
            Ok(prepared) => {
                let checked = provider_tokens(&prepared.accounts).await;
                checked.map(|()| prepared)
            }
            Err(error) => Err(error),
        };
        match &prepared {
            Ok(prepared) => prepared.connect_exchange(),
            Err(_) => close(&*store).await,
        }
        prepared
    }

    /// Has the tokens in people's names come from their accounts.
    fn connect_exchange(&self) {
        if let Some(exchange) = &self.exchange {
            exchange.take_from(Arc::new(PersonTokens(Arc::clone(&self.accounts))));
        }
    }

    /// Prepares the pages on an open store.
    async fn on(store: Arc<dyn Store>, parts: Parts<'_>) -> Result<SignIn, StartError> {
        let resources = site::resources(&parts.identity.origin, parts.config, &parts.tools);
        let connect = site::connect(&parts, &resources);
        let guide = guide::write(&parts, &resources, &connect)?;
        let Parts {
            catalog,
            config,
            environment,
            identity,
            pages,
            tools,
            signed_in,
            link_required,
        } = parts;
        let ServerIdentity {
            issuer, clients, ..
        } = identity;
        let retention = retention(&config.store);
        store.purge(environment.clock.now(), retention).await?;
        open_spool(&signed_in.calls, &*store).await?;
        signed_in.limits.quotas.take_from(Arc::clone(&store));
        let exporters = exporters(signed_in.sinks, &store, environment).await?;
        let accounts = Arc::new(Accounts {
            services: Services {
                store,
                clock: Arc::clone(&environment.clock),
                random: Arc::clone(&environment.random),
            },
            pages,
            origin: issuer.into(),
            settings: config.accounts.clone(),
            first_workspace: config.upstream.workspace.clone(),
            link_required,
            passwords: account::Passwords::default(),
            throttle: account::Throttle::default(),
            sign_ups: Accounts::sign_up_budget(),
            provider: signed_in.provider,
            shared_egress: config.oauth.shared_ranges()?,
            unlisted_proxies: account::UnlistedProxies::default(),
        });
        let authority = Authority::new(oauth::Parts {
            settings: &config.oauth,
            clients,
            accounts: Arc::clone(&accounts),
            resources: Arc::new(resources),
            name: site::name(&config.site, catalog).to_owned(),
            site: &config.site,
            tools,
            access: most_access(config),
            fetch: Arc::clone(&environment.fetch),
            public_keys: Vec::from_iter(signed_in.on_behalf_of.map(|it| it.public_key())),
            openid: signed_in.openid,
            agents: signed_in.agents,
            enterprise: signed_in.enterprise,
            mint: signed_in.mint.clone(),
            calls: signed_in.calls.clone(),
        });
        let setup_link = accounts.setup_link().await?;
        let store = &*accounts.services.store;
        let accounts_here = some_addresses(store, config.server.mock).await?;
        let mut warnings = upstream_keys(store, signed_in.mint.as_deref()).await?;
        warnings.extend(unlinked(&accounts, setup_link.is_some()).await?);
        Ok(SignIn {
            authority: Arc::new(authority),
            services: accounts.services.clone(),
            accounts,
            mint: signed_in.mint,
            exchange: signed_in.exchange,
            connect,
            guide,
            retention,
            setup_link,
            accounts_here,
            warnings,
            calls: signed_in.calls,
            limits: signed_in.limits,
            exporters: exporters.into_iter().map(Arc::new).collect(),
        })
    }

    /// Stores the calls that are made, returns what is not used of quotas, and sends the rows of the
    /// audit, until the token is cancelled.
    pub(super) fn store_calls(&self) -> (CancellationToken, JoinHandle<()>) {
        let ending = CancellationToken::new();
        let store = Arc::clone(&self.services.store);
        let storing = self.calls.clone().store_in(store, ending.clone());
        let quotas = self.limits.quotas.clone().keep_tidy(ending.clone());
        let (exporters, ended) = (self.exporters.clone(), ending.clone());
        let all = async move {
            let sending = exporters.iter().map(|exporter| exporter.run(ended.clone()));
            tokio::join!(storing, quotas, join_all(sending));
            // The last calls are in the store by now.
            join_all(exporters.iter().map(|exporter| exporter.finish())).await;
        };
        (ending, tokio::spawn(all))
    }

    /// Forgets what has expired, now and then, and revokes keys at the API whose grant has ended,
    /// until the server ends.
    pub(super) fn keep_tidy(&self, stopped: CancellationToken) {
        if let Some(mint) = &self.mint {
            let revocations = Revocations {
                mint: Arc::clone(mint),
                store: Arc::clone(&self.services.store),
                clock: Arc::clone(&self.services.clock),
                random: Arc::clone(&self.services.random),
            };
            tokio::spawn(revocations.run(stopped.clone()));
        }
        if let Some(exchange) = &self.exchange {
            let store = Arc::clone(&self.services.store);
            tokio::spawn(Arc::clone(exchange).keep_tidy(store, stopped.clone()));
        }
        let (services, retention) = (self.services.clone(), self.retention);
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PURGE);
            while stopped.run_until_cancelled(ticks.tick()).await.is_some() {
                if let Err(error) = services.store.purge(services.clock.now(), retention).await {
                    tracing::warn!(%error, "what has expired could not be forgotten");
                }
            }
        });
    }

    /// The paths that messages are sent to.
    pub(super) fn messages(&self, endpoint: Endpoint) -> MessageRoutes {
        MessageRoutes::protected(&self.authority, endpoint, &self.limits.rates)
    }

    /// Everything else: what people and clients sign in with.
    pub(super) fn pages(&self) -> Router {
        let with_browser =
            middleware::from_fn_with_state(Arc::clone(&self.accounts), account::with_browser);
        let resources = Arc::clone(self.authority.resources());
        let limits = WorkspaceLimits {
            quotas: self.limits.quotas.clone(),
            upgrade_url: self.limits.upgrade_url.clone(),
        };
        let authority = Arc::clone(&self.authority);
        let mut people = account::router(&self.accounts)
            .merge(portal::router(
                &self.accounts,
                resources,
                limits,
                Some(authority),
            ))
            .layer(with_browser);
        if self.has_home() {
            let (accounts, connect) = (Arc::clone(&self.accounts), self.connect.clone());
            let show = move || async move { show(&accounts, &connect) };
            let elsewhere = format!("the MCP endpoint is {}", self.connect.resource);
            let refuse =
                move || async move { mcp::plain_error(StatusCode::METHOD_NOT_ALLOWED, &elsewhere) };
            people = people.route("/", get(show).fallback(refuse));
            if let Some(guide) = &self.guide {
                people = people.merge(guide::home(guide, &self.accounts.pages));
            }
        }
        if let Some(guide) = &self.guide {
            people = people.merge(guide::router(guide, &self.accounts.pages));
        }
        people.merge(oauth::router(&self.authority))
    }

    /// Whether there is a page at the root, which says how to connect.
    pub(super) fn has_home(&self) -> bool {
        self.authority.resources().main.path != "/"
    }

    /// The URL that the identity provider sends browsers back to.
    pub(super) fn callback(&self) -> Option<String> {
        let provider = self.accounts.provider.as_ref();
        provider.map(|it| it.redirect_uri.clone())
    }

    /// The store, the clock and the source of random bytes.
    pub(super) fn services(&self) -> Services {
        self.services.clone()
    }

    /// Where everything is kept.
    pub(super) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.services.store)
    }
}

/// Opens the spool of calls, and brings those into the store that earlier processes left.
async fn open_spool(calls: &Calls, store: &dyn Store) -> Result<(), StartError> {
    calls.open().map_err(|error| {
        ConfigError::new(
            "store.path",
            format!("the spool of calls beside it: {error}"),
        )
    })?;
    if let Err(error) = calls.recover(store).await {
        // They are not lost: it is tried again while the server runs.
        tracing::error!(%error, "calls that an earlier process recorded are not stored yet");
    }
    Ok(())
}

/// Closes the store, so that what is kept is complete in its place.
pub(super) async fn close(store: &dyn Store) {
    match tokio::time::timeout(CLOSING, store.close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(
            %error, "the store was not closed as it should be; its files belong together"
        ),
        Err(_) => tracing::error!("the store was not closed in time; its files belong together"),
    }
}

/// What the operator should know of the keys at the API.
///
/// # Errors
/// Where there are some that cannot be opened.
async fn upstream_keys(store: &dyn Store, mint: Option<&Mint>) -> Result<Vec<String>, StartError> {
    let state = store.upstream_keys().await?;
    let Some(mint) = mint else {
        let left = state.to_revoke > 0 || state.intended > 0 || !state.sealed_with.is_empty();
        let warning = "upstream.mint is not configured, and the store knows of keys that were made \
                       at the API: none of them is revoked when its connection ends";
        return Ok(left.then(|| warning.to_owned()).into_iter().collect());
    };
    if let Some(unknown) = state.sealed_with.iter().find(|id| !mint.opens(id)) {
        let message = format!(
            "keys in the store are sealed with `{unknown}`, which is not here; add it below the one \
             that is to seal from now on"
        );
        return Err(ConfigError::new("upstream.mint.sealing_keys", message).into());
    }
    let mut warnings = Vec::new();
    if !mint.finds() {
        let warning = "upstream.mint: a key that the API makes while this server dies stays there \
                       until somebody revokes it by hand: the log and the audit \
                       (upstream_key.unknown) say which. Write how it is found \
                       ([upstream.mint.find]), or a header field that makes asking twice harmless \
                       (upstream.mint.create.idempotency_header)";
        warnings.push(warning.to_owned());
    }
    if state.to_revoke > 0 {
        warnings.push(format!(
            "upstream.mint: {} keys of connections that have ended are not revoked at the API yet; \
             it is tried again",
            state.to_revoke
        ));
    }
    if state.intended > 0 {
        warnings.push(format!(
            "upstream.mint: {} keys were asked for at the API when a server ended; those that were \
             made are found and revoked",
            state.intended
        ));
    }
    Ok(warnings)
}

/// Checks that the refresh tokens of the identity provider can be opened.
///
/// # Errors
/// Where there are some that cannot.
async fn provider_tokens(accounts: &Accounts) -> Result<(), StartError> {
    let Some(provider) = &accounts.provider else {
        return Ok(());
    };
    let store = &accounts.services.store;
    let sealed_with = store.provider_tokens_sealed_with().await?;
    let Some(unknown) = provider.missing_key(&sealed_with) else {
        return Ok(());
    };
    let message = format!(
        "tokens of the provider in the store are sealed with `{unknown}`, which is not here; add it below the \
         one that is to seal from now on"
    );
    Err(ConfigError::new("identity.sealing_keys", message).into())
}

/// What the operator should do before people can connect: which workspaces wait for a link.
async fn unlinked(accounts: &Accounts, is_new: bool) -> Result<Option<String>, StoreError> {
    let Some(rule) = accounts.link_required else {
        return Ok(None);
    };
    if is_new {
        return Ok(accounts.first_workspace.is_none().then(|| {
            format!(
                "upstream.workspace is not set, so that the first account's workspace is not \
                 linked to one of the API's, so that it takes no connections. Set `workspace` under \
                 [upstream] to the API's id of it before the account is made, or afterwards run \
                 `{}` with the id that `workspaces` lists",
                rule.command("ID")
            )
        }));
    }
    let workspaces = accounts.services.store.all_workspaces().await?;
    let unlinked = workspaces.iter().filter(|it| it.upstream_id.is_none());
    Ok(match unlinked.count() {
        0 => None,
        number => Some(format!(
            "{number} of {} workspaces are not linked to one of the API's, so that calls for them \
             are refused: `workspaces` lists them, `{}` links one. For an API without tenants, set \
             workspaces = \"unscoped\" under [accounts]",
            workspaces.len(),
            rule.command("ID")
        )),
    })
}

/// In mock mode, addresses of members of the first workspaces.
async fn some_addresses(store: &dyn Store, mock: bool) -> Result<Vec<String>, StoreError> {
    const MOST: usize = 3;

    if !mock {
        return Ok(Vec::new());
    }
    let mut addresses = BTreeSet::new();
    for workspace in store.all_workspaces().await?.iter().take(MOST) {
        let members = store.members(&workspace.id).await?.into_iter().take(MOST);
        addresses.extend(members.map(|member| member.person.email));
    }
    Ok(addresses.into_iter().take(MOST).collect())
}

/// The most that a connection may be allowed.
fn most_access(config: &Config) -> Access {
    match config.server.read_only {
        true => Access::Read,
        false => Access::Write,
    }
}

/// How long what is over is kept.
fn retention(settings: &StoreSettings) -> Retention {
    Retention {
        audit: Duration::from_hours(24 * settings.audit_days),
        ended_grants: Duration::from_hours(24 * settings.ended_key_days),
    }
}

fn show(accounts: &Accounts, connect: &Connect) -> Response {
    accounts.pages.show(StatusCode::OK, connect)
}
