//! Who a person is at the identity provider.

use super::{PersonId, Role, SessionId, Workspace};

/// An account of the provider. Issuer and subject together name it, and nothing else does (OpenID
/// Connect Core §5.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProviderAccount {
    /// The issuer identifier.
    pub(crate) issuer: String,
    /// The subject identifier.
    pub(crate) subject: String,
    /// Whether it may have the account that exists here with its e-mail address.
    pub(crate) may_link: bool,
}

/// A membership that the claims of a person assign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AssignedMembership {
    /// The workspace, which is made where it does not exist.
    pub(crate) workspace: Workspace,
    pub(crate) role: Role,
}

/// What became of finding the person of a provider's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identified {
    /// It is this person.
    Person(PersonId),
    /// Another person has the e-mail address. Nothing was changed.
    EmailTaken,
    /// The claims assign no membership. Those that they assigned before have ended.
    Unassigned,
}

/// A sign-in that comes back from the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PendingSignIn {
    /// It belongs to this browser, and is used up now.
    Found {
        /// The session whose person proves once more who they are.
        confirms: Option<SessionId>,
    },
    /// It began in another browser, for which it still waits.
    OtherBrowser,
    /// It is over, was answered before, or never began.
    Over,
}
