//! What is kept, behind verbs of the protocol.
//!
//! Each verb is atomic: it happens as a whole or not at all, however many callers there are. A verb
//! that changes something for a person takes its [`Cause`] and writes the audit event along with the
//! change. No type of a database shows. Secrets come as [`Digest`]s only.

mod accounts;
mod agents;
mod assertions;
mod audit_export;
mod audit_log;
mod cached;
mod changes;
mod clients;
#[cfg(test)]
mod contract;
mod copy;
mod decode;
mod event;
mod files;
mod identities;
mod postgres;
mod quota;
mod rechecks;
mod retention;
mod rows;
mod services;
mod sqlite;
mod uploads;
mod upstream_keys;
mod usage;

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

pub(crate) use accounts::{AccountChanges, AccountDeleted};
pub(crate) use agents::Agents;
pub(crate) use assertions::Assertions;
pub(crate) use audit_export::AuditExport;
pub(crate) use audit_log::AuditLog;
pub(crate) use cached::Cached;
pub use cached::{StoreFailure, StoreFailures};
pub(crate) use changes::Changes;
pub(crate) use clients::Clients;
pub(crate) use copy::Backend;
pub(crate) use files::{FileLink, Files, SealedPart};
pub(crate) use identities::Identities;
pub(crate) use postgres::Postgres;
pub(crate) use quota::QuotaUse;
pub(crate) use rechecks::Rechecks;
pub(crate) use retention::Retention;
pub(crate) use services::Services;
pub(crate) use sqlite::Sqlite;
pub(crate) use uploads::{Begun, StoredUpload, Uploads};
pub(crate) use upstream_keys::{
    EndedUpstreamKey, Settled, UpstreamKeyIntent, UpstreamKeyIntents, UpstreamKeyState,
    UpstreamKeys,
};
pub(crate) use usage::Usage;

use crate::model::{
    Answered, Approval, Authentication, Cause, Credentials, GrantId, Invitation, InvitationId,
    IssuedCode, IssuedRefreshToken, Key, Member, Membership, NewPerson, NewSession, NewTokens,
    Pending, PersonId, Recognised, Redemption, RevocationReason, Role, Rotation, Seen, Session,
    SessionId, Subject, Successor, ToolCall, Transaction, Workspace, WorkspaceId,
};
use crate::token::Digest;

/// The store cannot be reached or does not answer as it should. Nothing was changed, unless the
/// connection was lost while a commit was on its way.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub(crate) struct StoreError(#[source] pub(crate) Box<dyn std::error::Error + Send + Sync>);

/// The result of a method.
pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;

/// How much of what anybody can have kept may be of one source. Where there is more, what is of the
/// same source is removed, and never what is of another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    /// Digest of the network it comes from.
    pub(crate) source: Digest,
    /// The most of it.
    pub(crate) most: u32,
}

/// Everything that is kept.
#[async_trait]
pub(crate) trait Store:
    People
    + Identities
    + Rechecks
    + AccountChanges
    + Workspaces
    + Clients
    + Authorizations
    + Keys
    + Agents
    + Assertions
    + UpstreamKeys
    + UpstreamKeyIntents
    + QuotaUse
    + Usage
    + AuditLog
    + AuditExport
    + Files
    + Uploads
{
    /// Returns the count of changes after which an access token has to be looked up again.
    fn changes(&self) -> &Changes;

    /// Reads and writes something that no caller sees.
    ///
    /// # Errors
    /// Where the store cannot be read or written now.
    async fn probe(&self) -> Result<()>;

    /// Closes the store: what was changed is complete in its place. Every verb fails from then on.
    ///
    /// # Errors
    /// Where something could not be brought to its place. It is not lost.
    async fn close(&self) -> Result<()>;

    /// Forgets what has expired and is not asked for any more.
    async fn purge(&self, now: SystemTime, retention: Retention) -> Result<()>;
}

