//! How much of this server calls take at once: how many run, and how much memory the large ones use.

mod in_flight;
pub(crate) mod memory;

use std::fmt::Debug;

pub(crate) use in_flight::{InFlight, RunningCall, TooMany};
pub(crate) use memory::{Account, Memory, Room, Size};

/// The owner of a share of the capacity: a connection, which is one grant.
pub(crate) trait Owner: Debug + Send + Sync {
    /// Distinguishes the owners.
    fn id(&self) -> &str;
}

#[cfg(test)]
impl Owner for &'static str {
    fn id(&self) -> &str {
        self
    }
}
