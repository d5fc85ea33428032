//! Keys that were made at the API for grants, and keys that it is being asked for.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{Cause, GrantId, Order, WorkspaceId};

/// A key of the API whose grant has ended, to be revoked there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndedUpstreamKey {
    /// The grant it was made for.
    pub(crate) grant: GrantId,
    /// The API's id of the key.
    pub(crate) id: String,
    /// How often revoking it was begun, this time included.
    pub(crate) attempt: u32,
}

/// The state of the keys at the API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UpstreamKeyState {
    /// Ids of the sealing keys that something is sealed with.
    pub(crate) sealed_with: BTreeSet<String>,
    /// How many keys are to be revoked and are not yet.
    pub(crate) to_revoke: u64,
    /// How many keys were asked for of which it is not known whether they were made.
    pub(crate) intended: u64,
}

/// Keys that were made at the API for grants. A key comes with its grant
/// ([`Authorizations::approve`](super::Authorizations::approve)); whatever ends the grant forgets the key here and leaves its id to
/// be revoked at the API.
#[async_trait]
pub(crate) trait UpstreamKeys: Debug + Send + Sync {
    /// Leaves a key to be revoked that was made for a grant that did not come to be.
    async fn drop_upstream_key(
        &self,
        grant: &GrantId,
        workspace: &WorkspaceId,
        key: &str,
        cause: &Cause,
    ) -> Result<()>;

    /// Leaves to be revoked the keys of all grants that ended by themselves, or are gone with
    /// their person or workspace. Returns how many.
    async fn end_unused_upstream_keys(&self, cause: &Cause) -> Result<u64>;

    /// Takes on keys that are to be revoked now, at most so many. No other server claims them before
    /// `until`.
    async fn claim_ended_upstream_keys(
        &self,
        most: u32,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<Vec<EndedUpstreamKey>>;

    /// Forgets the key of a grant: the API has revoked it.
    async fn upstream_key_revoked(&self, grant: &GrantId, cause: &Cause) -> Result<()>;

    /// Leaves the key of a grant to be revoked again at `retry`.
    async fn upstream_key_not_revoked(
        &self,
        grant: &GrantId,
        reason: &str,
        retry: SystemTime,
        cause: &Cause,
    ) -> Result<()>;

    /// The state of the keys at the API.
    async fn upstream_keys(&self) -> Result<UpstreamKeyState>;
}

/// A key that the API was asked for, and whose outcome was not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UpstreamKeyIntent {
    /// What was asked for.
    pub(crate) order: Order,
    /// When.
    pub(crate) asked: SystemTime,
    /// How many times its outcome was looked for, this time included.
    pub(crate) attempt: u32,
}

/// What was found out of a key that the API was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled<'a> {
    /// There is none.
    NotMade,
    /// It is revoked: its id, or several.
    Revoked(&'a [String]),
    /// It cannot be found out. The name that the key would have.
    Unknown(&'a str),
}

/// Keys that the API is being asked for. They are written down before the request is sent, so that
/// a process that dies meanwhile leaves no unknown key.
#[async_trait]
pub(crate) trait UpstreamKeyIntents: Debug + Send + Sync {
    /// Notes that a key is about to be asked for. No other server takes it on before `until`.
    async fn intend_upstream_key(
        &self,
        workspace: &WorkspaceId,
        order: &Order,
        asked: SystemTime,
        until: SystemTime,
    ) -> Result<()>;

    /// Notes that the API still is being asked, so that no other server takes it on before `until`.
    async fn keep_upstream_key_intent(&self, grant: &GrantId, until: SystemTime) -> Result<()>;

    /// Notes that no key came of asking, and why. Where the API may have made one all the same, it
    /// is looked for from `look` on.
    async fn upstream_key_not_made(
        &self,
        grant: &GrantId,
        workspace: &WorkspaceId,
        reason: &str,
        look: Option<SystemTime>,
        cause: &Cause,
    ) -> Result<()>;

    /// Takes on keys whose lease has ended, at most so many. No other server is
    /// given them before `until`, and no grant is made with them.
    async fn claim_upstream_key_intents(
        &self,
        most: u32,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<Vec<UpstreamKeyIntent>>;

    /// Forgets a key that was asked for: its outcome was found.
    async fn settle_upstream_key_intent(
        &self,
        grant: &GrantId,
        settled: Settled<'_>,
        cause: &Cause,
    ) -> Result<()>;

    /// Leaves a key to be looked for again at `retry`; why, where that is a failure.
    async fn postpone_upstream_key_intent(
        &self,
        grant: &GrantId,
        failure: Option<&str>,
        retry: SystemTime,
        cause: &Cause,
    ) -> Result<()>;
}
