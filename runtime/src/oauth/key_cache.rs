//! The keys of clients and agents that publish them, as they were last fetched.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use crate::jwt::Jwk;
use crate::model::ClientId;

/// The most clients whose keys are kept.
const MOST: usize = 1000;

/// The keys of each client, and when they were fetched.
#[derive(Debug)]
pub(super) struct KeyCache(Mutex<LruCache<ClientId, (SystemTime, Vec<Jwk>)>>);

impl Default for KeyCache {
    fn default() -> KeyCache {
        KeyCache(Mutex::new(LruCache::new(MOST)))
    }
}

impl KeyCache {
    /// Returns the keys of a client, where they were fetched at most so long ago.
    pub(super) fn get(
        &self,
        client: &ClientId,
        fresh: Duration,
        now: SystemTime,
    ) -> Option<Vec<Jwk>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (fetched, keys) = kept.get(client)?;
        (now < *fetched + fresh).then(|| keys.clone())
    }

    /// Keeps what was fetched.
    pub(super) fn put(&self, client: &ClientId, keys: &[Jwk], now: SystemTime) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(client.clone(), (now, keys.to_vec()));
    }
}
