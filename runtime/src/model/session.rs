//! Browser sessions.

use std::time::SystemTime;

use super::{Person, id};

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
