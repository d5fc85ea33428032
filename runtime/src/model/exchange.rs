//! Tokens of the API that the identity provider issues in exchange for its own (RFC 8693).

use std::time::{Duration, SystemTime};

use crate::seal::Sealed;
use crate::secret::Secret;
use crate::token::Digest;

/// The longest time before its end from which a token is not used any more.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Returns until when a token is used that was issued at `at` and is good for `lasts`: the rest, a fifth
/// and at most a minute, is for clocks that differ and for requests that take long.
pub(crate) fn used_until(at: SystemTime, lasts: Duration) -> SystemTime {
    at + (lasts - (lasts / 5).min(LONGEST_REST))
}

/// The token of the identity provider that is exchanged, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SubjectToken {
    /// The token; none where the provider issued none that can be exchanged.
    pub(crate) sealed: Option<Sealed>,
    /// Until when it is used, or, without one, until when the provider is not asked for one.
    pub(crate) until: SystemTime,
}

/// What is kept of a person's sign-in that calls in their name are made by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptSubject {
    /// The subject identifier of the person at the provider.
    pub(crate) subject: String,
    /// The token that is exchanged, where the provider was asked for one.
    pub(crate) token: Option<SubjectToken>,
    /// Whether there is a refresh token, by which the provider can be asked for another one.
    pub(crate) is_renewable: bool,
}

/// A token of the API that the identity provider issued for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ExchangedToken {
    pub(crate) token: Secret,
    /// Until when it is used.
    pub(crate) until: SystemTime,
}

/// Why a call cannot be made in the name of its person.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExchangeError {
    /// The connection is of an agent, which signs in without a person.
    #[error(
        "calls are made in the name of a person who signed in at the identity provider, and this \
         connection is an agent's; the call was not made"
    )]
    Agent,
    /// The person of the connection did not sign in at the provider, or their sign-in there has ended.
    #[error(
        "calls are made in the name of the person of this connection, who is not signed in at the \
         identity provider; the call was not made"
    )]
    NotSignedIn {
        /// The page on which they sign in.
        sign_in_url: String,
    },
    /// The provider issues no token for the person before they sign in again.
    #[error(
        "the identity provider refuses to issue a token for the person of this connection{}; the call \
         was not made", code.as_ref().map(|code| format!(" (`{code}`)")).unwrap_or_default()
    )]
    Refused {
        /// The provider's error code.
        code: Option<String>,
        /// The digest of the token that was to be exchanged.
        subject: Digest,
        /// The page on which they sign in again.
        sign_in_url: String,
    },
    /// The provider cannot be asked now.
    #[error(
        "the identity provider cannot be asked for the person's token now; the call was not made"
    )]
    Unavailable {
        /// When it is asked again.
        retry_after_seconds: u64,
    },
    /// The provider does not do what this server is configured for.
    #[error(
        "the identity provider issues no token that this server can use: {0}; the call was not made"
    )]
    Misconfigured(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_not_used_shortly_before_its_end() {
        let at = SystemTime::UNIX_EPOCH;
        let cases = [(3600, 3540), (300, 240), (60, 48), (5, 4), (0, 0)];
        for (lasts, used) in cases {
            let until = used_until(at, Duration::from_secs(lasts));
            assert_eq!(until, at + Duration::from_secs(used), "{lasts}");
        }
    }
}
