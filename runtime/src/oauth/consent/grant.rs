//! The grant that an approval makes, and its key at the API: both come to be, or neither.

use std::sync::Arc;

use crate::account::{Fault, Membership};
use crate::audit::Cause;
use crate::credential::{Mint, MintError, Order, Owner};
use crate::oauth::Authority;
use crate::oauth::model::{Answered, Approval};
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
) -> Result<Answered, Fault> {
    let authority = Arc::clone(authority);
    let made = tokio::spawn(async move {
        match authority.mint.clone() {
            Some(mint) => with_key(&authority, &mint, approved).await,
            None => Ok(store(&authority, &approved).await?),
        }
    });
    made.await.unwrap_or(Err(Fault::Unavailable))
}

async fn store(authority: &Authority, approved: &Approved) -> Result<Answered, StoreError> {
    let Approved {
        handle,
        browser,
        approval,
        cause,
        ..
    } = approved;
    let store = &authority.accounts.store;
    store.approve(*handle, *browser, approval, cause).await
}

async fn with_key(
    authority: &Authority,
    mint: &Mint,
    mut approved: Approved,
) -> Result<Answered, Fault> {
    let approval = &approved.approval;
    let order = Order {
        name: approval.key_name.clone(),
        workspace: approved.membership.workspace.upstream_id.clone(),
        access: approval.scopes.access(),
        grant: approval.grant.to_string(),
    };
    let minted = match mint.create(&order, &approved.cause.request_id).await {
        Ok(minted) => minted,
        Err(error) => return Err(not_made(authority, mint, &approved, error).await?),
    };
    let owner = Owner {
        grant: approval.grant.as_str(),
        workspace: approval.workspace.as_str(),
    };
    let Some(sealed) = mint.seal(owner, &minted) else {
        tracing::error!("a key for the API could not be sealed");
        drop_key(authority, mint, &approved, &minted.id).await;
        return Err(Fault::Unavailable);
    };
    approved.approval.upstream_key = Some(sealed);
    let answered = store(authority, &approved).await;
    if !matches!(answered, Ok(Answered::Done)) {
        drop_key(authority, mint, &approved, &minted.id).await;
    }
    Ok(answered?)
}

/// Notes that no key was made, and takes back one that cannot be read.
async fn not_made(
    authority: &Authority,
    mint: &Mint,
    approved: &Approved,
    error: MintError,
) -> Result<Fault, StoreError> {
    let workspace = &approved.approval.workspace;
    tracing::warn!(%error, %workspace, "no key could be made at the API for a connection");
    if let MintError::Unread { id: Some(id), .. } = &error {
        drop_key(authority, mint, approved, id).await;
    }
    let reason = error.to_string();
    let store = &authority.accounts.store;
    store
        .upstream_key_not_made(workspace, &reason, &approved.cause)
        .await?;
    Ok(match error {
        MintError::NotLinked if let Some(rule) = authority.accounts.link_required => {
            let workspace = &approved.membership.workspace;
            Fault::WorkspaceNotLinked {
                workspace: workspace.name.clone(),
                command: rule.command(&workspace.id),
            }
        }
        _ => Fault::KeyNotMade(authority.name.to_owned()),
    })
}

/// Has a key revoked that no grant came of.
async fn drop_key(authority: &Authority, mint: &Mint, approved: &Approved, key: &str) {
    let Approved {
        approval, cause, ..
    } = approved;
    let store = &authority.accounts.store;
    let kept = store.drop_upstream_key(&approval.grant, &approval.workspace, key, cause);
    let Err(error) = kept.await else {
        return;
    };
    tracing::error!(%error, key, "a key at the API has no grant and could not be noted");
    // Nobody would ever try again: this is the one chance.
    if let Err(reason) = mint.revoke(key, &cause.request_id).await {
        tracing::error!(key, reason, "the key is still there: revoke it by hand");
    }
}
