//! Signing in at an identity provider: the way there, and what can go wrong.

use serde::Serialize;

use super::Page;

/// The button that leads to the identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ProviderChoice {
    /// What the provider is called.
    pub(crate) name: String,
    /// Where the form is sent: `csrf_token`.
    pub(crate) url: String,
}

/// The page from which the browser goes on to the identity provider by itself. A redirect would not
/// do: browsers apply `form-action` to all redirects that follow a form, and a provider may send
/// people on to hosts that are not known here.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ToProvider {
    /// What the provider is called.
    pub(crate) name: String,
    /// Where to go.
    pub(crate) url: String,
}

impl Page for ToProvider {
    const TEMPLATE: &'static str = "to_provider.html";

    fn refresh(&self) -> Option<&str> {
        Some(&self.url)
    }
}

/// Why a person could not sign in at an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProviderProblem {
    /// It cannot be reached, or does not answer as it should.
    Unreachable,
    /// The person did not sign in there, or may not use this server.
    Denied,
    /// Its answer is not what it has to be.
    Failed,
    /// This server or the provider is configured wrong.
    Misconfigured,
    /// The account is of another organization.
    OtherOrganization,
    /// It reports no e-mail address.
    NoEmail,
    /// Another account here has the e-mail address.
    EmailTaken,
    /// The person is in none of the groups that may use this server.
    NoGroup,
    /// The person is in so many groups that the provider does not list them.
    TooManyGroups,
    /// Another person signed in than the one whose session it is.
    OtherPerson,
    /// The provider did not ask the person to sign in again.
    NotAgain,
    /// The operator disabled the account.
    Disabled,
}

impl ProviderProblem {
    #[cfg(any(test, feature = "gallery"))]
    pub(super) const ALL: [(&'static str, ProviderProblem); 12] = [
        ("provider-unreachable", ProviderProblem::Unreachable),
        ("provider-denied", ProviderProblem::Denied),
        ("provider-failed", ProviderProblem::Failed),
        ("provider-misconfigured", ProviderProblem::Misconfigured),
        (
            "provider-other-organization",
            ProviderProblem::OtherOrganization,
        ),
        ("provider-no-email", ProviderProblem::NoEmail),
        ("provider-email-taken", ProviderProblem::EmailTaken),
        ("provider-no-group", ProviderProblem::NoGroup),
        ("provider-too-many-groups", ProviderProblem::TooManyGroups),
        ("provider-other-person", ProviderProblem::OtherPerson),
        ("provider-not-again", ProviderProblem::NotAgain),
        ("provider-disabled", ProviderProblem::Disabled),
    ];

    /// Returns what happened at the provider called `name`, and what the person can do.
    pub(super) fn words(self, name: &str) -> (String, &'static str) {
        match self {
            ProviderProblem::Unreachable => (
                format!("{name} cannot be reached just now, or does not answer as it should."),
                "Wait a minute, then try again.",
            ),
            ProviderProblem::Denied => (
                format!(
                    "{name} says that the sign-in was cancelled, or that your account may not use \
                     this server (access denied)."
                ),
                "Try again. If your account may not use this server, ask the people who manage \
                 accounts at your company.",
            ),
            ProviderProblem::Failed => (
                format!("The answer of {name} could not be used."),
                "Try again. If it happens again, send the request ID to the people who run this \
                 server: the log says why.",
            ),
            ProviderProblem::Misconfigured => (
                format!("The sign-in at {name} is not set up as it has to be."),
                "Ask the people who run this server, and send them the request ID: the log says why.",
            ),
            ProviderProblem::OtherOrganization => (
                format!("Your account at {name} belongs to another organization."),
                "Sign out there, then sign in with the account of your company.",
            ),
            ProviderProblem::NoEmail => (
                format!("{name} does not report your e-mail address, which an account needs."),
                "Ask the people who run this server to have the provider report it (scope and \
                 claim `email`).",
            ),
            ProviderProblem::EmailTaken => (
                format!(
                    "There is an account with your e-mail address already, which is not linked to \
                     your account at {name}."
                ),
                "If that account is yours, sign in to it as before. Otherwise ask the people who \
                 run this server.",
            ),
            ProviderProblem::NoGroup => (
                format!("Your account at {name} is in no group that may use this server."),
                "Ask the people who manage groups at your company, then sign in again.",
            ),
            ProviderProblem::TooManyGroups => (
                format!("You are in so many groups that {name} does not list them."),
                "Ask the people who run this server to have the provider list only the groups that \
                 are assigned to this application.",
            ),
            ProviderProblem::OtherPerson => (
                format!("You signed in at {name} with another account than the one used here."),
                "Go back, and sign in with the same account.",
            ),
            ProviderProblem::NotAgain => (
                format!("{name} did not ask you to sign in again."),
                "Sign out there, then go back and try again.",
            ),
            ProviderProblem::Disabled => (
                "The people who run this server disabled this account.".to_owned(),
                "Ask them, if you did not expect that.",
            ),
        }
    }
}
