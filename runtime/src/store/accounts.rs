//! Changes of an account as a whole, by its person and by the operator.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{Account, Cause, Person, PersonId};
use crate::token::Digest;

/// What became of deleting an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountDeleted {
    /// It is deleted.
    Done,
    /// A workspace with other members would have no owner who can sign in. Nothing was changed.
    LastOwner,
}

/// Changes of an account as a whole.
#[async_trait]
pub(crate) trait AccountChanges: Debug + Send + Sync {
    /// Returns all accounts, oldest first.
    async fn all_accounts(&self) -> Result<Vec<Account>>;

    /// Disables an account, or enables it again. For the operator. Disabling ends the person's
    /// sessions, grants and links, and recognises none of their browsers any more; memberships
    /// stay. Returns whether there is such an account.
    async fn disable_account(
        &self,
        person: &PersonId,
        disabled: bool,
        cause: &Cause,
    ) -> Result<bool>;

    /// Keeps a link by which a person sets a new password, in place of any earlier one. For the
    /// operator. Returns whether there is such an account that is not disabled.
    async fn put_reset_link(
        &self,
        person: &PersonId,
        link: Digest,
        expires: SystemTime,
        cause: &Cause,
    ) -> Result<bool>;

    /// Returns the person whose password a link sets.
    async fn reset_link(&self, link: Digest, now: SystemTime) -> Result<Option<Person>>;

    /// Sets the password of the person of a link, which uses the link up, ends all their sessions
    /// and recognises none of their browsers any more. Returns whether there was such a link.
    async fn reset_password(
        &self,
        link: Digest,
        password_hash: &str,
        cause: &Cause,
    ) -> Result<bool>;

    /// Changes a person's name and e-mail address. A changed address ends the link that resets the
    /// password. Returns `false` where another account has the address; nothing was changed then.
    async fn change_profile(
        &self,
        person: &PersonId,
        email: &str,
        name: &str,
        cause: &Cause,
    ) -> Result<bool>;

    /// Deletes an account: ends what disabling ends, and forgets the person, their memberships,
    /// their keys, and the workspaces of which they are the only member.
    async fn delete_account(&self, person: &PersonId, cause: &Cause) -> Result<AccountDeleted>;
}
