//! What the ways to sign in have in common: their names, what they prove, and why they refuse.

use std::time::SystemTime;

use http::StatusCode;
use serde::{Serialize, Serializer};

use crate::model::{Agent, Refused, Whose, bounds};
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::token::Digest;

/// By what an agent signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::oauth) enum AgentGrant {
    /// A wallet signs a challenge: an extension grant (RFC 6749 §4.5).
    Wallet,
    /// A key signs an assertion: the client credentials grant (RFC 6749 §4.4) with `private_key_jwt`
    /// (RFC 7523 §2.2).
    ClientCredentials,
}

impl AgentGrant {
    pub(super) const ALL: [AgentGrant; 2] = [AgentGrant::Wallet, AgentGrant::ClientCredentials];

    /// The value of `grant_type`.
    pub(in crate::oauth) fn as_str(self) -> &'static str {
        match self {
            AgentGrant::Wallet => "urn:drawbridge:grant-type:eip4361",
            AgentGrant::ClientCredentials => "client_credentials",
        }
    }

    pub(in crate::oauth) fn parse(text: &str) -> Option<AgentGrant> {
        AgentGrant::ALL.into_iter().find(|it| it.as_str() == text)
    }
}

impl Serialize for AgentGrant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// An agent that proved who it is.
#[derive(Debug)]
pub(super) struct Proved {
    pub(super) agent: Agent,
    /// The account that signed, as the access token names it.
    pub(super) subject: String,
    /// The id of the assertion, and until when it counts as used, where that is not noted yet.
    pub(super) assertion: Option<(Digest, SystemTime)>,
}

/// Why a sign-in is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The agent that is meant, where there is one.
    pub(super) agent: Option<Box<Agent>>,
    /// Why, in a word for the events of the agent.
    pub(super) reason: &'static str,
    pub(super) error: OAuthError,
}

impl<E: Into<OAuthError>> From<E> for Refusal {
    fn from(error: E) -> Refusal {
        Refusal {
            agent: None,
            reason: "invalid_request",
            error: error.into(),
        }
    }
}

impl Refusal {
    /// A refusal that is noted among the events of an agent.
    pub(super) fn of(agent: &Agent, reason: &'static str, error: OAuthError) -> Refusal {
        Refusal {
            agent: Some(Box::new(agent.clone())),
            reason,
            error,
        }
    }
}

/// The one answer where no such agent may sign in. It does not reveal whether there ever was one.
pub(super) fn not_linked() -> OAuthError {
    let message = "no agent of this client_id may sign in: link it to a workspace in the portal, and \
                   send the client_id that is shown there";
    OAuthError::new(ErrorCode::UnauthorizedClient, message)
}

/// Too many sign-ins.
pub(super) fn too_often(refused: Refused) -> OAuthError {
    let message = match refused.whose {
        Whose::Agent | Whose::Browser => "this agent signed in too often in a short while",
        Whose::Network => "too many agents signed in from this network in a short while",
        Whose::Everybody => "too many agents signed in here in a short while",
    };
    OAuthError::new(ErrorCode::TemporarilyUnavailable, message)
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .retry_after(refused.retry_after())
}

/// An agent has too many access tokens, until one of them expires.
pub(super) fn too_many_tokens(until: SystemTime, now: SystemTime) -> OAuthError {
    let refused = Refused {
        whose: Whose::Agent,
        wait: until.duration_since(now).unwrap_or_default(),
    };
    let most = bounds::TOKENS_OF_AGENT;
    let message =
        format!("this agent has {most} access tokens that are valid: use each until it expires");
    OAuthError::new(ErrorCode::TemporarilyUnavailable, &message)
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .retry_after(refused.retry_after())
}
