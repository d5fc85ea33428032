//! Access tokens that were found good a moment ago, so that a burst of calls asks the database once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::model::AccessToken;
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
    found: HashMap<Digest, (Arc<AccessToken>, SystemTime)>,
}

impl Recent {
    /// The key of a token, if it was just looked up.
    pub(super) fn get(&self, token: Digest, now: SystemTime) -> Option<Arc<AccessToken>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, since) = state.found.get(&token)?;
        let fresh = *since <= now && now < *since + BELIEVED;
        let lasts = key.expires.is_none_or(|end| now < end);
        (fresh && lasts).then(|| Arc::clone(key))
    }

    /// How many changes there were: what is looked up now may be kept as long as there is no more.
    pub(super) fn changes(&self) -> u64 {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .changes
    }

    /// Keeps what was looked up after `changes`.
    pub(super) fn put(&self, changes: u64, token: Digest, key: Arc<AccessToken>, now: SystemTime) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.changes != changes {
            return;
        }
        if state.found.len() >= MOST {
            state.found.clear();
        }
        state.found.insert(token, (key, now));
    }

    /// Forgets everything: something was changed.
    pub(super) fn forget(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.changes += 1;
        state.found.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::model::{
        ClientId, Grant, GrantId, PersonId, ResourceIndicator, Scopes, Workspace, WorkspaceId,
    };

    const NOON: SystemTime = UNIX_EPOCH;

    fn key(expires: Option<SystemTime>) -> Arc<AccessToken> {
        let grant = Grant {
            id: GrantId::stored("key_1"),
            person: PersonId::stored("usr_1"),
            workspace: WorkspaceId::stored("wsp_1"),
            client_id: ClientId::stored("client".to_owned()),
            upstream_key: None,
        };
        Arc::new(AccessToken {
            grant: Arc::new(grant),
            workspace: Workspace {
                id: WorkspaceId::stored("wsp_1"),
                name: "Studio".to_owned(),
                upstream_id: None,
                suspended: false,
            },
            resource: ResourceIndicator::stored("https://mcp.example.com/mcp".to_owned()),
            scopes: Scopes::default(),
            expires,
            last_used: None,
        })
    }

    fn put(recent: &Recent, expires: Option<SystemTime>) -> Digest {
        let token = Digest::of("token");
        recent.put(recent.changes(), token, key(expires), NOON);
        token
    }

    #[test]
    fn a_key_is_believed_for_half_a_second_and_no_longer_than_it_lasts() {
        let after = |millis| NOON + Duration::from_millis(millis);
        let recent = Recent::default();
        let token = put(&recent, None);
        assert!(recent.get(token, after(499)).is_some());
        assert!(recent.get(token, after(500)).is_none());
        let token = put(&recent, Some(after(100)));
        assert!(recent.get(token, after(99)).is_some());
        assert!(recent.get(token, after(100)).is_none());
    }

    #[test]
    fn whatever_changes_is_asked_for_anew() {
        let recent = Recent::default();
        let token = put(&recent, None);
        recent.forget();
        assert!(recent.get(token, NOON).is_none());
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let recent = Recent::default();
        let before = recent.changes();
        recent.forget();
        let token = Digest::of("token");
        recent.put(before, token, key(None), NOON);
        assert!(recent.get(token, NOON).is_none());
    }
}
