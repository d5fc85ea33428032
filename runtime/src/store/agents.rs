//! Agents and their sign-ins.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{Agent, AgentSignIn, AgentToken, Cause, ClientId, GrantId, Linked, NewAgent};
use crate::token::Digest;

/// Programs that act for a workspace without a person. Each has a grant, which ends as any other
/// ([`super::Keys::revoke`]).
#[async_trait]
pub(crate) trait Agents: Debug + Send + Sync {
    /// Links an agent to a workspace that its person is a member of: makes its grant and its key.
    async fn link_agent(&self, agent: &NewAgent, cause: &Cause) -> Result<Linked>;

    /// Finds an agent whose grant has not ended, as long as the person who linked it is a member of its
    /// workspace.
    async fn agent(&self, client: &ClientId) -> Result<Option<Agent>>;

    /// Notes that a nonce or the id of an assertion is used. Returns whether it was not used before.
    async fn use_assertion(&self, assertion: Digest, expires: SystemTime) -> Result<bool>;

    /// Keeps the access token of a sign-in, and forgets those of the agent that have expired.
    async fn sign_in_agent(
        &self,
        grant: &GrantId,
        token: &AgentToken,
        cause: &Cause,
    ) -> Result<AgentSignIn>;

    /// Notes that a sign-in of an agent was refused, and why.
    async fn refuse_agent(&self, grant: &GrantId, reason: &str, cause: &Cause) -> Result<()>;
}
