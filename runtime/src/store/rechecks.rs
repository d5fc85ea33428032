//! What is kept of sign-ins at the identity provider, so that they end when the provider ends them.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{
    Cause, GrantId, KeptSignIn, KeptSubject, LogoutRequest, PersonId, ProviderAccount, Recheck,
    RecheckRequest, RecheckTurn, Rechecked,
};

/// Sign-ins at the identity provider that are checked again, and their end.
#[async_trait]
pub(crate) trait Rechecks: Debug + Send + Sync {
    /// Keeps by what a sign-in is checked later, in place of what was kept of the account before.
    async fn keep_sign_in(&self, account: &ProviderAccount, kept: &KeptSignIn) -> Result<()>;

    /// Begins to ask the provider about a person, where that is due and no other server does. Exactly
    /// one caller has the turn, until it ends it or its time is over.
    async fn begin_recheck(
        &self,
        person: &PersonId,
        request: &RecheckRequest,
    ) -> Result<RecheckTurn>;

    /// Ends a turn with what the provider answered. Where it does not admit the person any more, the
    /// sessions, links and grants of the person end. Nothing happens where the person signed in anew
    /// meanwhile: then this returns `false`.
    async fn end_recheck(
        &self,
        recheck: &Recheck,
        outcome: &Rechecked,
        cause: &Cause,
    ) -> Result<bool>;

    /// Ends the sessions that a logout token names, and the grants of their person where that is
    /// asked. Returns `None` where the token was used before, and otherwise how many sessions ended.
    async fn end_provider_sessions(
        &self,
        request: &LogoutRequest,
        cause: &Cause,
    ) -> Result<Option<u64>>;

    /// Returns when the provider last reported about an account, or was asked about it.
    async fn reported(&self, issuer: &str, subject: &str) -> Result<Option<SystemTime>>;

    /// Returns what is kept of the sign-in of a person at the provider with this issuer identifier.
    async fn kept_subject(&self, person: &PersonId, issuer: &str) -> Result<Option<KeptSubject>>;

    /// Returns those of these grants that have not ended.
    async fn live_grants(&self, grants: &[GrantId]) -> Result<Vec<GrantId>>;

    /// Returns the ids of the sealing keys that tokens of the provider are sealed with.
    async fn provider_tokens_sealed_with(&self) -> Result<Vec<String>>;
}
