//! How much of this server calls take at once: how many run, and how much memory the large ones use.

mod in_flight;
pub(crate) mod memory;

use std::fmt::Debug;

pub(crate) use in_flight::{InFlight, MostCalls, RunningCall, TooMany};
pub(crate) use memory::{Account, Memory, Room, Size};

/// The owner of a share of the capacity: a connection, which is one grant.
pub(crate) trait Owner: Debug + Send + Sync {
    /// Distinguishes the owners.
    fn id(&self) -> &str;

    /// The workspace that the owner acts for.
    fn workspace(&self) -> &str;
}

/// A grant `ID`, or `ID@WORKSPACE`.
#[cfg(test)]
impl Owner for &'static str {
    fn id(&self) -> &str {
        self
    }

    fn workspace(&self) -> &str {
        self.split_once('@').map_or("", |(_, workspace)| workspace)
    }
}
