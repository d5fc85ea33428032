//! Authorization requests on their way to an answer, and the codes that come of them.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{
    ClientId, CodeChallenge, GrantId, PersonId, RedirectUri, ResourceIndicator, Scopes, SealedKey,
    Session, WorkspaceId,
};
#[cfg(test)]
use crate::operation::Access;
use crate::token::Digest;

/// An authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2.1) that was found right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: ClientId,
    /// Where the answer goes.
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) code_challenge: CodeChallenge,
    /// The scopes asked for, of those there are and this resource has.
    pub(crate) scopes: Scopes,
    /// The resource the tokens are for.
    pub(crate) resource: ResourceIndicator,
    /// Given back as it is.
    pub(crate) state: Option<String>,
    /// Given back in the ID token (OpenID Connect Core §3.1.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    /// When the person has to have signed in at the earliest, in milliseconds since 1970 (`max_age` and
    /// `prompt=login`, OpenID Connect Core §3.1.2.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_in_since: Option<u64>,
}

impl AuthorizationRequest {
    /// Requires that the person signed in at this time or later.
    pub(crate) fn require_sign_in_since(&mut self, since: Option<SystemTime>) {
        self.signed_in_since = since.map(millis);
    }

    /// Reports whether a session is of a sign-in that is late enough for the request.
    pub(crate) fn accepts(&self, session: &Session) -> bool {
        let confirmed = millis(session.confirmed);
        self.signed_in_since.is_none_or(|since| confirmed >= since)
    }
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(u64::MAX)
}

/// `GrantStage::Pending`: an authorization request that waits for the person's answer. It belongs
/// to one browser and is answered once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transaction {
    pub(crate) request: AuthorizationRequest,
    /// `client_name`, as the client says it.
    pub(crate) client_name: Option<String>,
    /// Whether the client can use refresh tokens.
    pub(crate) refreshes: bool,
    /// The workspace chosen so far.
    pub(crate) workspace: Option<WorkspaceId>,
    /// Who looks at it.
    pub(crate) seen: Seen,
}

/// The viewer of a transaction. Of those of one network, the ones without a viewer are removed first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// None so far: its browser has not come back.
    No,
    /// Somebody who is not signed in.
    BySomebody,
    /// This person.
    By(PersonId),
}

/// Whether there is a transaction for this handle and this browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pending {
    /// It waits.
    Found(Box<Transaction>),
    /// It waits, but in another browser.
    OtherBrowser,
    /// It was answered, ran out, or never was.
    Over,
}

/// What a person approves: the grant to be made. Nothing of it changes later.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub(crate) grant: GrantId,
    pub(crate) person: PersonId,
    pub(crate) workspace: WorkspaceId,
    /// The API's id of the workspace when it was approved.
    pub(crate) upstream_id: Option<String>,
    pub(crate) scopes: Scopes,
    /// Whether refresh tokens are issued.
    pub(crate) refreshes: bool,
    /// When the person last proved who they are.
    pub(crate) signed_in: SystemTime,
    /// `{client} (MCP connector)`.
    pub(crate) key_name: String,
    /// The host of the redirect URI, for people.
    pub(crate) redirect_host: String,
    /// Digest of the authorization code.
    pub(crate) code: Digest,
    /// Until when the code can be redeemed.
    pub(crate) code_expires: SystemTime,
    /// The key that was made for the grant at the API, where grants have one.
    pub(crate) upstream_key: Option<SealedKey>,
}

/// What became of an answer to a pending transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It is answered now.
    Done,
    /// It was answered before, ran out, or belongs to another browser.
    Over,
    /// The person is not, or no longer, a member of that workspace, or it was linked to another one
    /// of the API's meanwhile. Nothing was changed.
    NotAMember,
    /// It took so long that somebody else looks for the key at the API, to revoke it. Nothing was
    /// changed.
    KeyTakenBack,
}

/// `GrantStage::Approved`: an authorization code as it was issued, looked at before it is redeemed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IssuedCode {
    pub(crate) grant: GrantId,
    pub(crate) client_id: ClientId,
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) code_challenge: CodeChallenge,
    pub(crate) resource: ResourceIndicator,
    pub(crate) scopes: Scopes,
    /// Whether refresh tokens are issued.
    pub(crate) refreshes: bool,
    /// `nonce` of the request.
    pub(crate) nonce: Option<String>,
}

/// What became of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Redemption {
    /// The tokens are issued: `GrantStage::Exchanged`.
    Redeemed,
    /// It was redeemed before: the grant is revoked.
    Replayed,
    /// Its ten minutes are over, its grant has ended, or it never was.
    Expired,
}

#[cfg(test)]
impl Transaction {
    /// A transaction for tests of the store.
    pub(crate) fn example() -> Transaction {
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        Transaction {
            request: AuthorizationRequest {
                client_id: ClientId::stored("client".to_owned()),
                redirect_uri: RedirectUri::stored("https://claude.ai/cb".to_owned()),
                code_challenge: CodeChallenge::parse(challenge).unwrap(),
                scopes: Scopes::of(Access::Read),
                resource: ResourceIndicator::new("https://mcp.example.com", "/mcp"),
                state: None,
                nonce: None,
                signed_in_since: None,
            },
            client_name: Some("Claude".to_owned()),
            refreshes: true,
            workspace: None,
            seen: Seen::No,
        }
    }
}
