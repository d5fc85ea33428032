//! Files that are uploaded, until a call sends them.

use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::GrantId;
use crate::token::Digest;

/// A file that was uploaded as a whole.
#[derive(Debug)]
pub(crate) struct StoredUpload {
    /// Its name and type, sealed.
    pub(crate) sealed: Vec<u8>,
    /// How many bytes it has.
    pub(crate) bytes: u64,
}

/// Uploads. An upload waits for its file, receives it once, and is complete afterwards. No event is written
/// for them: the call that sends one is recorded.
#[async_trait]
pub(crate) trait Uploads: Send + Sync {
    /// Has an upload wait for its file until `expires`, in place of the oldest where the grant has more than
    /// [`bounds::UPLOADS_OF_GRANT`](crate::model::bounds::UPLOADS_OF_GRANT). Returns false where the grant
    /// has ended.
    async fn put_upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        sealed: &[u8],
        expires: SystemTime,
    ) -> Result<bool>;

    /// Begins to receive the file of an upload, which one caller alone does. Returns its grant, or nothing
    /// where no such upload waits (any longer).
    async fn begin_upload(&self, upload: Digest, now: SystemTime) -> Result<Option<GrantId>>;

    /// Keeps a part of a file that is received. Returns false where it is not (any longer).
    async fn put_upload_chunk(&self, upload: Digest, number: u32, sealed: &[u8]) -> Result<bool>;

    /// Ends to receive a file of so many bytes, which is kept until `expires`. Returns false where it is not
    /// received (any longer).
    async fn end_upload(&self, upload: Digest, bytes: u64, expires: SystemTime) -> Result<bool>;

    /// Returns a complete upload of this grant.
    async fn upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        now: SystemTime,
    ) -> Result<Option<StoredUpload>>;

    /// Returns a part of a complete upload.
    async fn upload_chunk(&self, upload: Digest, number: u32) -> Result<Option<Vec<u8>>>;

    /// Removes an upload and its parts.
    async fn remove_upload(&self, upload: Digest) -> Result<()>;
}