/// What became of making an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignedUp {
    /// It is made.
    Done,
    /// There is one with this e-mail address. Nothing was changed.
    EmailTaken,
    /// The link was used before, ran out, or never was. Nothing was changed.
    DeadLink,
}

/// By which right an account is made.
#[derive(Clone, Debug)]
pub(crate) enum Entry {
    /// The one-time link of the first start.
    SetupLink(Digest),
    /// A link into a workspace: the person becomes its member.
    Invitation(Digest),
    /// Anyone may.
    Open,
}

/// Accounts and browser sessions.
#[async_trait]
pub(crate) trait People: Debug + Send + Sync {
    /// Keeps the one-time link of the first start, in place of any earlier one, as long as there is
    /// no account. Returns whether it was kept.
    async fn put_setup_link(
        &self,
        link: Digest,
        expires: SystemTime,
        cause: &Cause,
    ) -> Result<bool>;

    /// Whether the link would let somebody make the first account.
    async fn is_setup_link(&self, link: Digest, now: SystemTime) -> Result<bool>;

    /// Makes an account, with a workspace of its own if one is named. The link that grants the
    /// right is used up by it.
    async fn sign_up(
        &self,
        entry: Entry,
        person: NewPerson,
        workspace: Option<Workspace>,
        cause: &Cause,
    ) -> Result<SignedUp>;

    /// The account with this e-mail address, in whatever letter case.
    async fn credentials(&self, email: &str) -> Result<Option<Credentials>>;

    /// Replaces the password's hash, ends all sessions but `keep`, and recognises no browser but
    /// `device` any more.
    async fn set_password(
        &self,
        person: &PersonId,
        password_hash: &str,
        keep: &SessionId,
        device: Option<Digest>,
        cause: &Cause,
    ) -> Result<()>;

    /// Opens a session in a browser that is recognised from then on. Of a person's browsers and
    /// sessions those are kept that were used last. Returns whether the account is there and not
    /// disabled; otherwise nothing was changed.
    async fn open_session(&self, session: &NewSession, cause: &Cause) -> Result<bool>;

    /// Whether somebody signed in to the account of an e-mail address before with this browser, or
    /// from this network.
    async fn recognise(
        &self,
        email: &str,
        device: Option<Digest>,
        network: Digest,
    ) -> Result<Recognised>;

    /// The person who last signed in with a browser.
    async fn last_person(&self, device: Digest) -> Result<Option<PersonId>>;

    /// The session with this secret, unless it ended or nothing was asked in it since
    /// `idle_since`. Notes that it was seen.
    async fn session(
        &self,
        secret: Digest,
        now: SystemTime,
        idle_since: SystemTime,
    ) -> Result<Option<Session>>;

    /// Notes that the person of a session just proved once more who they are.
    async fn confirm_session(&self, session: &SessionId, cause: &Cause) -> Result<()>;

    /// The sessions of a person that have not ended and in which something was asked since
    /// `idle_since`, latest first.
    async fn sessions(
        &self,
        person: &PersonId,
        now: SystemTime,
        idle_since: SystemTime,
    ) -> Result<Vec<Session>>;

    /// Ends one session of a person. Returns whether there was one.
    async fn close_session(
        &self,
        person: &PersonId,
        session: &SessionId,
        cause: &Cause,
    ) -> Result<bool>;

    /// Ends all sessions of a person but `keep`. Returns how many.
    async fn close_other_sessions(
        &self,
        person: &PersonId,
        keep: &SessionId,
        cause: &Cause,
    ) -> Result<u64>;

    /// Notes that a wrong password was entered.
    async fn sign_in_failed(&self, email: &str, cause: &Cause) -> Result<()>;
}

/// What became of a change of members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MembersChanged {
    /// It is done.
    Done,
    /// The one who asks may not, or there is no such thing. Nothing was changed.
    Refused,
    /// The workspace would have no owner left. Nothing was changed.
    LastOwner,
}

