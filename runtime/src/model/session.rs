//! Browser sessions.

use std::time::SystemTime;

use super::{Person, bounds, id};

id!(
    /// Id of a browser session; not its secret.
    SessionId,
    "ses"
);

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) person: Person,
    /// Which browser it is, as far as it tells.
    pub(crate) browser: String,
    pub(crate) created: SystemTime,
    pub(crate) last_seen: SystemTime,
    /// When the person last gave their password in it.
    pub(crate) confirmed: SystemTime,
}

impl Session {
    /// Returns whether a request is noted as the last one in the session: once a minute is enough.
    pub(crate) fn is_to_be_noted(&self, now: SystemTime) -> bool {
        let since = now.duration_since(self.last_seen);
        since.is_ok_and(|since| since > bounds::SESSION_NOTED)
    }
}
