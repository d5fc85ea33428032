//! How much the calls of a workspace came to.

use std::time::SystemTime;

/// What the calls of a workspace came to on one day (UTC). A call belongs to the day on which it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UsageDay {
    /// The first moment of the day.
    pub(crate) day: SystemTime,
    /// Calls, whatever became of them.
    pub(crate) calls: u64,
    /// Calls that did not succeed.
    pub(crate) failed: u64,
    /// What the calls cost of a quota.
    pub(crate) cost: u64,
}
