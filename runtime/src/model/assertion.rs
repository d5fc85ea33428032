//! Assertions of an identity provider by which a client connects, without a browser (ID-JAG), and the
//! grants that come of them.

use std::time::SystemTime;

use super::{ClientId, GrantId, PersonId, ResourceIndicator, Scopes, SealedKey, WorkspaceId};
use crate::token::Digest;

/// An assertion, as it is remembered until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assertion {
    /// Digest of its issuer and its `jti`: no two assertions have the same.
    pub(crate) id: Digest,
    /// Digest of the whole assertion.
    pub(crate) content: Digest,
    /// The client that sent it.
    pub(crate) client: ClientId,
}

/// An assertion that came before, and its grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KnownAssertion {
    pub(crate) assertion: Assertion,
    /// The grant, which may have ended.
    pub(crate) grant: GrantId,
}

/// The access token that a client gets for an assertion.
#[derive(Clone, Debug)]
pub(crate) struct AssertedToken {
    pub(crate) digest: Digest,
    pub(crate) expires: SystemTime,
    /// What it allows, as far as its grant does.
    pub(crate) scopes: Scopes,
}

/// What an assertion that comes for the first time allows: the grant to be made, or to be continued
/// where the same person, client, workspace, resource and scopes have one.
#[derive(Clone, Debug)]
pub(crate) struct AssertedGrant {
    pub(crate) assertion: Assertion,
    /// Until when the assertion is remembered.
    pub(crate) expires: SystemTime,
    /// When the issuer made it.
    pub(crate) issued: SystemTime,
    pub(crate) issuer: String,
    /// The id of a grant that is made.
    pub(crate) grant: GrantId,
    pub(crate) person: PersonId,
    pub(crate) workspace: WorkspaceId,
    /// The API's id of the workspace when it was chosen.
    pub(crate) upstream_id: Option<String>,
    /// The name of the client.
    pub(crate) client_name: String,
    /// `{client} (MCP connector)`.
    pub(crate) key_name: String,
    pub(crate) resource: ResourceIndicator,
    /// The most that the grant allows.
    pub(crate) scopes: Scopes,
    /// Whether grants have a key of their own at the API.
    pub(crate) has_key: bool,
    /// The key that was made for the grant.
    pub(crate) upstream_key: Option<SealedKey>,
}

/// What became of an assertion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asserted {
    /// Its access token is kept.
    Granted {
        /// The grant that it is of.
        grant: GrantId,
        /// What it allows.
        scopes: Scopes,
    },
    /// The same issuer and `jti` came before. Nothing was changed.
    Known,
    /// Its grant has ended, or one for the same person, workspace, client and resource was revoked after
    /// the issuer made it. Nothing was changed.
    Ended,
    /// The person is no member of the workspace or is disabled, or the workspace is suspended or was
    /// linked anew. Nothing was changed.
    NotAMember,
    /// The grant would be a new one, for which a key has to be made at the API. Nothing was changed.
    KeyNeeded,
    /// Another server took the key at the API back. Nothing was changed.
    KeyTakenBack,
}
