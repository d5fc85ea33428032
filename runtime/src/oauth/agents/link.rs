//! Linking an agent to a workspace, which a person does in the portal.

use std::sync::Arc;

use crate::account::PageError;
use crate::model::{
    AgentCredential, Cause, ClientId, GrantId, Linked, Membership, NewAgent, ResourceIndicator,
    Scopes, Session, Workspace,
};
use crate::oauth::authority::Authority;
use crate::oauth::upstream_key::KeyRequest;
use crate::operation::Access;

/// An agent that a person links.
#[derive(Clone, Debug)]
pub(crate) struct AgentRequest {
    pub(crate) credential: AgentCredential,
    /// The name that the person chose.
    pub(crate) name: String,
    /// The workspace that it is to act for.
    pub(crate) membership: Membership,
    /// The most that it may do.
    pub(crate) access: Access,
}

/// Why an agent is not linked.
#[derive(Debug)]
pub(crate) enum LinkError {
    /// The person may not, or asks for what is not offered.
    Refused,
    /// The person has too many agents in the workspace.
    TooMany,
    /// A page says why.
    Page(PageError),
}

impl<E: Into<PageError>> From<E> for LinkError {
    fn from(error: E) -> LinkError {
        LinkError::Page(error.into())
    }
}

impl Authority {
    /// Whether agents can be linked, and by what they sign in: wallets, keys.
    pub(crate) fn agent_credentials(&self) -> Option<(bool, bool)> {
        let agents = self.agents.as_ref()?;
        Some((agents.takes_wallets(), agents.takes_keys()))
    }

    /// The most that an agent can be allowed.
    pub(crate) fn highest_of_agents(&self) -> Access {
        self.highest(&self.resources.main)
    }

    /// What agents get access to.
    pub(crate) fn agent_resource(&self) -> &ResourceIndicator {
        &self.resources.main.indicator
    }

    /// Links an agent. What was begun is finished, even where the browser goes away meanwhile. Returns
    /// the `client_id` of the agent.
    ///
    /// # Errors
    /// Where it is not linked.
    pub(crate) async fn link_agent(
        self: &Arc<Self>,
        request: AgentRequest,
        session: &Session,
        cause: Cause,
    ) -> Result<ClientId, LinkError> {
        let workspace = &request.membership.workspace;
        if self.agents.is_none() || request.access > self.highest_of_agents() {
            return Err(LinkError::Refused);
        }
        if let Some(command) = self.accounts.link_command(workspace) {
            return Err(LinkError::Page(PageError::WorkspaceNotLinked {
                workspace: workspace.name.clone(),
                command,
            }));
        }
        let random = &*self.services.random;
        let agent = NewAgent {
            grant: GrantId::new(random),
            client_id: NewAgent::client_id(random),
            credential: request.credential,
            person: session.person.id.clone(),
            workspace: workspace.id.clone(),
            upstream_id: workspace.upstream_id.clone(),
            name: request.name,
            scopes: Scopes::of(request.access),
            resource: self.agent_resource().clone(),
            signed_in: session.confirmed,
            upstream_key: None,
        };
        let (authority, workspace) = (Arc::clone(self), workspace.clone());
        let linked = tokio::spawn(async move { authority.link(agent, workspace, &cause).await });
        linked.await.unwrap_or(Err(PageError::Unavailable.into()))
    }

    async fn link(
        &self,
        mut agent: NewAgent,
        workspace: Workspace,
        cause: &Cause,
    ) -> Result<ClientId, LinkError> {
        let store = &self.services.store;
        let linked = match self.mint.as_deref() {
            None => store.link_agent(&agent, cause).await,
            Some(mint) => {
                let request = KeyRequest {
                    grant: agent.grant.clone(),
                    workspace,
                    name: agent.key_name(),
                    access: agent.scopes.access(),
                    cause: cause.clone().through(&agent.client_id),
                };
                let sealed = request.make(self, mint).await?;
                let id = sealed.id.clone();
                agent.upstream_key = Some(sealed);
                let linked = store.link_agent(&agent, cause).await;
                if !matches!(linked, Ok(Linked::Done)) {
                    request.drop(self, mint, &id).await;
                }
                linked
            }
        };
        match linked? {
            Linked::Done => Ok(agent.client_id),
            Linked::Refused => Err(LinkError::Refused),
            Linked::TooMany => Err(LinkError::TooMany),
            Linked::KeyTakenBack => Err(PageError::KeyNotMade(self.name.clone()).into()),
        }
    }
}
