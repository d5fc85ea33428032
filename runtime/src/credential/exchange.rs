//! Tokens of the API in the names of people: which is kept, and for how long. They are in the memory of
//! this server alone.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use super::mint::OpenedKey;
use super::service::place;
use crate::clock::Clock;
use crate::config::{ConfigError, ExchangeSettings, UpstreamSettings};
use crate::model::{AGENT_PREFIX, ExchangeError, ExchangedToken, Grant, GrantId};
use crate::operation::{Catalog, SecurityKind};
use crate::secret::Secret;
use crate::store::Store;
use crate::token::Digest;

/// The most connections whose tokens are kept.
const MOST: usize = 10_000;
/// How long after the provider could not be asked it is not asked for the same connection.
const PAUSE: Duration = Duration::from_secs(10);
/// How long after the provider refused a token that was to be exchanged it is not asked about that token.
const REFUSED_PAUSE: Duration = Duration::from_mins(1);
/// How often the tokens of connections that have ended are forgotten.
const TIDY: Duration = Duration::from_secs(30);

/// What exchanges the token of a person's sign-in.
#[async_trait]
pub(crate) trait TokenSource: fmt::Debug + Send + Sync {
    /// Returns a token of the API in the name of the person of a grant. `refused` is the digest of the
    /// token that the provider refused to exchange a moment ago: it is not asked about that one again.
    ///
    /// # Errors
    /// Where there is none.
    async fn token(
        &self,
        grant: &Grant,
        refused: Option<Digest>,
        request_id: &str,
    ) -> Result<ExchangedToken, ExchangeError>;
}

/// A token of the API in the name of the person of a call.
#[derive(Debug)]
pub(crate) struct PersonToken {
    pub(crate) key: OpenedKey,
    /// Whether it was issued just now.
    pub(crate) is_new: bool,
}

/// The tokens of the API in the names of people, by their connections.
pub(crate) struct Exchange {
    scheme: &'static str,
    clock: Arc<dyn Clock>,
    source: OnceLock<Arc<dyn TokenSource>>,
    places: Mutex<HashMap<GrantId, Place>>,
}

/// The state of one connection. Who asks the provider holds the lock, so that one asks at a time.
type Place = Arc<tokio::sync::Mutex<State>>;

#[derive(Default)]
struct State {
    kept: Option<ExchangedToken>,
    /// The last failure, and when it happened.
    failed: Option<(SystemTime, ExchangeError)>,
}

impl State {
    /// Returns the last failure where it happened less than `pause` ago.
    fn failure(&self, pause: Duration, now: SystemTime) -> Option<(Duration, &ExchangeError)> {
        let (at, error) = self.failed.as_ref()?;
        // A clock that was set back makes nothing older.
        let age = now.duration_since(*at).ok()?;
        (age < pause).then(|| (pause - age, error))
    }

