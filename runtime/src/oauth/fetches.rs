//! Which documents of clients are fetched. Anybody can have one fetched by naming it, so that each
//! network and each site has its own budget, what failed is not tried again at once, and requests that
//! name the same document wait for one fetch. The documents of the known assistants are fetched
//! however many others are asked for.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use super::publisher::Publishers;
use crate::limit::{Common, Rate, Source, Sources};
use crate::model::{ClientId, Refused};

/// Documents that are fetched because of one address.
const OF_ADDRESS: Rate = Rate::new(20, Duration::from_secs(6));
/// Documents that are fetched from one site.
const OF_SITE: Rate = Rate::new(240, Duration::from_millis(500));
/// Documents that are fetched.
const ALL: Rate = Rate::new(1200, Duration::from_millis(100));
/// How long a document that could not be had is not asked for again.
const FAILED: Duration = Duration::from_secs(30);
/// The most sites, failures and waits that are remembered.
const MOST: usize = 10_000;

/// What is remembered of fetches.
pub(super) struct Fetches {
    sources: Sources,
    sites: Common<String>,
    all: Common,
    state: Mutex<State>,
}

struct State {
    failed: LruCache<ClientId, SystemTime>,
    flights: LruCache<ClientId, Arc<tokio::sync::Mutex<()>>>,
}

/// Why a document is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FetchRefused {
    /// It could not be had a moment ago.
    #[error("it could not be had a moment ago")]
    Failed,
    /// Too many are asked for: from one network, of one site, or all in all.
    #[error("too many documents are asked for just now")]
    Busy(Refused),
}

impl fmt::Debug for Fetches {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fetches").finish_non_exhaustive()
    }
}

impl Default for Fetches {
    fn default() -> Fetches {
        Fetches {
            sources: Sources::new(OF_ADDRESS),
            sites: Common::new(OF_SITE, MOST),
            all: Common::new(ALL, 1),
            state: Mutex::new(State {
                failed: LruCache::new(MOST),
                flights: LruCache::new(MOST),
            }),
        }
    }
}

impl Fetches {
    /// The holder of the lock fetches this document.
    pub(super) fn flight(&self, client_id: &ClientId) -> Arc<tokio::sync::Mutex<()>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = state.flights.get(client_id) {
            return Arc::clone(flight);
        }
        let flight = Arc::default();
        state.flights.insert(client_id.clone(), Arc::clone(&flight));
        flight
    }

    /// Takes one fetch of a document at `site`, because of a request from `source`.
    ///
    /// # Errors
    /// Where it is not asked for.
    pub(super) fn take(
        &self,
        client_id: &ClientId,
        site: &str,
        source: &Source,
        now: SystemTime,
    ) -> Result<(), FetchRefused> {
        let failed = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.failed.get(client_id).copied()
        };
        if failed.is_some_and(|failed| failed <= now && now < failed + FAILED) {
            return Err(FetchRefused::Failed);
        }
        // Of these there are few, and each is fetched again only when it is no longer fresh.
        if Publishers::embedded().publish(client_id.as_str()) {
            return Ok(());
        }
        let taken = self
            .sources
            .take(source, 1, now)
            .map_err(FetchRefused::Busy)?;
        let site = site.to_owned();
        let of_site = self.sites.take(site, taken.standing, 1, now);
        of_site.map_err(FetchRefused::Busy)?;
        let of_all = self.all.take((), taken.standing, 1, now);
        of_all.map_err(FetchRefused::Busy)
    }

    /// Notes that a document could not be had.
    pub(super) fn failed(&self, client_id: &ClientId, now: SystemTime) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed.insert(client_id.clone(), now);
    }
}
