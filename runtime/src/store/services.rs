//! What a part of the server works with: what lasts, the time, and randomness.

use std::fmt;
use std::sync::Arc;

use super::Store;
use crate::clock::Clock;
use crate::random::Random;

/// The store, the clock and the source of random bytes. Cloning it is cheap.
#[derive(Clone)]
pub(crate) struct Services {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
}

impl fmt::Debug for Services {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Services").finish_non_exhaustive()
    }
}
