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
}

impl ProviderError {
    /// Returns what the page says.
    pub(super) fn problem(&self) -> ProviderProblem {
        match self {
            ProviderError::Unreachable(_) => ProviderProblem::Unreachable,
            ProviderError::Refused(code) if code == "access_denied" => ProviderProblem::Denied,
            ProviderError::Refused(_) | ProviderError::Wrong(_) => ProviderProblem::Failed,
            ProviderError::OtherOrganization(_) => ProviderProblem::OtherOrganization,
            ProviderError::TooManyGroups => ProviderProblem::TooManyGroups,
            ProviderError::NoEmail => ProviderProblem::NoEmail,
        }
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
