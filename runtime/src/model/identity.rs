//! Who a person is at the identity provider.

use std::time::SystemTime;

use super::{PersonId, RevocationReason, Role, SessionId, SubjectToken, Workspace};
use crate::seal::Sealed;
use crate::token::Digest;

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

/// What is kept of a sign-in at the provider, so that it can be checked again.
#[derive(Clone, Debug)]
pub(crate) struct KeptSignIn {
    /// When it happened.
    pub(crate) at: SystemTime,
    /// The refresh token that came with it.
    pub(crate) token: Option<Sealed>,
    /// Whether the tokens of an earlier sign-in are still of use, where none came: some providers issue a
    /// refresh token at the first sign-in only, and an assertion brings none.
    pub(crate) keeps_former: bool,
    /// When the provider is asked, where there is a refresh token.
    pub(crate) check: SystemTime,
    /// When the sign-in ends, where there is none.
    pub(crate) end: SystemTime,
    /// The token that came with it and is exchanged for tokens of the API.
    pub(crate) subject: Option<SubjectToken>,
}

/// By which time a check of a person is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RecheckRequest {
    /// Now.
    pub(crate) at: SystemTime,
    /// A person with a refresh token is also checked where that was last tried at this time or
    /// earlier.
    pub(crate) tried_before: Option<SystemTime>,
    /// Until when no other server checks the person.
    pub(crate) until: SystemTime,
    /// A person with a refresh token is also checked where another token to be exchanged is needed.
    pub(crate) renewal: Option<Renewal>,
}

/// Which token of a person has to be replaced by another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Renewal {
    /// One that is used until this time at the latest.
    pub(crate) used_until: SystemTime,
    /// Where the provider was last asked at this time or earlier.
    pub(crate) tried_before: SystemTime,
}

/// Whose turn it is to ask the provider about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecheckTurn {
    /// Nothing is due.
    None,
    /// Another caller asks.
    Other,
    /// The caller asks.
    Own(Recheck),
}

/// A person about whom the provider is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recheck {
    pub(crate) person: PersonId,
    /// The issuer that the refresh token is of.
    pub(crate) issuer: String,
    /// The subject identifier of the person there.
    pub(crate) subject: String,
    /// The refresh token. Without one, the time of the sign-in is over.
    pub(crate) token: Option<Sealed>,
}

/// What came of a check.
#[derive(Clone, Debug)]
pub(crate) enum Rechecked {
    /// The provider admits the person.
    Admitted {
        /// The refresh token that takes the place of the one that was used.
        token: Option<Sealed>,
        /// The memberships that the claims assign, where there were claims.
        assigned: Option<Vec<AssignedMembership>>,
        /// The token that takes the place of the one that is exchanged.
        subject: Option<SubjectToken>,
        /// When the next check is due.
        next: SystemTime,
    },
    /// The provider did not answer as it should: nothing is known.
    Unanswered {
        /// When the next check is due.
        next: SystemTime,
    },
    /// The person is not admitted any more.
    Ended {
        /// Why.
        reason: RevocationReason,
        /// The memberships that the claims assign, where there were claims.
        assigned: Option<Vec<AssignedMembership>>,
    },
}

/// A request of the provider to end sessions (OpenID Connect Back-Channel Logout 1.0).
#[derive(Clone, Debug)]
pub(crate) struct LogoutRequest {
    /// Digest of what names the logout token.
    pub(crate) token: Digest,
    /// Until when the token is remembered.
    pub(crate) expires: SystemTime,
    pub(crate) issuer: String,
    /// The person.
    pub(crate) subject: Option<String>,
    /// The session at the provider, as a digest: only sessions that came from it end.
    pub(crate) provider_session: Option<Digest>,
    /// Whether the grants of the person end too.
    pub(crate) ends_grants: bool,
}
