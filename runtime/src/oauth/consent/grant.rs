//! The grant that an approval makes, and its key at the API: both come to be, or neither.

use std::sync::Arc;

use crate::account::PageError;
use crate::credential::Mint;
use crate::model::{Answered, Approval, Cause, Membership};
use crate::oauth::authority::Authority;
use crate::oauth::upstream_key::KeyRequest;
use crate::store::StoreError;
use crate::token::Digest;

/// An approval on its way to become a grant.
pub(super) struct Approved {
    /// Handle of the transaction.
    pub(super) handle: Digest,
    /// The browser it belongs to.
    pub(super) browser: Digest,
    pub(super) approval: Approval,
    /// Where the grant is for.
    pub(super) membership: Membership,
    pub(super) cause: Cause,
}

/// Makes the grant. What was begun is finished, even where the browser goes away meanwhile.
///
/// # Errors
/// Where no key can be made, or the store fails; then there is no grant either.
pub(super) async fn make(
    authority: &Arc<Authority>,
    approved: Approved,
) -> Result<Answered, PageError> {
    let authority = Arc::clone(authority);
    let made = tokio::spawn(async move {
        match authority.mint.clone() {
            Some(mint) => with_key(&authority, &mint, approved).await,
            None => Ok(store(&authority, &approved).await?),
        }
    });
    made.await.unwrap_or(Err(PageError::Unavailable))
}

async fn store(authority: &Authority, approved: &Approved) -> Result<Answered, StoreError> {
    let Approved {
        handle,
        browser,
        approval,
        cause,
        ..
    } = approved;
    let store = &authority.services.store;
    store.approve(*handle, *browser, approval, cause).await
}

async fn with_key(
    authority: &Authority,
    mint: &Mint,
    mut approved: Approved,
) -> Result<Answered, PageError> {
    let approval = &approved.approval;
    let request = KeyRequest {
        grant: approval.grant.clone(),
        workspace: approved.membership.workspace.clone(),
        name: approval.key_name.clone(),
        access: approval.scopes.access(),
        cause: approved.cause.clone(),
    };
    let sealed = request.make(authority, mint).await?;
    let id = sealed.id.clone();
    approved.approval.upstream_key = Some(sealed);
    let answered = store(authority, &approved).await;
    if !matches!(answered, Ok(Answered::Done)) {
        request.drop(authority, mint, &id).await;
    }
    Ok(answered?)
}
