//! Assertions of identity providers, and the grants that come of them.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{
    Asserted, AssertedGrant, AssertedToken, Cause, GrantId, KnownAssertion, PersonId,
};
use crate::token::Digest;

/// Connections that an identity provider decides on (ID-JAG). Each has a grant, which ends as any other
/// ([`super::Keys::revoke`]).
#[async_trait]
pub(crate) trait Assertions: Debug + Send + Sync {
    /// Finds an assertion that was exchanged before and has not expired.
    async fn assertion(&self, id: Digest, now: SystemTime) -> Result<Option<KnownAssertion>>;

    /// Exchanges an assertion that comes for the first time. It makes a grant, or continues the one that
    /// the same assertions made before. Of many callers with one assertion, exactly one succeeds.
    async fn grant_assertion(
        &self,
        grant: &AssertedGrant,
        token: &AssertedToken,
        cause: &Cause,
    ) -> Result<Asserted>;

    /// Exchanges an assertion once more, as long as its grant of this person has not ended.
    async fn continue_grant(
        &self,
        grant: &GrantId,
        person: &PersonId,
        token: &AssertedToken,
        cause: &Cause,
    ) -> Result<Asserted>;

    /// Notes that an assertion of a client was refused, and why.
    async fn refuse_assertion(&self, reason: &str, cause: &Cause) -> Result<()>;
}
