//! Servers in this process, their time and chance in the test's hands.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use runtime::app::{self, Environment, Server, StartError};
use runtime::clock::Clock;
use runtime::codegen::Catalog;
use runtime::config::Config;
use runtime::random::Random;

/// A clock that is still.
#[derive(Clone, Copy, Debug)]
pub struct Still(pub SystemTime);

impl Clock for Still {
    fn now(&self) -> SystemTime {
        self.0
    }
}

/// A clock that is moved by hand, from the time at which it was made.
#[derive(Debug)]
pub struct Moving {
    start: SystemTime,
    passed: AtomicU64,
}

impl Default for Moving {
    fn default() -> Moving {
        Moving {
            start: SystemTime::now(),
            passed: AtomicU64::new(0),
        }
    }
}

impl Moving {
    /// Lets so much time pass, in whole seconds.
    pub fn advance(&self, by: Duration) {
        self.passed.fetch_add(by.as_secs(), Ordering::SeqCst);
    }
}

impl Clock for Moving {
    fn now(&self) -> SystemTime {
        self.start + Duration::from_secs(self.passed.load(Ordering::SeqCst))
    }
}

/// Chance that can be foreseen: the numbers from one up, each in place of so many random bytes.
#[derive(Debug, Default)]
pub struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let next = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        bytes.fill(0);
        for (to, from) in bytes.iter_mut().rev().zip(next.to_le_bytes()) {
            *to = from;
        }
    }
}

/// Time and chance for a test: 2026-11-21T10:00:00Z, and numbers in order.
#[must_use]
pub fn environment() -> Environment {
    Environment {
        clock: Arc::new(Still(
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_255_200),
        )),
        random: Arc::new(Counting::default()),
        ..Environment::default()
    }
}

/// Serves `catalog` on a free port of this machine.
///
/// # Errors
/// As [`app::start`].
pub async fn serve(catalog: &'static Catalog, config: Config) -> Result<Server, StartError> {
    let mut config = config;
    config.server.listen.set_port(0);
    app::start(catalog, config, environment()).await
}
