//! Who a `client_id` is: configured here, registered here, or described by a document there.

use super::authority::Authority;
use crate::account::Browser;
use crate::model::{ClientId, ClientMetadata, Refused};
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
    /// Its metadata document is not fetched just now: too many were asked for.
    FetchRefused(Refused),
}

impl Authority {
    /// Finds out who a client is.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn client(
        &self,
        client_id: &ClientId,
        browser: &Browser,
    ) -> Result<Client, StoreError> {
        if let Some(configured) = self.clients.get(client_id) {
            return Ok(Client::Known(configured.clone()));
        }
        if client_id.is_url() {
            return self.documented_client(client_id, browser).await;
        }
        let registered = self.services.store.client(client_id).await?;
        Ok(registered.map_or(Client::Unknown, Client::Known))
    }

    /// Whether the token endpoint has to do with a client at all. Nothing here knows a client with
    /// a document but its grants, which are bound to the URL: they decide.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn is_client(&self, client_id: &ClientId) -> Result<bool, StoreError> {
        if client_id.is_url() || self.clients.contains_key(client_id) {
            return Ok(true);
        }
        Ok(self.services.store.client(client_id).await?.is_some())
    }
}
