//! Clients of the authorization server, in the store.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::{Result, Share};
use crate::model::{CachedMetadata, ClientId, ClientMetadata};

/// Clients that registered themselves, and documents of those that publish one. Anybody can have
/// these kept, so that no event is written for it: there is no end to what anybody could do.
#[async_trait]
pub(crate) trait Clients: Debug + Send + Sync {
    /// Keeps a client; one that is there already stays as it is, and is no longer one source's where
    /// it comes from another. Where there are `most` already, one without a connection
    /// is removed: of the source that has the most of them, one that was never granted anything
    /// before one whose grants have ended, and the oldest first. Returns when the client was first
    /// registered, or `None` where all others are in use.
    async fn register(
        &self,
        client: &ClientId,
        metadata: &ClientMetadata,
        most: u64,
        share: Share,
        now: SystemTime,
    ) -> Result<Option<SystemTime>>;

    /// Reports whether a client is registered. Cheaper than [`Clients::client`], which has to be certain
    /// that a client is unknown, since that ends its connections: where this is wrongly `false`, the client
    /// is registered again.
    async fn is_registered(&self, client: &ClientId) -> Result<bool>;

    /// The client of this id.
    async fn client(&self, client: &ClientId) -> Result<Option<ClientMetadata>>;

    /// The document of this URL as it was last fetched.
    async fn cached_metadata(&self, client: &ClientId) -> Result<Option<CachedMetadata>>;

    /// Keeps a document. Where there are more than `most`, one is removed as a client is
    /// ([`Clients::register`]), but one in use where all are: it can be fetched again.
    async fn cache_metadata(
        &self,
        client: &ClientId,
        document: &CachedMetadata,
        most: u64,
        share: Share,
    ) -> Result<()>;
}
