//! Why an assertion is refused: for the client, and in a word for the audit.

use http::StatusCode;

use crate::account::AssertionError;
use crate::model::{PersonId, Refused, Whose};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::store::StoreError;

/// Why an assertion is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// In a word, for the events; none where nothing was tried.
    pub(super) reason: Option<&'static str>,
    /// The person that the assertion is about, where that is known.
    pub(super) person: Option<PersonId>,
    pub(super) error: OAuthError,
}

impl Refusal {
    /// A refusal with an error.
    pub(super) fn new(reason: &'static str, error: OAuthError) -> Refusal {
        Refusal {
            reason: Some(reason),
            person: None,
            error,
        }
    }

    /// An assertion that cannot be exchanged: `invalid_grant`.
    pub(super) fn of(reason: &'static str, message: &str) -> Refusal {
        Refusal::new(reason, OAuthError::invalid_grant(message))
    }

    /// Names the person.
    pub(super) fn about(self, person: &PersonId) -> Refusal {
        Refusal {
            person: Some(person.clone()),
            ..self
        }
    }
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Refusal {
        Refusal {
            reason: None,
            person: None,
            error,
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Refusal {
        OAuthError::from(error).into()
    }
}

impl From<crate::form::Repeated> for Refusal {
    fn from(error: crate::form::Repeated) -> Refusal {
        OAuthError::from(error).into()
    }
}

impl From<AssertionError> for Refusal {
    fn from(error: AssertionError) -> Refusal {
        let (reason, message) = (error.reason(), error.to_string());
        match error {
            AssertionError::Store(error) => error.into(),
            AssertionError::Unreachable => {
                let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, &message);
                Refusal::new(reason, error.retry_after(10))
            }
            _ => Refusal::of(reason, &message),
        }
    }
}

/// Too many exchanges.
pub(super) fn too_often(refused: Refused) -> OAuthError {
    let message = match refused.whose {
        Whose::Agent | Whose::Browser => {
            "too many assertions about this person were exchanged in a short while"
        }
        Whose::Network => "too many assertions came from this network in a short while",
        Whose::Everybody => "too many assertions came in a short while",
    };
    OAuthError::new(ErrorCode::TemporarilyUnavailable, message)
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .retry_after(refused.retry_after())
}
