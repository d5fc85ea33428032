//! The key at the API that a new grant gets, where grants have one of their own: both come to be, or
//! neither.

use std::pin::pin;
use std::time::Duration;

use super::authority::Authority;
use crate::account::PageError;
use crate::credential::{Mint, MintError, Minted};
use crate::model::{Cause, GrantId, Order, SealedKey, Workspace};
use crate::operation::Access;
use crate::store::StoreError;

/// How long others leave a key alone that is being asked for.
const LEASE: Duration = Duration::from_secs(15);
/// How often that is prolonged as long as it is.
const RENEWAL: Duration = Duration::from_secs(5);

/// The grant that a key is made for.
#[derive(Clone, Debug)]
pub(super) struct KeyRequest {
    pub(super) grant: GrantId,
    pub(super) workspace: Workspace,
    /// The name of the key.
    pub(super) name: String,
    pub(super) access: Access,
    pub(super) cause: Cause,
}

impl KeyRequest {
    /// Makes the key, and seals it.
    ///
    /// # Errors
    /// Where no key can be made, or the store fails.
    pub(super) async fn make(
        &self,
        authority: &Authority,
        mint: &Mint,
    ) -> Result<SealedKey, PageError> {
        let minted = match self.ask(authority, mint).await? {
            Ok(minted) => minted,
            Err(error) => return Err(self.not_made(authority, mint, error).await?),
        };
        if let Some(sealed) = mint.seal(&self.grant, &self.workspace.id, &minted) {
            return Ok(sealed);
        }
        tracing::error!("a key for the API could not be sealed");
        self.drop(authority, mint, &minted.id).await;
        Err(PageError::Unavailable)
    }

    /// Asks the API for a key. That it is asked is written down before, so that a key is never left
    /// there that the server does not know of, even if this process dies meanwhile.
    async fn ask(
        &self,
        authority: &Authority,
        mint: &Mint,
    ) -> Result<Result<Minted, MintError>, StoreError> {
        let order = Order {
            name: self.name.clone(),
            workspace: self.workspace.upstream_id.clone(),
            access: self.access,
            grant: self.grant.to_string(),
        };
        let (store, clock) = (&authority.services.store, &authority.services.clock);
        let now = clock.now();
        store
            .intend_upstream_key(&self.workspace.id, &order, now, now + LEASE)
            .await?;
        let mut asking = pin!(mint.create(&order, &self.cause.request_id));
        loop {
            tokio::select! {
                answer = &mut asking => return Ok(answer),
                () = tokio::time::sleep(RENEWAL) => {
                    let until = clock.now() + LEASE;
                    if let Err(error) = store.keep_upstream_key_intent(&self.grant, until).await {
                        tracing::warn!(%error, "it could not be noted that a key is still asked for");
                    }
                }
            }
        }
    }

    /// Notes that no key was made, and takes back one that cannot be read.
    async fn not_made(
        &self,
        authority: &Authority,
        mint: &Mint,
        error: MintError,
    ) -> Result<PageError, StoreError> {
        let (workspace, cause) = (&self.workspace, &self.cause);
        let id = &workspace.id;
        tracing::warn!(%error, workspace = %id, "no key could be made at the API for a connection");
        let mut look = (!error.is_certain()).then_some(cause.at);
        if let MintError::Unread { id: Some(id), .. } = &error {
            self.drop(authority, mint, id).await;
            look = None;
        }
        let reason = error.to_string();
        let store = &authority.services.store;
        store
            .upstream_key_not_made(&self.grant, id, &reason, look, cause)
            .await?;
        Ok(match error {
            MintError::NotLinked if let Some(rule) = authority.accounts.link_required => {
                PageError::WorkspaceNotLinked {
                    workspace: workspace.name.clone(),
                    command: rule.command(id),
                }
            }
            _ => PageError::KeyNotMade(authority.name.clone()),
        })
    }

    /// Has a key revoked that no grant came of.
    pub(super) async fn drop(&self, authority: &Authority, mint: &Mint, key: &str) {
        let store = &authority.services.store;
        let kept = store.drop_upstream_key(&self.grant, &self.workspace.id, key, &self.cause);
        let Err(error) = kept.await else {
            return;
        };
        tracing::error!(%error, key, "a key at the API has no grant and could not be noted");
        // That it was asked for stays noted, so that it is found later where there is a way.
        if let Err(reason) = mint.revoke(key, &self.cause.request_id).await {
            tracing::error!(
                key,
                reason,
                "the key is still there, and is looked for again"
            );
        }
    }
}
