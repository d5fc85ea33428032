//! How long what is over is kept.

use std::time::Duration;

/// How long rows of what is over are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// Events.
    pub(crate) audit: Duration,
    /// Grants that have ended, for the person to see.
    pub(crate) ended_grants: Duration,
}
