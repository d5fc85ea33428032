//! Refusals of what is asked for too often.

use std::time::Duration;

/// What a budget was not enough for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// One browser or person.
    Browser,
    /// One agent.
    Agent,
    /// The address that the request came from, and those around it.
    Network,
    /// Everybody.
    Everybody,
}

/// A budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Whose budget it is.
    pub(crate) whose: Whose,
    /// How long it takes until there is enough again.
    pub(crate) wait: Duration,
}

impl Refused {
    /// When to try again, in whole seconds.
    pub(crate) fn retry_after(self) -> u64 {
        retry_after(self.wait)
    }
}

/// A wait in whole seconds, as `Retry-After` has it.
pub(crate) fn retry_after(wait: Duration) -> u64 {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    whole.max(1)
}

/// What was tried too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitReason {
    /// The account, from this browser or network.
    Pair,
    /// The account, from browsers and networks that it does not know.
    Account,
    /// Accounts, from this network.
    Network,
}
