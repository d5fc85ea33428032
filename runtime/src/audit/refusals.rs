//! How often refusals are recorded: a client that repeats a refused call in a loop would fill the
//! spool, which refuses the calls of all others then.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use crate::model::GrantId;

/// How long no other refusal of the same kind is recorded of a grant.
const PAUSE: Duration = Duration::from_secs(1);

/// The most grants, each with a kind, that are remembered.
const MOST: usize = 16_384;

/// When a refusal of each kind was last recorded of a grant.
#[derive(Debug)]
pub(super) struct Refusals(Mutex<LruCache<(GrantId, String), SystemTime>>);

impl Refusals {
    pub(super) fn new() -> Refusals {
        Refusals(Mutex::new(LruCache::new(MOST)))
    }

    /// Returns true where a refusal of a grant is to be recorded: at most one of each kind in a
    /// second.
    pub(super) fn is_due(&self, grant: &GrantId, kind: &str, now: SystemTime) -> bool {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (grant.clone(), kind.to_owned());
        // A clock that was set back does not silence the record.
        let since = recorded
            .get(&key)
            .and_then(|last| now.duration_since(*last).ok());
        let is_due = since.is_none_or(|since| since >= PAUSE);
        if is_due {
            recorded.insert(key, now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusal_is_due_once_a_second_for_each_grant_and_kind() {
        let refusals = Refusals::new();
        let at = |millis| SystemTime::UNIX_EPOCH + Duration::from_millis(millis);
        let (one, other) = (GrantId::stored("one"), GrantId::stored("other"));
        let due = |grant, kind, millis| refusals.is_due(grant, kind, at(millis));
        assert!(due(&one, "rate_limited", 5_000));
        assert!(!due(&one, "rate_limited", 5_999));
        assert!(due(&one, "forbidden", 5_999));
        assert!(due(&other, "rate_limited", 5_999));
        assert!(due(&one, "rate_limited", 6_000));
        assert!(due(&one, "rate_limited", 1_000), "the clock was set back");
    }
}
