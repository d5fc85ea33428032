//! Circuit breakers: calls that fail at once while a host of the API fails all of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;
use url::Url;

use crate::clock::Clock;
use crate::config::CircuitBreakerSettings;
use crate::operation::Operation;
use crate::upstream::server::Servers;

/// The most workspaces with failures that a breaker remembers.
const WORKSPACES: usize = 1_000;
/// How long a call waits for the outcome of the one that tries the API, at least.
const TRYING: Duration = Duration::from_secs(1);

/// What became of an attempt, as a breaker sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// No connection to the host can be made.
    Unreachable,
    /// The API did not handle the request or did not answer, or it or a gateway answered that it
    /// cannot.
    Failed,
    /// The API answered.
    Answered,
}

/// The breaker of each host.
#[derive(Debug)]
pub(super) struct Breakers {
    common: Arc<Breaker>,
    /// Those of operations with servers of their own, by tool name.
    own: BTreeMap<&'static str, Arc<Breaker>>,
}

impl Breakers {
    pub(super) fn new(
        servers: &Servers,
        settings: &CircuitBreakerSettings,
        clock: &Arc<dyn Clock>,
    ) -> Breakers {
        let mut hosts: BTreeMap<String, Arc<Breaker>> = BTreeMap::new();
        let mut shared = |url: &Url| {
            let host = url.origin().ascii_serialization();
            let breaker = hosts.entry(host).or_insert_with_key(|host| {
                let (settings, clock) = (settings.clone(), Arc::clone(clock));
                Arc::new(Breaker::new(host.clone(), settings, clock))
            });
            Arc::clone(breaker)
        };
        Breakers {
            common: shared(servers.common()),
            own: servers
                .own()
                .map(|(name, url)| (name, shared(url)))
                .collect(),
        }
    }

    /// The breaker of the host that an operation goes to.
    pub(super) fn of(&self, operation: &Operation) -> &Breaker {
        let own = match self.own.is_empty() {
            true => None,
            false => self.own.get(operation.name),
        };
        own.unwrap_or(&self.common)
    }
}

/// The breaker of one host.
///
/// It has one circuit for the host, which opens where the host cannot be reached, and one for each
/// workspace, which opens where the calls of the workspace fail: a workspace whose requests make the
/// API fail takes the API away from itself alone.
#[derive(Debug)]
pub(super) struct Breaker {
    host: String,
    settings: CircuitBreakerSettings,
    clock: Arc<dyn Clock>,
    /// True while no circuit counts a failure, which is nearly always: nothing is locked then.
    is_calm: AtomicBool,
    circuits: Mutex<Circuits>,
}

#[derive(Debug)]
struct Circuits {
    host: Circuit,
    /// Those that count a failure.
    workspaces: LruCache<Box<str>, Circuit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circuit {
    /// Calls are made. So many failed in a row.
    Closed { failures: u32 },
    /// No call is made until then.
    Open { until: SystemTime },
    /// One call tries whether the API answers again.
    HalfOpen,
}

impl Circuit {
    const CLOSED: Circuit = Circuit::Closed { failures: 0 };

    /// Returns how long no call is made, where none is made now.
    fn wait(self, open: Duration, now: SystemTime) -> Option<Duration> {
        match self {
            Circuit::Closed { .. } => None,
            Circuit::HalfOpen => Some(TRYING),
            Circuit::Open { until } => {
                let left = until.duration_since(now).unwrap_or_default();
                // A clock that was set back does not keep a circuit open.
                (!left.is_zero() && left <= open).then_some(left)
            }
        }
    }

    /// Lets a call through. Returns true where the call tries the API.
    fn enter(&mut self) -> bool {
        let tries = matches!(self, Circuit::Open { .. });
        if tries {
            *self = Circuit::HalfOpen;
        }
        tries
    }

    /// Counts a failure. Returns true where it opens the circuit.
    fn fail(&mut self, most: u32, until: SystemTime) -> bool {
        let opens = match self {
            Circuit::Closed { failures } => {
                *failures = failures.saturating_add(1);
                *failures >= most
            }
            Circuit::HalfOpen => true,
            // A call that began before the circuit opened.
            Circuit::Open { .. } => false,
        };
        if opens {
            *self = Circuit::Open { until };
        }
        opens
    }
}

/// A call that a breaker let through. Where it is dropped without an outcome, the next call tries
/// the API in its place.
#[derive(Debug)]
pub(super) struct Permit<'b> {
    breaker: &'b Breaker,
    workspace: &'b str,
    tries_host: bool,
    tries_workspace: bool,
}

impl Breaker {
    fn new(host: String, settings: CircuitBreakerSettings, clock: Arc<dyn Clock>) -> Breaker {
        Breaker {
            host,
            settings,
            clock,
            is_calm: AtomicBool::new(true),
            circuits: Mutex::new(Circuits {
                host: Circuit::CLOSED,
                workspaces: LruCache::new(WORKSPACES),
            }),
        }
    }

    /// Lets a call of a workspace through.
    ///
    /// # Errors
    /// Where a circuit is open: how long it stays so.
    pub(super) fn enter<'b>(&'b self, workspace: &'b str) -> Result<Permit<'b>, Duration> {
        let mut permit = Permit {
            breaker: self,
            workspace,
            tries_host: false,
            tries_workspace: false,
        };
        if self.is_calm.load(Ordering::Relaxed) {
            return Ok(permit);
        }
        let (now, open) = (self.clock.now(), self.open());
        let mut circuits = self.circuits();
        let own = circuits.workspaces.get(workspace).copied();
        let own = own.and_then(|circuit| circuit.wait(open, now));
        if let Some(wait) = circuits.host.wait(open, now).max(own) {
            return Err(wait);
        }
        permit.tries_host = circuits.host.enter();
        let own = circuits.workspaces.get_mut(workspace);
        permit.tries_workspace = own.is_some_and(Circuit::enter);
        Ok(permit)
    }

