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

/// What became of beginning to receive a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// It is received.
    Receiving,
    /// Its workspace, or all together, would have more bytes than are kept. Nothing was changed.
    Full,
    /// No such upload waits (any longer).
    Gone,
}

/// Uploads. An upload waits for its file, receives it once, and is complete afterwards; one call takes it
/// then, and sends it. No event is written for them: the calls that request and send one are recorded.
#[async_trait]
pub(crate) trait Uploads: Send + Sync {
    /// Has an upload wait for its file until `expires`, in place of the oldest that is not being sent where
    /// the grant has more than [`bounds::UPLOADS_OF_GRANT`](crate::model::bounds::UPLOADS_OF_GRANT). Returns
    /// false where the grant has ended, or its workspace is suspended.
    async fn put_upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        sealed: &[u8],
        now: SystemTime,
        expires: SystemTime,
    ) -> Result<bool>;

    /// Returns the grant of an upload that waits for its file.
    async fn waiting_upload(&self, upload: Digest, now: SystemTime) -> Result<Option<GrantId>>;

    /// Begins to receive the file of an upload, which one caller alone does. The file has at most so many
    /// bytes. They count for [`bounds::UPLOADED_BYTES_OF_WORKSPACE`] and [`bounds::UPLOADED_BYTES`] from now
    /// on.
    ///
    /// [`bounds::UPLOADED_BYTES_OF_WORKSPACE`]: crate::model::bounds::UPLOADED_BYTES_OF_WORKSPACE
    /// [`bounds::UPLOADED_BYTES`]: crate::model::bounds::UPLOADED_BYTES
    async fn begin_upload(&self, upload: Digest, bytes: u64, now: SystemTime) -> Result<Begun>;

    /// Keeps a part of a file that is received. Returns false where it is not (any longer).
    async fn put_upload_chunk(&self, upload: Digest, number: u32, sealed: &[u8]) -> Result<bool>;

    /// Ends to receive a file of so many bytes, which is kept until `expires`. Returns false where it is not
    /// received (any longer).
    async fn end_upload(&self, upload: Digest, bytes: u64, expires: SystemTime) -> Result<bool>;

    /// Takes a complete upload of this grant, which one caller alone does, and keeps it until `expires`.
    async fn take_upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        now: SystemTime,
        expires: SystemTime,
    ) -> Result<Option<StoredUpload>>;

    /// Has an upload that was taken be complete again.
    async fn return_upload(&self, upload: Digest) -> Result<()>;

    /// Returns a part of an upload.
    async fn upload_chunk(&self, upload: Digest, number: u32) -> Result<Option<Vec<u8>>>;

    /// Removes an upload and its parts.
    async fn remove_upload(&self, upload: Digest) -> Result<()>;
}
