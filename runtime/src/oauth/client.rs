//! Who a `client_id` is: configured here, registered here, or described by a document there.

use super::Authority;
use super::types::{ClientId, ClientMetadata};
use crate::audit::Cause;
use crate::store::StoreError;

/// Who a `client_id` is.
#[derive(Clone, Debug)]
pub(super) enum Client {
    /// It is known.
    Known(ClientMetadata),
    /// There is no such client.
    Unknown,
    /// Its metadata document cannot be had just now, from this host.
    Unreachable(String),
}

impl Authority {
    /// Finds out who a client is.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn client(
        &self,
        client_id: &ClientId,
        cause: &Cause,
    ) -> Result<Client, StoreError> {
        if let Some(configured) = self.clients.get(client_id) {
            return Ok(Client::Known(configured.clone()));
        }
        if client_id.is_url() {
            return self.documented_client(client_id, cause).await;
        }
        let registered = self.accounts.store.client(client_id, cause.at).await?;
        Ok(match registered {
            Some(registered) => Client::Known(registered.metadata),
            None => Client::Unknown,
        })
    }

    /// Whether the token endpoint has to do with a client at all. What a document says is not asked
    /// for again there: the grant is bound to the `client_id`.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn is_client(
        &self,
        client_id: &ClientId,
        cause: &Cause,
    ) -> Result<bool, StoreError> {
        if self.clients.contains_key(client_id) {
            return Ok(true);
        }
        let store = &self.accounts.store;
        Ok(match client_id.is_url() {
            true => store.cached_metadata(client_id).await?.is_some(),
            false => store.client(client_id, cause.at).await?.is_some(),
        })
    }
}
