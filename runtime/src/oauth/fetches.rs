//! Which documents of clients are fetched. Anybody can have one fetched by naming it, so that each
//! site has its own measure, what failed is not tried again at once, and requests that name the
//! same document wait for one fetch.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use super::types::ClientId;
use crate::limit::Bucket;

/// Documents that may be fetched at once, and how often one more may.
const ALL: (u32, Duration) = (120, Duration::from_millis(200));
/// The same for those of one site.
const OF_SITE: (u32, Duration) = (30, Duration::from_secs(2));
/// How long a document that could not be had is not asked for again.
const FAILED: Duration = Duration::from_secs(30);
/// The most sites, failures and waits that are remembered.
const MOST: usize = 10_000;

/// What is remembered of fetches.
pub(super) struct Fetches {
    all: Bucket,
    state: Mutex<State>,
}

struct State {
    sites: LruCache<String, Bucket>,
    failed: LruCache<ClientId, SystemTime>,
    flights: LruCache<ClientId, Arc<tokio::sync::Mutex<()>>>,
}

/// Why a document is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Held {
    /// It could not be had a moment ago.
    #[error("it could not be had a moment ago")]
    Failed,
    /// Too many are asked for, all in all or of its site.
    #[error("too many documents are asked for just now")]
    Busy,
}

impl fmt::Debug for Fetches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fetches").finish_non_exhaustive()
    }
}

impl Default for Fetches {
    fn default() -> Fetches {
        Fetches {
            all: Bucket::new(ALL.0, ALL.1),
            state: Mutex::new(State {
                sites: LruCache::new(MOST),
                failed: LruCache::new(MOST),
                flights: LruCache::new(MOST),
            }),
        }
    }
}

impl Fetches {
    /// Whoever holds the lock is the one who fetches this document.
    pub(super) fn flight(&self, client_id: &ClientId) -> Arc<tokio::sync::Mutex<()>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = state.flights.get(client_id) {
            return Arc::clone(flight);
        }
        let flight = Arc::default();
        state.flights.insert(client_id.clone(), Arc::clone(&flight));
        flight
    }

    /// Takes one fetch of a document at `site`.
    ///
    /// # Errors
    /// Where it is not asked for.
    pub(super) fn take(
        &self,
        client_id: &ClientId,
        site: &str,
        now: SystemTime,
    ) -> Result<(), Held> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = state.failed.get(client_id).copied();
        if failed.is_some_and(|failed| failed <= now && now < failed + FAILED) {
            return Err(Held::Failed);
        }
        if !state.sites.contains_key(site) {
            let bucket = Bucket::new(OF_SITE.0, OF_SITE.1);
            state.sites.insert(site.to_owned(), bucket);
        }
        let of_site = state.sites.get(site).is_some_and(|site| site.take(now));
        match of_site && self.all.take(now) {
            true => Ok(()),
            false => Err(Held::Busy),
        }
    }

    /// Notes that a document could not be had.
    pub(super) fn failed(&self, client_id: &ClientId, now: SystemTime) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.insert(client_id.clone(), now);
    }
}