/// Workspaces, their members and invitations. `cause.person` is who asks; whether they may is
/// looked at in the same step.
#[async_trait]
pub(crate) trait Workspaces: Debug + Send + Sync {
    /// Makes a workspace and its owner.
    async fn create_workspace(
        &self,
        workspace: &Workspace,
        owner: &PersonId,
        cause: &Cause,
    ) -> Result<()>;

    /// All workspaces, oldest first.
    async fn all_workspaces(&self) -> Result<Vec<Workspace>>;

    /// Links a workspace to the one that the API knows by this id, or unlinks it where the id is
    /// empty. The operator may, for whom a cause without a person is, and an owner, where the
    /// operator lets owners. Grants stay where the workspace is unlinked or linked to the same one
    /// again; they end where it is linked to another one, since they were not approved for that.
    /// Returns whether it is done.
    async fn link_workspace(
        &self,
        workspace: &WorkspaceId,
        upstream_id: &str,
        cause: &Cause,
    ) -> Result<bool>;

    /// Suspends a workspace, or resumes it. For the operator. Its grants stay. Returns
    /// whether there is such a workspace.
    async fn suspend_workspace(
        &self,
        workspace: &WorkspaceId,
        suspended: bool,
        cause: &Cause,
    ) -> Result<bool>;

    /// The workspace that a person last used, or last connected a client to.
    async fn last_workspace(&self, person: &PersonId) -> Result<Option<WorkspaceId>>;

    /// The workspaces of a person, oldest membership first.
    async fn memberships(&self, person: &PersonId) -> Result<Vec<Membership>>;

    /// The members, owners first; none for a workspace that does not exist.
    async fn members(&self, workspace: &WorkspaceId) -> Result<Vec<Member>>;

    /// Links that wait to be used, latest first.
    async fn invitations(
        &self,
        workspace: &WorkspaceId,
        now: SystemTime,
    ) -> Result<Vec<Invitation>>;

    /// Keeps a link into a workspace. An owner may make one, and the operator, for whom a cause without
    /// a person is.
    async fn invite(
        &self,
        id: &InvitationId,
        link: Digest,
        workspace: &WorkspaceId,
        role: Role,
        expires: SystemTime,
        cause: &Cause,
    ) -> Result<MembersChanged>;

    /// The invitation of a link.
    async fn invitation(&self, link: Digest, now: SystemTime) -> Result<Option<Invitation>>;

    /// Makes who asks a member, or an owner where the link is for one, which uses the link up. An
    /// owner stays one. Returns the workspace.
    async fn accept_invitation(&self, link: Digest, cause: &Cause) -> Result<Option<WorkspaceId>>;

    /// Withdraws a link. An owner may.
    async fn withdraw_invitation(
        &self,
        workspace: &WorkspaceId,
        invitation: &InvitationId,
        cause: &Cause,
    ) -> Result<MembersChanged>;

    /// Changes what a member is. An owner may. Links into the workspace that the member made end
    /// with being an owner.
    async fn change_role(
        &self,
        workspace: &WorkspaceId,
        member: &PersonId,
        role: Role,
        cause: &Cause,
    ) -> Result<MembersChanged>;

    /// Ends a membership, and with it the member's grants in the workspace and the links into it
    /// that the member made. An owner may, and the member.
    async fn remove_member(
        &self,
        workspace: &WorkspaceId,
        member: &PersonId,
        cause: &Cause,
    ) -> Result<MembersChanged>;
}

/// Authorization requests on their way to an answer, and the codes that come of them.
#[async_trait]
pub(crate) trait Authorizations: Debug + Send + Sync {
    /// Keeps a request until it is answered or `expires`. Where its source has more than its share,
    /// the oldest of its requests are removed: first those without a viewer, and last those of a
    /// person.
    async fn begin(
        &self,
        handle: Digest,
        browser: Digest,
        transaction: &Transaction,
        expires: SystemTime,
        share: Share,
        cause: &Cause,
    ) -> Result<()>;

