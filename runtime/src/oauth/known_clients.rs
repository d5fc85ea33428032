//! Clients that the configuration lists.

use std::collections::BTreeMap;

use crate::config::{ConfigError, OAuthSettings};
use crate::model::{ClientId, ClientMetadata};

/// Clients that are known beforehand, by configuration.
#[derive(Clone, Debug)]
pub(crate) struct KnownClients(pub(super) BTreeMap<ClientId, ClientMetadata>);

impl KnownClients {
    /// Reads `oauth.clients`.
    ///
    /// # Errors
    /// Where one is no client that could be registered.
    pub(crate) fn read(settings: &OAuthSettings) -> Result<KnownClients, ConfigError> {
        let mut clients = BTreeMap::new();
        for client in &settings.clients {
            let id = &client.client_id;
            let fail = |message| ConfigError::new("oauth.clients", message);
            let known =
                ClientId::parse(id).ok_or_else(|| fail(format!("`{id}` is no client_id")))?;
            if known.is_agent() {
                let message =
                    format!("`{id}` begins as the client_id of an agent does; choose another one");
                return Err(fail(message));
            }
            let name = client.client_name.as_deref();
            let metadata = ClientMetadata::configured(name, &client.redirect_uris)
                .map_err(|error| fail(format!("`{id}`: {error}")))?;
            clients.insert(known, metadata);
        }
        Ok(KnownClients(clients))
    }
}
