//! Rates of calls: each grant has one, and all grants of a workspace together have one.

use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use super::bucket::{Rate, Tokens};
use crate::clock::Clock;
use crate::model::{Grant, GrantId, WorkspaceId, retry_after};

/// The most grants, and the most workspaces, that are remembered.
const MOST: usize = 65_536;
/// How many buckets that are full again are dropped when one is added.
const DROPPED: usize = 2;
const MINUTE: Duration = Duration::from_mins(1);

/// How often a grant and a workspace may call. Each has a bucket with the calls of a minute, which
/// fills continuously. Only buckets that are not full are remembered, apart from a few.
#[derive(Debug)]
pub(crate) struct CallRates {
    grant: Rate,
    workspace: Rate,
    clock: Arc<dyn Clock>,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    grants: Recent<GrantId>,
    workspaces: Recent<WorkspaceId>,
}

/// A rate that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateExceeded {
    /// Whether the rate is that of the whole workspace.
    pub(crate) of_workspace: bool,
    /// How many calls are allowed in a minute.
    pub(crate) limit: u32,
    wait: Duration,
}

impl RateExceeded {
    /// The time until the next call is allowed, in whole seconds.
    pub(crate) fn retry_after(self) -> u64 {
        retry_after(self.wait)
    }
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLeft {
    /// How many calls are allowed in a minute.
    pub(crate) limit: u32,
    /// How many calls are allowed at once now.
    pub(crate) remaining: u32,
    /// The time until as many as `limit` are allowed at once, in whole seconds.
    pub(crate) reset: u64,
}

impl CallRates {
    /// Rates of so many calls a minute. 0 is taken as 1.
    pub(crate) fn new(grant: u32, workspace: u32, clock: Arc<dyn Clock>) -> CallRates {
        CallRates {
            grant: a_minute(grant),
            workspace: a_minute(workspace),
            clock,
            buckets: Mutex::new(Buckets {
                grants: Recent::new(),
                workspaces: Recent::new(),
            }),
        }
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call of a grant, for the grant and its workspace. One that is refused is counted
    /// for neither.
    ///
    /// # Errors
    /// Where one of the rates is used up: the one that takes longer to allow another call.
    pub(crate) fn count(&self, grant: &Grant) -> Result<(), RateExceeded> {
        let now = self.clock.now();
        let mut buckets = self.buckets();
        let mut of_grant = buckets.grants.tokens(&grant.id, self.grant);
        let mut of_workspace = buckets.workspaces.tokens(&grant.workspace, self.workspace);
        let waits = (
            of_grant.check(self.grant, 1, 0, now).err(),
            of_workspace.check(self.workspace, 1, 0, now).err(),
        );
        let (by_workspace, rate, wait) = match waits {
            (None, None) => {
                of_grant.take(1);
                of_workspace.take(1);
                buckets.grants.keep(&grant.id, of_grant, self.grant, now);
                let (workspaces, id) = (&mut buckets.workspaces, &grant.workspace);
                workspaces.keep(id, of_workspace, self.workspace, now);
                return Ok(());
            }
            (own, Some(wait)) if own.is_none_or(|own| own < wait) => (true, self.workspace, wait),
            (own, _) => (false, self.grant, own.unwrap_or_default()),
        };
        Err(RateExceeded {
            of_workspace: by_workspace,
            limit: rate.burst,
            wait,
        })
    }

    /// Returns what is left of the rate of a workspace.
    pub(crate) fn left(&self, workspace: &WorkspaceId) -> RateLeft {
        let (rate, now) = (self.workspace, self.clock.now());
        let mut tokens = self.buckets().workspaces.tokens(workspace, rate);
        let (used, wait) = tokens.missing(rate, now);
        RateLeft {
            limit: rate.burst,
            remaining: rate.burst.saturating_sub(used),
            reset: wait.as_secs() + u64::from(wait.subsec_nanos() > 0),
        }
    }
}

fn a_minute(calls: u32) -> Rate {
    let calls = calls.max(1);
    Rate::new(calls, MINUTE / calls)
}

/// Buckets by key, the one that was used the longest ago first.
#[derive(Debug)]
struct Recent<K: Eq + Hash>(LruCache<K, Tokens>);

impl<K: Clone + Eq + Hash> Recent<K> {
    fn new() -> Recent<K> {
        Recent(LruCache::new(MOST))
    }