    /// Notes who looks at a request, if it waits in this browser.
    async fn seen(&self, handle: Digest, browser: Digest, seen: &Seen) -> Result<()>;

    /// The request of this handle, for the browser it belongs to.
    async fn pending(&self, handle: Digest, browser: Digest, now: SystemTime) -> Result<Pending>;

    /// Notes the workspace that who asks chose, of which they are a member.
    async fn choose_workspace(
        &self,
        handle: Digest,
        browser: Digest,
        workspace: &WorkspaceId,
        cause: &Cause,
    ) -> Result<Answered>;

    /// Ends a request with a refusal.
    async fn deny(&self, handle: Digest, browser: Digest, cause: &Cause) -> Result<Answered>;

    /// Ends a request with a grant and its code.
    async fn approve(
        &self,
        handle: Digest,
        browser: Digest,
        approval: &Approval,
        cause: &Cause,
    ) -> Result<Answered>;

    /// Notes that a form asked for what was not offered.
    async fn consent_refused(&self, cause: &Cause) -> Result<()>;

    /// What a code was issued for, redeemed or not, as long as it is remembered.
    async fn code(&self, code: Digest) -> Result<Option<IssuedCode>>;

    /// Redeems a code. Exactly one caller succeeds; a second one ends the grant.
    async fn redeem(&self, code: Digest, tokens: &NewTokens, cause: &Cause) -> Result<Redemption>;
}

/// Grants, which are API keys, and their tokens.
#[async_trait]
pub(crate) trait Keys: Debug + Send + Sync {
    /// What a refresh token was issued for, rotated or not, as long as it is remembered.
    async fn refresh_token(&self, token: Digest) -> Result<Option<IssuedRefreshToken>>;

    /// Rotates a refresh token. Exactly one caller does; others within the overlap learn which
    /// salt the successor was derived with; any later one ends the grant.
    async fn rotate(&self, token: Digest, successor: &Successor, cause: &Cause)
    -> Result<Rotation>;

    /// Notes that a client came with a code or a refresh token of another one's grant.
    async fn token_refused(&self, grant: &GrantId, cause: &Cause) -> Result<()>;

    /// Looks up an access token by its digest. Like the other verbs that use a grant, it finds one
    /// only as long as the person is a member of the grant's workspace.
    async fn authenticate(&self, token: Digest, now: SystemTime) -> Result<Authentication>;

    /// The person behind a grant.
    async fn subject(&self, grant: &GrantId) -> Result<Option<Subject>>;

    /// Notes that calls were made with a key.
    async fn used(&self, grant: &GrantId, at: SystemTime) -> Result<()>;

    /// Writes down calls that were made, or refused, with keys. A call that is there already is
    /// written once more only where nothing was known of its end.
    async fn tools_called(&self, calls: &[ToolCall<'_>]) -> Result<()>;

    /// Ends the grant of a token, access or refresh, of `cause.client` (RFC 7009). Returns whether
    /// there was one.
    async fn revoke_token(&self, token: Digest, cause: &Cause) -> Result<bool>;

    /// Ends a grant. Its own person may, and an owner of its workspace. Returns whether there was one
    /// to end.
    async fn revoke(
        &self,
        grant: &GrantId,
        reason: RevocationReason,
        cause: &Cause,
    ) -> Result<bool>;

    /// Renames a key, or restores the name that it was made with where `label` is `None`. Its
    /// person may. Returns whether it is done.
    async fn rename_key(&self, grant: &GrantId, label: Option<&str>, cause: &Cause)
    -> Result<bool>;

    /// Ends all grants of the asking person. Returns how many.
    async fn revoke_all(&self, cause: &Cause) -> Result<u64>;

    /// The keys a person may see: their own, and those of the workspaces they own; those that work
    /// before those that have ended, the latest first, and at most so many.
    async fn keys(&self, person: &PersonId, now: SystemTime, most: u32) -> Result<Vec<Key>>;
}
