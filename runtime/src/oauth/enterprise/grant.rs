//! The grant of an assertion, and its key at the API where grants have one: both come to be, or neither.

use std::sync::Arc;
use std::time::SystemTime;

use super::refusal::Refusal;
use crate::account::PageError;
use crate::model::{
    Asserted, AssertedGrant, AssertedToken, Assertion, Cause, GrantId, PersonId, ResourceIndicator,
    Scopes, Workspace,
};
use crate::oauth::authority::Authority;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::upstream_key::KeyRequest;

/// A grant on its way.
pub(super) struct NewGrant {
    pub(super) assertion: Assertion,
    pub(super) issued: SystemTime,
    pub(super) expires: SystemTime,
    pub(super) issuer: String,
    pub(super) client_name: String,
    pub(super) person: PersonId,
    pub(super) workspace: Workspace,
    pub(super) resource: ResourceIndicator,
    pub(super) scopes: Scopes,
    pub(super) token: AssertedToken,
    pub(super) cause: Cause,
}

/// Makes the grant, or continues the one that is there. What was begun is finished, even where the client
/// goes away meanwhile.
///
/// # Errors
/// Where no key can be made, or the store fails; then there is no grant either.
pub(super) async fn make(authority: &Arc<Authority>, new: NewGrant) -> Result<Asserted, Refusal> {
    let authority = Arc::clone(authority);
    let made = tokio::spawn(async move { with_key(&authority, &new).await });
    made.await.unwrap_or_else(|_| Err(unavailable()))
}

async fn with_key(authority: &Authority, new: &NewGrant) -> Result<Asserted, Refusal> {
    let store = &authority.services.store;
    let NewGrant { token, cause, .. } = new;
    let mut grant = new.grant(authority);
    let asserted = store.grant_assertion(&grant, token, cause).await?;
    let (Asserted::KeyNeeded, Some(mint)) = (&asserted, authority.mint.as_deref()) else {
        return Ok(asserted);
    };
    let request = KeyRequest {
        grant: grant.grant.clone(),
        workspace: new.workspace.clone(),
        name: grant.key_name.clone(),
        access: grant.scopes.access(),
        cause: cause.clone(),
    };
    let sealed = request
        .make(authority, mint)
        .await
        .map_err(|error| not_made(&error))?;
    let id = sealed.id.clone();
    grant.upstream_key = Some(sealed);
    let asserted = store.grant_assertion(&grant, token, cause).await;
    let is_used =
        matches!(&asserted, Ok(Asserted::Granted { grant: made, .. }) if *made == grant.grant);
    if !is_used {
        request.drop(authority, mint, &id).await;
    }
    Ok(asserted?)
}

impl NewGrant {
    fn grant(&self, authority: &Authority) -> AssertedGrant {
        AssertedGrant {
            assertion: self.assertion.clone(),
            expires: self.expires,
            issued: self.issued,
            issuer: self.issuer.clone(),
            grant: GrantId::new(&*authority.services.random),
            person: self.person.clone(),
            workspace: self.workspace.id.clone(),
            upstream_id: self.workspace.upstream_id.clone(),
            client_name: self.client_name.clone(),
            key_name: format!("{} (MCP connector)", self.client_name),
            resource: self.resource.clone(),
            scopes: self.scopes.clone(),
            has_key: authority.mint.is_some(),
            upstream_key: None,
        }
    }
}

fn not_made(error: &PageError) -> Refusal {
    match error {
        PageError::WorkspaceNotLinked { .. } => Refusal::of(
            "not_linked",
            "the workspace of the person is not linked to one of the API's",
        ),
        _ => unavailable(),
    }
}

fn unavailable() -> Refusal {
    let message = "the connection cannot be made just now";
    let error = OAuthError::new(ErrorCode::TemporarilyUnavailable, message);
    Refusal::new("unavailable", error.retry_after(10))
}
