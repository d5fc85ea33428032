//! What a server takes from its surroundings.

use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::http::{Fetch, GuardedFetch};
use crate::random::{Random, SystemRandom};
use crate::store::StoreFailures;

/// What comes from outside and tests replace.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Random bytes.
    pub random: Arc<dyn Random>,
    /// Where the metadata documents of clients come from.
    pub fetch: Arc<dyn Fetch>,
    /// What has the store of a server fail, for tests.
    pub store_failures: Option<Arc<dyn StoreFailures>>,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            fetch: Arc::new(GuardedFetch::default()),
            store_failures: None,
        }
    }
}
