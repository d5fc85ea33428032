//! The workspace of a person for whom a client connects. There is no page on which they could choose.

use super::refusal::Refusal;
use super::state::Issuer;
use crate::account::AssertedPerson;
use crate::model::Workspace;
use crate::oauth::authority::Authority;
use crate::oauth::error::{ErrorCode, OAuthError};

/// Finds the workspace: the one that is configured, or that of the first group in the configuration that
/// the person is in, or the only one that the person is a member of.
///
/// # Errors
/// Where there is none, or it takes no connections.
pub(super) async fn workspace(
    authority: &Authority,
    issuer: &Issuer,
    person: &AssertedPerson,
) -> Result<Workspace, Refusal> {
    let refuse = |reason, message: &str| Err(Refusal::of(reason, message).about(&person.person));
    let store = &authority.services.store;
    let memberships = store.memberships(&person.person).await?;
    let mut workspaces = memberships.into_iter().map(|it| it.workspace);
    let assigned = person.assigned.first().map(|it| &it.workspace.id);
    let found = match (&issuer.settings.workspace, assigned) {
        (Some(id), _) => workspaces.find(|it| it.upstream_id.as_ref() == Some(id)),
        (None, Some(id)) => workspaces.find(|it| it.id == *id),
        (None, None) => {
            let first = workspaces.next();
            if workspaces.next().is_some() {
                let message = "the person is a member of several workspaces, and \
                               enterprise.issuers.workspace names none";
                return refuse("several_workspaces", message);
            }
            first
        }
    };
    let Some(workspace) = found else {
        let message = "the person is a member of no workspace that the connection could act for";
        return refuse("no_workspace", message);
    };
    if workspace.suspended {
        return refuse("suspended", "the workspace of the person is suspended");
    }
    if authority.accounts.link_command(&workspace).is_some() {
        let message = "the workspace of the person is not linked to one of the API's";
        let error = OAuthError::new(ErrorCode::InvalidGrant, message);
        return Err(Refusal::new("not_linked", error).about(&person.person));
    }
    Ok(workspace)
}
