//! Access tokens that were found good a moment ago, so that a burst of calls asks the store once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::model::AccessToken;
use crate::token::Digest;

/// How long a token that was found is believed to be good, where no change is counted.
const BELIEVED: Duration = Duration::from_millis(500);
/// The most tokens that are kept.
const MOST: usize = 10_000;

/// The tokens that were found since the last change.
#[derive(Debug, Default)]
pub(super) struct AccessTokens(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The count of changes before each of the tokens was looked up.
    changes: u64,
    found: HashMap<Digest, (Arc<AccessToken>, SystemTime)>,
}

impl AccessTokens {
    /// Returns what a token was found to be, unless something changed or time passed since.
    /// `changes` is the count of changes now.
    pub(super) fn get(
        &self,
        changes: u64,
        token: Digest,
        now: SystemTime,
    ) -> Option<Arc<AccessToken>> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.changes != changes {
            return None;
        }
        let (found, since) = state.found.get(&token)?;
        let fresh = *since <= now && now < *since + BELIEVED;
        let lasts = found.expires.is_none_or(|end| now < end);
        (fresh && lasts).then(|| Arc::clone(found))
    }

    /// Keeps what was looked up when `changes` was the count of changes.
    pub(super) fn put(
        &self,
        changes: u64,
        token: Digest,
        found: Arc<AccessToken>,
        now: SystemTime,
    ) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.changes > changes {
            return;
        }
        if state.changes < changes || state.found.len() >= MOST {
            state.found.clear();
            state.changes = changes;
        }
        state.found.insert(token, (found, now));
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
            recheck: None,
        })
    }

    #[test]
    fn token_is_believed_for_half_a_second_and_no_longer_than_it_lasts() {
        let after = |millis| NOON + Duration::from_millis(millis);
        let (tokens, token) = (AccessTokens::default(), Digest::of("token"));
        tokens.put(0, token, key(None), NOON);
        assert!(tokens.get(0, token, after(499)).is_some());
        assert!(tokens.get(0, token, after(500)).is_none());
        tokens.put(0, token, key(Some(after(100))), NOON);
        assert!(tokens.get(0, token, after(99)).is_some());
        assert!(tokens.get(0, token, after(100)).is_none());
    }

    #[test]
    fn token_is_looked_up_anew_after_a_change() {
        let (tokens, token) = (AccessTokens::default(), Digest::of("token"));
        tokens.put(0, token, key(None), NOON);
        assert!(tokens.get(1, token, NOON).is_none());
    }

    #[test]
    fn token_read_before_a_change_is_not_kept_after_it() {
        let (tokens, token) = (AccessTokens::default(), Digest::of("token"));
        let other = Digest::of("other");
        tokens.put(1, other, key(None), NOON);
        tokens.put(0, token, key(None), NOON);
        assert!(tokens.get(1, token, NOON).is_none());
        assert!(tokens.get(1, other, NOON).is_some());
    }

    #[test]
    fn tokens_are_bounded_in_number() {
        let tokens = AccessTokens::default();
        for number in 0..=MOST {
            let token = Digest::of(&number.to_string());
            tokens.put(0, token, key(None), NOON);
        }
        assert_eq!(tokens.0.lock().unwrap().found.len(), 1);
    }
}
