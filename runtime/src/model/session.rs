//! Browser sessions.

use std::time::SystemTime;

use super::{Device, Person, bounds, id};
use crate::token::Digest;

id!(
    /// Id of a browser session; not its secret.
    SessionId,
    "ses"
);

/// How a person showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthenticationMethod {
    /// By the password of their account.
    Password,
    /// At the identity provider.
    Provider,
}

impl AuthenticationMethod {
    /// Returns the word that the store has for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            AuthenticationMethod::Password => "password",
            AuthenticationMethod::Provider => "provider",
        }
    }

    /// The inverse of [`AuthenticationMethod::as_str`].
    pub(crate) fn parse(word: &str) -> Option<AuthenticationMethod> {
        [
            AuthenticationMethod::Password,
            AuthenticationMethod::Provider,
        ]
        .into_iter()
        .find(|method| method.as_str() == word)
    }
}

/// A session to be opened, of the person who causes it.
#[derive(Clone, Debug)]
pub(crate) struct NewSession {
    pub(crate) id: SessionId,
    /// Digest of the secret that the browser keeps.
    pub(crate) secret: Digest,
    pub(crate) method: AuthenticationMethod,
    /// Which browser it is, as far as it says.
    pub(crate) browser: String,
    /// As what the browser is recognised later.
    pub(crate) device: Device,
    /// When the person proved who they are.
    pub(crate) confirmed: SystemTime,
    /// When the session ends, whatever is asked in it.
    pub(crate) expires: SystemTime,
    /// The session at the identity provider that it came from, as a digest.
    pub(crate) provider_session: Option<Digest>,
}

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    pub(crate) person: Person,
    /// How the person signed in.
    pub(crate) method: AuthenticationMethod,
    /// Which browser it is, as far as its header fields show.
    pub(crate) browser: String,
    pub(crate) created: SystemTime,
    pub(crate) last_seen: SystemTime,
    /// When the person last proved who they are in it.
    pub(crate) confirmed: SystemTime,
}

impl Session {
    /// Returns whether a request is noted as the last one in the session: once a minute is enough.
    pub(crate) fn is_to_be_noted(&self, now: SystemTime) -> bool {
        let since = now.duration_since(self.last_seen);
        since.is_ok_and(|since| since > bounds::SESSION_NOTED)
    }
}