    fn circuits(&self) -> MutexGuard<'_, Circuits> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Duration {
        Duration::from_secs(self.settings.open_seconds)
    }

    fn note(&self, workspace: &str, health: Health) {
        if self.settings.failures == 0
            || health == Health::Answered && self.is_calm.load(Ordering::Relaxed)
        {
            return;
        }
        let (most, host) = (self.settings.failures, &self.host);
        let until = self.clock.now() + self.open();
        let mut circuits = self.circuits();
        match health {
            Health::Unreachable => {
                self.is_calm.store(false, Ordering::Relaxed);
                if circuits.host.fail(most, until) {
                    tracing::warn!(host, "the API cannot be reached: the circuit is open");
                }
            }
            Health::Failed => {
                self.is_calm.store(false, Ordering::Relaxed);
                circuits.host = Circuit::CLOSED;
                let own = circuits.workspaces.entry(workspace.into());
                let own = own.or_insert(Circuit::CLOSED);
                if own.fail(most, until) {
                    let message = "calls of a workspace fail: its circuit is open";
                    tracing::warn!(host, workspace, "{message}");
                }
            }
            Health::Answered => {
                circuits.host = Circuit::CLOSED;
                let closed = circuits.workspaces.remove(workspace);
                if matches!(closed, Some(Circuit::HalfOpen)) {
                    tracing::info!(host, workspace, "the API answers again");
                }
            }
        }
        let is_calm = circuits.host == Circuit::CLOSED && circuits.workspaces.is_empty();
        self.is_calm.store(is_calm, Ordering::Relaxed);
    }

    /// Opens the circuits again that a call tried and has no outcome for, until the next call.
    fn abandon(&self, permit: &Permit<'_>) {
        let now = self.clock.now();
        let reopen = |circuit: &mut Circuit| {
            if *circuit == Circuit::HalfOpen {
                *circuit = Circuit::Open { until: now };
            }
        };
        let mut circuits = self.circuits();
        if permit.tries_host {
            reopen(&mut circuits.host);
        }
        if let Some(own) = circuits.workspaces.get_mut(permit.workspace)
            && permit.tries_workspace
        {
            reopen(own);
        }
    }
}

impl Permit<'_> {
    /// Reports what became of the call.
    pub(super) fn settle(mut self, health: Health) {
        self.breaker.note(self.workspace, health);
        if health == Health::Unreachable && self.tries_workspace {
            self.breaker.abandon(&self);
        }
        (self.tries_host, self.tries_workspace) = (false, false);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.tries_host || self.tries_workspace {
            self.breaker.abandon(self);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    #[derive(Debug, Default)]
    struct Seconds(AtomicU64);

    impl Clock for Seconds {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    fn breaker() -> (Breaker, Arc<Seconds>) {
        let clock = Arc::new(Seconds(AtomicU64::new(1_000)));
        let settings = CircuitBreakerSettings {
            failures: 2,
            open_seconds: 10,
        };
        let breaker = Breaker::new("http://api".to_owned(), settings, clock.clone());
        (breaker, clock)
    }

    fn ends(breaker: &Breaker, workspace: &str, health: Health) {
        breaker.enter(workspace).unwrap().settle(health);
    }

    #[test]
    fn failing_answers_open_the_circuit_of_one_workspace() {
        let (breaker, _) = breaker();
        for _ in 0..2 {
            ends(&breaker, "a", Health::Failed);
        }
        assert_eq!(breaker.enter("a").unwrap_err(), Duration::from_secs(10));
        ends(&breaker, "b", Health::Answered);
        assert!(breaker.enter("a").is_err());
    }

    #[test]
    fn unreachable_host_opens_the_circuit_of_all_workspaces() {
        let (breaker, _) = breaker();
        ends(&breaker, "a", Health::Unreachable);
        ends(&breaker, "b", Health::Unreachable);
        assert!(breaker.enter("c").is_err());
    }

    #[test]
    fn answer_between_failures_starts_the_count_again() {
        let (breaker, _) = breaker();
        for health in [Health::Failed, Health::Answered, Health::Failed] {
            ends(&breaker, "a", health);
        }
        ends(&breaker, "a", Health::Answered);
        assert!(breaker.is_calm.load(Ordering::Relaxed));
    }

    #[test]
    fn one_call_at_a_time_tries_an_open_circuit() {
        let (breaker, clock) = breaker();
        for _ in 0..2 {
            ends(&breaker, "a", Health::Failed);
        }
        clock.0.fetch_add(10, Ordering::Relaxed);
        let trying = breaker.enter("a").unwrap();
        assert_eq!(breaker.enter("a").unwrap_err(), TRYING);
        // Its caller went away: the next call tries in its place.
        drop(trying);
        let trying = breaker.enter("a").unwrap();
        trying.settle(Health::Answered);
        assert!(breaker.is_calm.load(Ordering::Relaxed));
    }

    #[test]
    fn clock_that_is_set_back_keeps_no_circuit_open() {
        let (breaker, clock) = breaker();
        for _ in 0..2 {
            ends(&breaker, "a", Health::Failed);
        }
        clock.0.store(500, Ordering::Relaxed);
        assert!(breaker.enter("a").is_ok());
    }

    #[test]
    fn breaker_without_a_bound_never_opens() {
        let (mut breaker, _) = breaker();
        breaker.settings.failures = 0;
        for _ in 0..20 {
            ends(&breaker, "a", Health::Failed);
        }
    }
}
