//! Signing in, and signing up.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::Page;
use super::client::{Client, form_targets};
use super::provider::ProviderChoice;
use crate::model::{Role, WaitReason};

/// The form that asks who the person is. Posts `csrf_token`, `email`, `password` and what is carried
/// to its own address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SignIn {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// The client for whose sake the person signs in. `None` on the way to the portal.
    pub(crate) client: Option<Client>,
    /// Where the person cancels, where there is a client to return to: posts `csrf_token`.
    pub(crate) cancel_url: Option<String>,
    /// What was typed before, to be typed only once. Fixed where the person is known.
    pub(crate) email: String,
    /// The person is signed in and is asked once more, before something that cannot be undone.
    pub(crate) confirm: bool,
    /// What the form before said that needs the password: names and values, posted along.
    pub(crate) carried: Vec<(String, String)>,
    /// Why it did not work just now.
    pub(crate) problem: Option<SignInProblem>,
    /// How the operator wants people who forgot their password to proceed, in a sentence.
    pub(crate) forgot_password: Option<String>,
    /// Where an account is made, if anyone may make one.
    pub(crate) sign_up_url: Option<String>,
    /// Whether a password is asked for.
    pub(crate) passwords: bool,
    /// The identity provider at which people sign in.
    pub(crate) provider: Option<ProviderChoice>,
}

/// Why signing in did not work. Without the password it never reveals whether there is such an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInProblem {
    /// No account has this address and this password.
    Mismatch,
    /// The operator disabled the account. Said only where the password is right.
    Disabled,
    /// Too many tries.
    Throttled {
        /// Of what.
        reason: WaitReason,
        /// When to try again, in seconds from now.
        retry_after: u64,
    },
    /// Too many passwords of others wait to be compared.
    Busy {
        /// When to try again, in seconds from now.
        retry_after: u64,
    },
}

impl SignInProblem {
    /// When to try again, in seconds from now.
    pub(crate) fn retry_after(self) -> Option<u64> {
        match self {
            SignInProblem::Mismatch | SignInProblem::Disabled => None,
            SignInProblem::Throttled { retry_after, .. } | SignInProblem::Busy { retry_after } => {
                Some(retry_after)
            }
        }
    }

    /// Why the person is not signed in, and what to do. Empty where the password is wrong.
    pub(crate) fn wait(self) -> String {
        let (reason, seconds) = match self {
            SignInProblem::Mismatch => return String::new(),
            SignInProblem::Disabled => {
                return "The people who run this server disabled this account.".to_owned();
            }
            SignInProblem::Throttled {
                reason,
                retry_after,
            } => (Some(reason), retry_after),
            SignInProblem::Busy { retry_after } => (None, retry_after),
        };
        let happened = match reason {
            Some(WaitReason::Pair) => "Too many wrong passwords were tried here.",
            Some(WaitReason::Account) => {
                "Too many wrong passwords were tried for this account from elsewhere. A browser or \
                 network that it was used from before can still sign in."
            }
            Some(WaitReason::Network) => {
                "Too many wrong passwords were tried from your network, perhaps by somebody else in \
                 it."
            }
            None => "Too many passwords are being checked just now.",
        };
        format!("{happened} Try again in {seconds} seconds.")
    }
}

/// `kind`, and `text` where the page does not say it by itself.
impl Serialize for SignInProblem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self {
            SignInProblem::Mismatch => "mismatch",
            SignInProblem::Disabled => "disabled",
            SignInProblem::Throttled { .. } | SignInProblem::Busy { .. } => "wait",
        };
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("kind", kind)?;
        map.serialize_entry("text", &self.wait())?;
        map.end()
    }
}

impl Page for SignIn {
    const TEMPLATE: &'static str = "sign_in.html";

    fn form_targets(&self) -> &[String] {
        form_targets(self.client.as_ref())
    }

    fn retry_after(&self) -> Option<u64> {
        self.problem.and_then(SignInProblem::retry_after)
    }
}

/// The form that makes an account. Posts `csrf_token`, `email`, `name`, `password` and, where a
/// workspace is to be made, `workspace` to its own address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SignUp {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// What led here.
    pub(crate) reason: SignUpReason,
    /// The client for whose sake the person signs up.
    pub(crate) client: Option<Client>,
    /// What was typed before.
    pub(crate) email: String,
    /// What was typed before.
    pub(crate) name: String,
    /// What was typed before. `None` where no workspace is made along with the account.
    pub(crate) workspace: Option<String>,
    /// The fewest characters of a password.
    pub(crate) password_minimum: usize,
    /// What is wrong with the form, field by field.
    pub(crate) problems: SignUpProblems,
    /// Where those sign in who have an account.
    pub(crate) sign_in_url: Option<String>,
}

/// What leads to making an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub(crate) enum SignUpReason {
    /// The one-time link of the first start.
    First,
    /// Somebody's link into a workspace.
    Invitation {
        /// Name of the workspace.
        workspace: String,
        /// What the person will be in it.
        role: Role,
    },
    /// Anyone may.
    Open,
}

/// What is wrong with each field, as a sentence. Nothing, where it is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct SignUpProblems {
    /// About the address.
    pub(crate) email: Option<String>,
    /// About the name.
    pub(crate) name: Option<String>,
    /// About the password.
    pub(crate) password: Option<String>,
    /// About the workspace's name.
    pub(crate) workspace: Option<String>,
}

/// The form that sets a new password. Posts `csrf_token` and `new_password` to its own address.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ResetPassword {
    /// Binds the form to the browser it was given to.
    pub(crate) csrf_token: String,
    /// E-mail address of the person.
    pub(crate) email: String,
    /// The fewest characters of a password.
    pub(crate) password_minimum: usize,
    /// What is wrong with the password that was typed, as a sentence.
    pub(crate) problem: Option<String>,
}

impl Page for ResetPassword {
    const TEMPLATE: &'static str = "reset_password.html";
}

impl Page for SignUp {
    const TEMPLATE: &'static str = "sign_up.html";
}
