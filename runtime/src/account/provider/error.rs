//! Why a sign-in at the provider failed: for the log, and as a page.

use crate::account::page_error::PageError;
use crate::http::Failure;
use crate::page::ProviderProblem;

/// Why a sign-in at the provider failed. No variant holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::account) enum ProviderError {
    /// The provider cannot be reached, or does not answer as it should.
    #[error("{0}")]
    Unreachable(String),
    /// It refuses, with this code.
    #[error("the provider answered with the error `{0}`")]
    Refused(String),
    /// The answer or the ID token is not what it has to be.
    #[error("{0}")]
    Wrong(&'static str),
    /// The person is not of the organization that is configured.
    #[error("the account belongs to another organization ({0})")]
    OtherOrganization(&'static str),
    /// There are too many groups for the ID token.
    #[error("the ID token does not list the person's groups, because there are too many")]
    TooManyGroups,
    /// Neither the ID token nor the userinfo endpoint has an e-mail address.
    #[error("the provider reports no e-mail address")]
    NoEmail,
    /// This server or the provider is configured wrong, so that no person can sign in.
    #[error("{0}")]
    Misconfigured(&'static str),
    /// Another account here has the e-mail address.
    #[error("another account has the e-mail address")]
    EmailTaken,
    /// The person is in no group that may use this server.
    #[error("the person is in no group that may use this server")]
    NoGroup,
    /// The operator disabled the account.
    #[error("the account is disabled here")]
    Disabled,
    /// Another person signed in than the one whose session it is.
    #[error("another person signed in than the one of the session")]
    OtherPerson,
    /// The provider did not ask the person to sign in again.
    #[error("the provider does not report a new sign-in (`auth_time`)")]
    NotAgain,
}

/// Codes of errors that the person did not cause, and that trying again does not mend (RFC 6749
/// §4.1.2.1 and §5.2).
const OF_OPERATOR: [&str; 6] = [
    "invalid_client",
    "invalid_scope",
    "redirect_uri_mismatch",
    "unauthorized_client",
    "unsupported_grant_type",
    "unsupported_response_type",
];
/// Codes of errors of the provider itself (RFC 6749 §4.1.2.1).
const OF_PROVIDER: [&str; 2] = ["server_error", "temporarily_unavailable"];
/// Codes of errors that a wrong callback URL can cause.
const OF_CALLBACK: [&str; 3] = ["invalid_grant", "invalid_request", "redirect_uri_mismatch"];

impl ProviderError {
    /// Returns what the page says.
    pub(super) fn problem(&self) -> ProviderProblem {
        match self {
            ProviderError::Unreachable(_) => ProviderProblem::Unreachable,
            ProviderError::Refused(code) if code == "access_denied" => ProviderProblem::Denied,
            ProviderError::Refused(code) if OF_PROVIDER.contains(&code.as_str()) => {
                ProviderProblem::Unreachable
            }
            ProviderError::Refused(code) if OF_OPERATOR.contains(&code.as_str()) => {
                ProviderProblem::Misconfigured
            }
            ProviderError::Misconfigured(_) => ProviderProblem::Misconfigured,
            ProviderError::Refused(_) | ProviderError::Wrong(_) => ProviderProblem::Failed,
            ProviderError::OtherOrganization(_) => ProviderProblem::OtherOrganization,
            ProviderError::TooManyGroups => ProviderProblem::TooManyGroups,
            ProviderError::NoEmail => ProviderProblem::NoEmail,
            ProviderError::EmailTaken => ProviderProblem::EmailTaken,
            ProviderError::NoGroup => ProviderProblem::NoGroup,
            ProviderError::Disabled => ProviderProblem::Disabled,
            ProviderError::OtherPerson => ProviderProblem::OtherPerson,
            ProviderError::NotAgain => ProviderProblem::NotAgain,
        }
    }

    /// Reports whether a callback URL that the provider does not know can be the cause.
    pub(super) fn may_be_the_callback(&self) -> bool {
        matches!(self, ProviderError::Refused(code) if OF_CALLBACK.contains(&code.as_str()))
    }

    /// Returns the page of a sign-in at the provider called `name`.
    pub(super) fn page(&self, name: &str) -> PageError {
        PageError::Provider(self.problem(), name.to_owned())
    }
}

impl From<Failure> for ProviderError {
    fn from(failure: Failure) -> ProviderError {
        ProviderError::Unreachable(match failure {
            Failure::Unreachable(reason) => format!("it cannot be reached: {reason}"),
            Failure::Unhandled(reason) => format!("it did not handle the request: {reason}"),
            Failure::Broken(reason) => format!("the connection broke: {reason}"),
            Failure::Timeout => "it did not answer in time".to_owned(),
            Failure::Garbage(reason) => format!("its answer is no HTTP: {reason}"),
            Failure::Redirect { target, reason, .. } => {
                format!("it redirects to {target}, which is not followed: {reason}")
            }
            Failure::Request(reason) => format!("the request cannot be sent: {reason}"),
        })
    }
}
