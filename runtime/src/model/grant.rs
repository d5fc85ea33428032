//! Grants: what a person approved for a client, and the tokens that come of it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{
    AgentCredential, ClientId, Person, PersonId, RedirectUri, ResourceIndicator, Scopes, SealedKey,
    Workspace, WorkspaceId, id,
};
use crate::capacity::Owner;
use crate::operation::Access;
use crate::token::Digest;

/// Bytes of the salt that the tokens of a refresh are derived with.
pub(crate) const SALT: usize = 32;

id!(
    /// Id of a grant, which is one consent and one API key of the portal.
    GrantId,
    "key"
);

/// Tokens to be kept, as digests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewTokens {
    pub(crate) access: Digest,
    /// `None` for one that lasts until it is revoked.
    pub(crate) access_expires: Option<SystemTime>,
    pub(crate) refresh: Option<NewRefreshToken>,
}

/// A refresh token to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRefreshToken {
    pub(crate) digest: Digest,
    pub(crate) expires: SystemTime,
}

/// The state of a refresh token before it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuedRefreshToken {
    pub(crate) grant: GrantId,
    /// The person who approved it.
    pub(crate) person: PersonId,
    pub(crate) client_id: ClientId,
    pub(crate) resource: ResourceIndicator,
    pub(crate) scopes: Scopes,
    /// Whether its workspace is suspended.
    pub(crate) suspended: bool,
}

/// What follows a refresh token when it is rotated.
#[derive(Clone, Debug)]
pub(crate) struct Successor {
    /// What the tokens are derived with; kept for the overlap.
    pub(crate) salt: [u8; SALT],
    pub(crate) tokens: NewTokens,
    /// What the access token may, where that is less than was granted (RFC 6749 §6). The grant and
    /// the refresh token stay as they are.
    pub(crate) access_scopes: Option<Scopes>,
    /// How long the token before still answers.
    pub(crate) overlap: Duration,
}

/// What became of a refresh token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rotation {
    /// `Active` → `Rotated`: the successor is issued.
    Rotated,
    /// It was rotated within the overlap and its successor was not yet used: the same successor is
    /// repeated, derived with this salt.
    Repeated {
        salt: [u8; SALT],
        /// When the access token ends.
        access_expires: Option<SystemTime>,
        /// What the access token may, where that is less than was granted.
        access_scopes: Option<Scopes>,
    },
    /// It was used before: somebody else has it. The grant is revoked.
    Reused,
    /// It expired, its grant has ended, or it never was.
    Expired,
}

/// What a signed-in caller was granted: by whom, to which client, for which workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Its id, which is also that of its API key.
    pub(crate) id: GrantId,
    /// The person who approved it.
    pub(crate) person: PersonId,
    /// The workspace it acts for, by our id.
    pub(crate) workspace: WorkspaceId,
    /// The client it was given to.
    pub(crate) client_id: ClientId,
    /// Its key at the API, where grants have one of their own.
    pub(crate) upstream_key: Option<SealedKey>,
}

impl Owner for Grant {
    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn workspace(&self) -> &str {
        self.workspace.as_str()
    }
}

/// The person behind a grant, as OpenID Connect reports them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) person: Person,
    /// When they had last proved who they are before they approved; unknown for grants of earlier
    /// versions.
    pub(crate) signed_in: Option<SystemTime>,
}

/// Whose access token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessToken {
    pub(crate) grant: Arc<Grant>,
    pub(crate) workspace: Workspace,
    pub(crate) resource: ResourceIndicator,
    pub(crate) scopes: Scopes,
    /// When the access token ends.
    pub(crate) expires: Option<SystemTime>,
    /// When a call was last made with the key.
    pub(crate) last_used: Option<SystemTime>,
    /// When the identity provider has to be asked about the person.
    pub(crate) recheck: Option<SystemTime>,
}

/// Whether a bearer may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    /// It may.
    Active(Arc<AccessToken>),
    /// The token ended, was revoked or replaced, or never was.
    Invalid,
}

