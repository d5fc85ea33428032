//! The grant that an approval makes, and its key at the API: both come to be, or neither.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::account::PageError;
use crate::credential::{Mint, MintError, Minted};
use crate::model::{Answered, Approval, Cause, Membership, Order};
use crate::oauth::authority::Authority;
use crate::store::StoreError;
use crate::token::Digest;

/// How long others leave a key alone that is being asked for.
const LEASE: Duration = Duration::from_secs(15);
/// How often that is prolonged as long as it is.
const RENEWAL: Duration = Duration::from_secs(5);

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
    let minted = match ask(authority, mint, &approved).await? {
        Ok(minted) => minted,
        Err(error) => return Err(not_made(authority, mint, &approved, error).await?),
    };
    let approval = &approved.approval;
    let Some(sealed) = mint.seal(&approval.grant, &approval.workspace, &minted) else {
        tracing::error!("a key for the API could not be sealed");
        drop_key(authority, mint, &approved, &minted.id).await;
        return Err(PageError::Unavailable);
    };
    approved.approval.upstream_key = Some(sealed);
    let answered = store(authority, &approved).await;
    if !matches!(answered, Ok(Answered::Done)) {
        drop_key(authority, mint, &approved, &minted.id).await;
    }
    Ok(answered?)
}

/// Asks the API for a key. That it is asked is written down before, so that a key is never left
/// there that the server does not know of, even if this process dies meanwhile.
async fn ask(
    authority: &Authority,
    mint: &Mint,
    approved: &Approved,
) -> Result<Result<Minted, MintError>, StoreError> {
    let approval = &approved.approval;
    let order = Order {
        name: approval.key_name.clone(),
        workspace: approved.membership.workspace.upstream_id.clone(),
        access: approval.scopes.access(),
        grant: approval.grant.to_string(),
    };
    let (store, clock) = (&authority.services.store, &authority.services.clock);
    let now = clock.now();
    store
        .intend_upstream_key(&approval.workspace, &order, now, now + LEASE)
        .await?;
    let mut asking = pin!(mint.create(&order, &approved.cause.request_id));
    loop {
        tokio::select! {
            answer = &mut asking => return Ok(answer),
            () = tokio::time::sleep(RENEWAL) => {
                let until = clock.now() + LEASE;
                if let Err(error) = store.keep_upstream_key_intent(&approval.grant, until).await {
                    tracing::warn!(%error, "it could not be noted that a key is still asked for");
                }
            }
        }
    }
}

/// Notes that no key was made, and takes back one that cannot be read.
async fn not_made(
    authority: &Authority,
    mint: &Mint,
    approved: &Approved,
    error: MintError,
) -> Result<PageError, StoreError> {
    let Approved {
        approval, cause, ..
    } = approved;
    let workspace = &approval.workspace;
    tracing::warn!(%error, %workspace, "no key could be made at the API for a connection");
    let mut look = (!error.is_certain()).then_some(cause.at);
    if let MintError::Unread { id: Some(id), .. } = &error {
        drop_key(authority, mint, approved, id).await;
        look = None;
    }
    let reason = error.to_string();
    let store = &authority.services.store;
    store
        .upstream_key_not_made(&approval.grant, workspace, &reason, look, cause)
        .await?;
    Ok(match error {
        MintError::NotLinked if let Some(rule) = authority.accounts.link_required => {
            let workspace = &approved.membership.workspace;
            PageError::WorkspaceNotLinked {
                workspace: workspace.name.clone(),
                command: rule.command(&workspace.id),
            }
        }
        _ => PageError::KeyNotMade(authority.name.clone()),
    })
}

/// Has a key revoked that no grant came of.
async fn drop_key(authority: &Authority, mint: &Mint, approved: &Approved, key: &str) {
    let Approved {
        approval, cause, ..
    } = approved;
    let store = &authority.services.store;
    let kept = store.drop_upstream_key(&approval.grant, &approval.workspace, key, cause);
    let Err(error) = kept.await else {
        return;
    };
    tracing::error!(%error, key, "a key at the API has no grant and could not be noted");
    // That it was asked for stays noted, so that it is found later where there is a way.
    if let Err(reason) = mint.revoke(key, &cause.request_id).await {
        tracing::error!(
            key,
            reason,
            "the key is still there, and is looked for again"
        );
    }
}