    /// Returns the tokens of a key: those of a full bucket, where the key is not remembered.
    fn tokens(&self, key: &K, rate: Rate) -> Tokens {
        let tokens = self.0.peek(key).copied();
        tokens.unwrap_or_else(|| Tokens::full(rate))
    }

    /// Remembers the tokens of a key.
    fn keep(&mut self, key: &K, tokens: Tokens, rate: Rate, now: SystemTime) {
        if let Some(kept) = self.0.get_mut(key) {
            *kept = tokens;
            return;
        }
        self.drop_full(rate, now);
        self.0.insert(key.clone(), tokens);
    }

    /// Drops the buckets used the longest ago that are full again, a few at a time.
    fn drop_full(&mut self, rate: Rate, now: SystemTime) {
        for _ in 0..DROPPED {
            let oldest = self.0.iter().next().map(|(_, tokens)| *tokens);
            if oldest.is_none_or(|mut tokens| tokens.missing(rate, now).0 > 0) {
                return;
            }
            self.0.remove_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::model::{ClientId, PersonId};

    #[derive(Debug, Default)]
    struct Seconds(AtomicU64);

    impl Clock for Seconds {
        fn now(&self) -> SystemTime {
            UNIX_EPOCH
                + Duration::from_hours(12)
                + Duration::from_secs(self.0.load(Ordering::SeqCst))
        }
    }

    fn grant(id: &str, workspace: &str) -> Grant {
        Grant {
            id: GrantId::stored(id),
            person: PersonId::stored("person"),
            workspace: WorkspaceId::stored(workspace),
            client_id: ClientId::stored("client".to_owned()),
            upstream_key: None,
        }
    }

    fn counted(rates: &CallRates, grant: &Grant, times: u32) -> u32 {
        let counted = |_: &u32| rates.count(grant).is_ok();
        (0..times).filter(counted).count().try_into().unwrap()
    }

    #[test]
    fn grant_that_has_used_up_its_rate_leaves_the_rest_of_the_workspace_to_others() {
        let rates = CallRates::new(10, 15, Arc::new(Seconds::default()));
        assert_eq!(counted(&rates, &grant("a", "w"), 20), 10);
        assert_eq!(counted(&rates, &grant("b", "w"), 20), 5);
        assert_eq!(counted(&rates, &grant("c", "other"), 20), 10);
        let exceeded = rates.count(&grant("a", "w")).unwrap_err();
        assert_eq!((exceeded.of_workspace, exceeded.limit), (false, 10));
        assert_eq!(exceeded.retry_after(), 6);
        let exceeded = rates.count(&grant("d", "w")).unwrap_err();
        assert_eq!((exceeded.of_workspace, exceeded.limit), (true, 15));
        assert_eq!(exceeded.retry_after(), 4);
    }

    #[test]
    fn rate_of_a_workspace_refills_continuously() {
        let clock = Arc::new(Seconds::default());
        let rates = CallRates::new(120, 120, Arc::clone(&clock) as Arc<dyn Clock>);
        let (workspace, grant) = (WorkspaceId::stored("w"), grant("a", "w"));
        let left = || {
            let left = rates.left(&workspace);
            (left.limit, left.remaining, left.reset)
        };
        assert_eq!(left(), (120, 120, 0));
        assert_eq!(counted(&rates, &grant, 121), 120);
        assert_eq!(left(), (120, 0, 60));
        clock.0.store(10, Ordering::SeqCst);
        assert_eq!(left(), (120, 20, 50));
        assert_eq!(counted(&rates, &grant, 121), 20);
        clock.0.store(3600, Ordering::SeqCst);
        assert_eq!(left(), (120, 120, 0));
    }

    #[test]
    fn grants_that_are_idle_are_dropped() {
        let clock = Arc::new(Seconds::default());
        let rates = CallRates::new(60, 60, Arc::clone(&clock) as Arc<dyn Clock>);
        for number in 0..1000 {
            clock.0.store(number * 10, Ordering::SeqCst);
            let name = number.to_string();
            rates.count(&grant(&name, &name)).unwrap();
        }
        let buckets = rates.buckets();
        assert!(buckets.grants.0.len() < 10, "{}", buckets.grants.0.len());
        assert!(buckets.workspaces.0.len() < 10);
    }
}
