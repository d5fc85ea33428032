//! For whom calls are made, in words that a person recognizes.

use super::{CallError, ErrorKind, Runner};
use crate::model::{AccessContext, Person};
use crate::request_id::RequestId;
use crate::store::StoreError;

/// A person who signed in, and the workspace that their calls act for.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) person: Person,
    /// The name of the workspace; none for a person who is no longer a member.
    pub(crate) workspace: Option<String>,
}

impl Runner {
    /// The person behind a caller; none for the operator.
    ///
    /// # Errors
    /// Where the store fails.
    pub(crate) async fn identity(
        &self,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Option<Identity>, CallError> {
        self.look_up(caller).await.map_err(|error| {
            tracing::error!(request_id = %id, %error, "the store failed");
            let message = "This server cannot look up people at the moment.";
            CallError {
                retryable: true,
                ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
            }
        })
    }

    async fn look_up(&self, caller: &AccessContext) -> Result<Option<Identity>, StoreError> {
        let (Some(store), Some(grant)) = (self.store(), &caller.grant) else {
            return Ok(None);
        };
        let Some(subject) = store.subject(&grant.id).await? else {
            return Ok(None);
        };
        let memberships = store.memberships(&grant.person).await?;
        let workspace = memberships
            .into_iter()
            .find(|it| it.workspace.id == grant.workspace);
        Ok(Some(Identity {
            person: subject.person,
            workspace: workspace.map(|it| it.workspace.name),
        }))
    }
}
