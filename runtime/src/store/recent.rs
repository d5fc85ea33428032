//! Access tokens that were found good a moment ago, so that a burst of calls asks the database once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::oauth::model::ActiveKey;
use crate::token::Digest;

/// How long a finding is believed. What this process changes is known at once; what another one
/// on the same database changes, after this long.
const BELIEVED: Duration = Duration::from_millis(500);
/// The most findings kept.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    changes: u64,
    found: HashMap<Digest, (ActiveKey, SystemTime)>,
}

impl Recent {
    /// The key of a token, if it was just looked up.
    pub(super) fn get(&self, token: Digest, now: SystemTime) -> Option<ActiveKey> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = state.found.get(&token)?;
        let fresh = *since <= now && now < *since + BELIEVED;
        let lasts = key.expires.is_none_or(|end| now < end);
        (fresh && lasts).then(|| key.clone())
    }

    /// How many changes there were: what is looked up now may be kept as long as there is no more.
    pub(super) fn changes(&self) -> u64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .changes
    }

    /// Keeps what was looked up after `changes`.
    pub(super) fn put(&self, changes: u64, token: Digest, key: &ActiveKey, now: SystemTime) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.changes != changes {
            return;
        }
        if state.found.len() >= MOST {
            state.found.clear();
        }
        state.found.insert(token, (key.clone(), now));
    }

    /// Forgets everything: something was changed.
    pub(super) fn forget(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.changes += 1;
        state.found.clear();
    }
}
