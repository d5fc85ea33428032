//! How the file of an upload is received.

use std::error::Error;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};

use super::upload::{PURPOSE, bound, ends};
use crate::call::Runner;
use crate::call::seal::SecretKey;
use crate::capacity::Owner;
use crate::metrics::Limit;
use crate::request_body::is_late;
use crate::store::{Begun, Services, Store, StoreError};
use crate::token::{self, Digest};

/// Bytes of a file that are sealed at once.
const CHUNK: usize = 256 * 1024;

/// Why a file is not received.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UploadError {
    /// No such upload waits.
    NotFound,
    /// It has more than so many bytes.
    TooLong(u64),
    /// It did not come in time.
    Late,
    /// It did not come as a whole.
    Broken,
    /// Too many calls run.
    Busy,
    /// Other uploads have too many bytes.
    Full,
    /// The store fails.
    Unavailable,
}

impl From<StoreError> for UploadError {
    fn from(error: StoreError) -> UploadError {
        tracing::error!(%error, "an upload is not kept");
        UploadError::Unavailable
    }
}

impl Runner {
    /// Receives the file of an upload, once. Returns how many bytes it has. No more than a part of it is in
    /// memory at any time. It counts among the calls that run.
    ///
    /// # Errors
    /// Where no such upload waits, the file is too long or does not come, there is no room for it, or the
    /// store fails.
    pub(crate) async fn receive<E: Error + 'static>(
        &self,
        secret: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
    ) -> Result<u64, UploadError> {
        let (links, services) = self.file_links().ok_or(UploadError::NotFound)?;
        if secret.len() != token::LENGTH {
            return Err(UploadError::NotFound);
        }
        let most = links.max_upload;
        if length.is_some_and(|length| length > most) {
            return Err(UploadError::TooLong(most));
        }
        let (upload, store, now) = (Digest::of(secret), &services.store, services.clock.now());
        let grant = store.waiting_upload(upload, now).await?;
        let grant = grant.ok_or(UploadError::NotFound)?;
        let access = store.grant_in_force(&grant, now).await?;
        let owner: Arc<dyn Owner> = access.ok_or(UploadError::NotFound)?.grant.clone();
        let running = self.in_flight.enter(Some(owner));
        let _running = running.map_err(|_| {
            self.metrics.limited(Limit::InFlight);
            UploadError::Busy
        })?;
        let key = SecretKey::of(PURPOSE, secret).ok_or(UploadError::Unavailable)?;
        let bytes = length.unwrap_or(most);
        match store.begin_upload(upload, bytes, now).await? {
            Begun::Receiving => {}
            Begun::Full => return Err(UploadError::Full),
            Begun::Gone => return Err(UploadError::NotFound),
        }
        let mut unfinished = Unfinished {
            upload,
            store: Some(Arc::clone(store)),
        };
        let receiving = Receiving {
            upload,
            key,
            bound: bound(&grant),
            store: &**store,
            chunks: 0,
            bytes: 0,
        };
        let received = receiving.whole(body, most, services).await;
        if received.is_err()
            && let Err(error) = store.remove_upload(upload).await
        {
            tracing::warn!(%error, "what was received is not removed; it ends by time");
        }
        unfinished.store = None;
        received
    }
}

/// An upload whose file is not there as a whole. Where it is dropped so, what was received is removed.
struct Unfinished {
    upload: Digest,
    store: Option<Arc<dyn Store>>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (upload, store) = (self.upload, self.store.take());
        if let (Some(store), Ok(runtime)) = (store, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if let Err(error) = store.remove_upload(upload).await {
                    tracing::warn!(%error, "what was received is not removed; it ends by time");
                }
            });
        }
    }
}

/// A file that is received.
struct Receiving<'r> {
    upload: Digest,
    key: SecretKey,
    bound: String,
    store: &'r dyn Store,
    chunks: u32,
    bytes: u64,
}

impl Receiving<'_> {
    /// Receives the file, and notes that it is there.
    async fn whole<E: Error + 'static>(
        self,
        body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
        most: u64,
        services: &Services,
    ) -> Result<u64, UploadError> {
        let (upload, store) = (self.upload, self.store);
        let bytes = self.all(body, most).await?;
        let expires = ends(services).ok_or(UploadError::Unavailable)?;
        match store.end_upload(upload, bytes, expires).await? {
            true => Ok(bytes),
            false => Err(UploadError::NotFound),
        }
    }

    async fn all<E: Error + 'static>(
        mut self,
        mut body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
        most: u64,
    ) -> Result<u64, UploadError> {
        let mut held = BytesMut::new();
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| match is_late(&error) {
                true => UploadError::Late,
                false => UploadError::Broken,
            })?;
            self.bytes += part.len() as u64;
            if self.bytes > most {
                return Err(UploadError::TooLong(most));
            }
            held.extend_from_slice(&part);
            while held.len() >= CHUNK {
                let chunk = held.split_to(CHUNK);
                self.keep(chunk.to_vec()).await?;
            }
        }
        if !held.is_empty() {
            self.keep(held.to_vec()).await?;
        }
        Ok(self.bytes)
    }

    /// Seals a part under its number, counted from 1, and keeps it.
    async fn keep(&mut self, chunk: Vec<u8>) -> Result<(), UploadError> {
        self.chunks += 1;
        let sealed = self.key.seal(self.chunks, &self.bound, chunk);
        let sealed = sealed.ok_or(UploadError::Unavailable)?;
        let put = self
            .store
            .put_upload_chunk(self.upload, self.chunks, &sealed);
        match put.await? {
            true => Ok(()),
            false => Err(UploadError::NotFound),
        }
    }
}
