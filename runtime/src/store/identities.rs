//! Accounts of people at the identity provider, and sign-ins that are under way there.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::{Result, Share};
use crate::model::{
    AssignedMembership, Cause, Identified, NewPerson, PendingSignIn, PersonId, ProviderAccount,
    SessionId,
};
use crate::token::Digest;

/// Accounts of people at the identity provider.
#[async_trait]
pub(crate) trait Identities: Debug + Send + Sync {
    /// Keeps a sign-in that begins until it comes back or `expires`. Where its source has more than
    /// its share, the oldest of them are removed. `confirms` is the session whose person proves once
    /// more who they are.
    async fn begin_sign_in(
        &self,
        state: Digest,
        browser: Digest,
        confirms: Option<&SessionId>,
        expires: SystemTime,
        share: Share,
    ) -> Result<()>;

    /// Uses a sign-in up, if it began in this browser. Exactly one caller has it.
    async fn take_sign_in(
        &self,
        state: Digest,
        browser: Digest,
        now: SystemTime,
    ) -> Result<PendingSignIn>;

    /// Finds the person of an account of the provider, or makes `person` that one.
    ///
    /// Where the account has to be linked to a person who is here already, the password, the
    /// sessions, the links and the grants of that person end: another person may have had them.
    ///
    /// The memberships that earlier claims assigned and `assigned` does not list end, with the
    /// person's grants and links, and new ones are made; a membership that the person has otherwise
    /// is left alone. Without a list, no group assigns anything. With an empty one, the person may
    /// not sign in, and their sessions end.
    async fn identify(
        &self,
        account: &ProviderAccount,
        person: NewPerson,
        assigned: Option<&[AssignedMembership]>,
        cause: &Cause,
    ) -> Result<Identified>;

    /// Returns the person of an account of the provider.
    async fn person_of(&self, issuer: &str, subject: &str) -> Result<Option<PersonId>>;

    /// Forgets the accounts of the provider that a person has, and ends the person's sessions.
    /// Returns `false` where the person has none.
    async fn unlink(&self, person: &PersonId, cause: &Cause) -> Result<bool>;
}