    /// Reports whether it says more than that of a connection that was never asked about.
    fn is_needed(&self, now: SystemTime) -> bool {
        let is_kept = self.kept.as_ref().is_some_and(|it| it.until > now);
        is_kept || self.failure(REFUSED_PAUSE, now).is_some()
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Exchange");
        debug.field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

impl Exchange {
    /// Prepares to keep tokens of the API that `catalog` describes.
    ///
    /// # Errors
    /// Where the description has no security scheme that they are for, or another credential is configured
    /// for it.
    pub(crate) fn new(
        catalog: &'static Catalog,
        upstream: &UpstreamSettings,
        settings: &ExchangeSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Exchange, ConfigError> {
        let scheme = scheme(catalog, settings)
            .map_err(|message| ConfigError::new("upstream.exchange.scheme", message))?;
        if upstream.credentials.contains_key(scheme) {
            let message = "is for calls without a person, and upstream.exchange has each call carry a \
                           token of its person for this scheme; remove one of the two";
            let key = format!("upstream.credentials.{scheme}");
            return Err(ConfigError::new(key, message));
        }
        Ok(Exchange {
            scheme,
            clock,
            source: OnceLock::new(),
            places: Mutex::default(),
        })
    }

    /// Has tokens come from `source`. Until then, there are none.
    pub(crate) fn take_from(&self, source: Arc<dyn TokenSource>) {
        let _ = self.source.set(source);
    }

    /// The security scheme that the tokens are for.
    pub(crate) fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Returns a token in the name of the person of a grant.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) async fn token(
        &self,
        grant: &Grant,
        request_id: &str,
    ) -> Result<PersonToken, ExchangeError> {
        if grant.client_id.as_str().starts_with(AGENT_PREFIX) {
            return Err(ExchangeError::Agent);
        }
        let place = self.place(&grant.id);
        let mut state = place.lock().await;
        let now = self.clock.now();
        if let Some(kept) = state.kept.as_ref().filter(|it| it.until > now) {
            return opened(&kept.token, false);
        }
        state.kept = None;
        if let Some((rest, ExchangeError::Unavailable { .. })) = state.failure(PAUSE, now) {
            return Err(ExchangeError::Unavailable {
                retry_after_seconds: rest.as_secs() + u64::from(rest.subsec_nanos() > 0),
            });
        }
        let refusal = match state.failure(REFUSED_PAUSE, now) {
            Some((_, error @ ExchangeError::Refused { subject, .. })) => {
                Some((*subject, error.clone()))
            }
            _ => None,
        };
        let unavailable = ExchangeError::Unavailable {
            retry_after_seconds: PAUSE.as_secs(),
        };
        let source = self.source.get().ok_or(unavailable)?;
        let refused = refusal.as_ref().map(|(subject, _)| *subject);
        match (source.token(grant, refused, request_id).await, refusal) {
            (Ok(issued), _) => {
                let opened = opened(&issued.token, true)?;
                *state = State {
                    kept: Some(issued),
                    failed: None,
                };
                Ok(opened)
            }
            (Err(ExchangeError::Refused { subject, .. }), Some((refused, error)))
                if subject == refused =>
            {
                Err(error)
            }
            (Err(error), _) => {
                state.failed = Some((now, error.clone()));
                Err(error)
            }
        }
    }

    /// Forgets a token that the API does not accept.
    pub(crate) async fn forget(&self, grant: &GrantId, token: &Secret) {
        let place = self.places().get(grant).cloned();
        let Some(place) = place else {
            return;
        };
        let mut state = place.lock().await;
        if state.kept.as_ref().is_some_and(|it| it.token == *token) {
            state.kept = None;
        }
    }

    /// Forgets the tokens of grants that have ended, now and then, until the server ends.
    pub(crate) async fn keep_tidy(
        self: Arc<Exchange>,
        store: Arc<dyn Store>,
        stopped: CancellationToken,
    ) {
        let mut ticks = tokio::time::interval(TIDY);
        while stopped.run_until_cancelled(ticks.tick()).await.is_some() {
            let grants: Vec<GrantId> = self.places().keys().cloned().collect();
            if grants.is_empty() {
                continue;
            }
            match store.live_grants(&grants).await {
                Ok(live) => self.retain(&grants, &live),
                Err(error) => {
                    tracing::warn!(%error, "tokens of connections that ended are not forgotten yet");
                }
            }
        }
    }

    /// Forgets those of `grants` that are not `live`, and what says nothing any more.
    fn retain(&self, grants: &[GrantId], live: &[GrantId]) {
        let live: HashSet<&GrantId> = live.iter().collect();
        let mut ended: HashSet<&GrantId> = grants.iter().collect();
        ended.retain(|grant| !live.contains(grant));
        let now = self.clock.now();
        self.places()
            .retain(|grant, place| is_in_use(place, now) && !ended.contains(grant));
    }

    fn place(&self, grant: &GrantId) -> Place {
        let mut places = self.places();
        if let Some(place) = places.get(grant) {
            return Arc::clone(place);
        }
        if places.len() >= MOST {
            let now = self.clock.now();
            places.retain(|_, place| is_in_use(place, now));
        }
        let place = Place::default();
        if places.len() < MOST {
            places.insert(grant.clone(), Arc::clone(&place));
        }
        place
    }

    fn places(&self) -> MutexGuard<'_, HashMap<GrantId, Place>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports whether a call holds a place, or what is in it says something.
fn is_in_use(place: &Place, now: SystemTime) -> bool {
    let is_needed = |state: tokio::sync::MutexGuard<'_, State>| state.is_needed(now);
    place.try_lock().map_or(true, is_needed)
}

/// Returns a token as a call carries it.
fn opened(token: &Secret, is_new: bool) -> Result<PersonToken, ExchangeError> {
    let placed = place(SecurityKind::Bearer, None, token);
    let placed = placed.map_err(|_| {
        ExchangeError::Misconfigured("the token cannot be a bearer token of a header".to_owned())
    })?;
    Ok(PersonToken {
        key: OpenedKey {
            placed,
            secret: token.clone(),
        },
        is_new,
    })
}

/// Finds the security scheme that the tokens are for.
fn scheme(catalog: &'static Catalog, settings: &ExchangeSettings) -> Result<&'static str, String> {
    let schemes = catalog.security_schemes.iter();
    let bearer = schemes.filter(|scheme| matches!(scheme.kind, SecurityKind::Bearer));
    let bearer: Vec<&'static str> = bearer.map(|scheme| scheme.name).collect();
    match (&settings.scheme, bearer.as_slice()) {
        (_, []) => Err(
            "the API has no security scheme that is sent as `Authorization: Bearer`, so that no call \
             can carry the token of a person"
                .to_owned(),
        ),
        (None, [one]) => Ok(one),
        (None, several) => Err(format!(
            "is not set, and the API has several security schemes that are sent as `Authorization: \
             Bearer`; write one of these: {}",
            several.join(", ")
        )),
        (Some(name), known) => match known.iter().find(|it| *it == name) {
            Some(found) => Ok(found),
            None => Err(format!(
                "the API has no security scheme `{name}` that is sent as `Authorization: Bearer`; write \
                 one of these: {}",
                known.join(", ")
            )),
        },
    }
}

#[cfg(test)]
mod tests;