/// Why a grant ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RevocationReason {
    /// A person revoked it in the portal.
    Person,
    /// The client revoked a token of it (RFC 7009).
    Client,
    /// Its code came a second time.
    CodeReplayed,
    /// A refresh token of it came a second time.
    RefreshTokenReused,
    /// Its person left the workspace.
    MemberLeft,
    /// Its workspace became another one of the API's.
    WorkspaceLinked,
    /// The operator disabled the account of its person.
    AccountDisabled,
    /// Its person deleted the account.
    AccountDeleted,
    /// The account of its person was linked to one at the identity provider.
    AccountLinked,
    /// The identity provider does not admit its person any more.
    ProviderRefused,
    /// Its person is in no group any more that may use this server.
    NoGroup,
    /// The sign-in of its person was too long ago, and the identity provider cannot be asked.
    SignInExpired,
    /// Its person signed out at the identity provider.
    ProviderLogout,
}

impl RevocationReason {
    const ALL: [RevocationReason; 13] = [
        RevocationReason::Person,
        RevocationReason::Client,
        RevocationReason::CodeReplayed,
        RevocationReason::RefreshTokenReused,
        RevocationReason::MemberLeft,
        RevocationReason::WorkspaceLinked,
        RevocationReason::AccountDisabled,
        RevocationReason::AccountDeleted,
        RevocationReason::AccountLinked,
        RevocationReason::ProviderRefused,
        RevocationReason::NoGroup,
        RevocationReason::SignInExpired,
        RevocationReason::ProviderLogout,
    ];

    /// As the store spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            RevocationReason::Person => "person",
            RevocationReason::Client => "client",
            RevocationReason::CodeReplayed => "code_replayed",
            RevocationReason::RefreshTokenReused => "refresh_token_reused",
            RevocationReason::MemberLeft => "member_left",
            RevocationReason::WorkspaceLinked => "workspace_linked",
            RevocationReason::AccountDisabled => "account_disabled",
            RevocationReason::AccountDeleted => "account_deleted",
            RevocationReason::AccountLinked => "account_linked",
            RevocationReason::ProviderRefused => "provider_refused",
            RevocationReason::NoGroup => "no_group",
            RevocationReason::SignInExpired => "sign_in_expired",
            RevocationReason::ProviderLogout => "provider_logout",
        }
    }

    /// The inverse of [`RevocationReason::as_str`].
    pub(crate) fn parse(word: &str) -> Option<RevocationReason> {
        RevocationReason::ALL
            .into_iter()
            .find(|reason| reason.as_str() == word)
    }
}

/// A grant as the portal shows it: one API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) grant: GrantId,
    /// `{client} (MCP connector)`.
    pub(crate) name: String,
    /// The name that its person chose for it.
    pub(crate) label: Option<String>,
    /// `client_name`, as the client says it.
    pub(crate) client_name: Option<String>,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) redirect_host: String,
    pub(crate) owner: Person,
    pub(crate) workspace: Workspace,
    pub(crate) scopes: Scopes,
    pub(crate) resource: ResourceIndicator,
    pub(crate) created: SystemTime,
    pub(crate) last_used: Option<SystemTime>,
    /// The tools that were called with it last, the latest first: at most three.
    pub(crate) last_tools: Vec<String>,
    /// When it ends by itself: the end of the refresh token, or of an access token without one; of a
    /// key that comes of assertions, a week after the last one.
    pub(crate) expires: Option<SystemTime>,
    pub(crate) revoked: Option<(SystemTime, RevocationReason)>,
    /// Whether the API was asked to revoke its own key for the grant, and has not done so yet.
    pub(crate) upstream_key_left: bool,
    pub(crate) client_id: ClientId,
    /// What it signs in with, where an agent has the key.
    pub(crate) agent: Option<AgentCredential>,
    /// The issuer of the assertions that it comes of, where no person approved it.
    pub(crate) issuer: Option<String>,
}

impl Key {
    /// Full or Read-only.
    pub(crate) fn level(&self) -> Access {
        self.scopes.access()
    }
}
