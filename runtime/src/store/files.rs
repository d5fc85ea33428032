//! Parts of answers that are continued, and links to files. Both end after minutes, and with their grant.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{AccessToken, GrantId};
use crate::token::Digest;

/// A part of an answer, sealed, under the digest of the cursor that names it.
#[derive(Clone, Debug)]
pub(crate) struct SealedPart {
    pub(crate) digest: Digest,
    pub(crate) bytes: Vec<u8>,
}

/// A link that can be used.
#[derive(Debug)]
pub(crate) struct FileLink {
    /// The grant that it belongs to.
    pub(crate) grant: GrantId,
    /// What it is for, sealed.
    pub(crate) sealed: Vec<u8>,
}

/// Parts of answers, and links to files. No event is written for them: the call that made them is
/// recorded.
#[async_trait]
pub(crate) trait Files: Send + Sync {
    /// Keeps the parts of an answer until `expires`. Where the parts of the grant have more than
    /// [`bounds::KEPT_BYTES_OF_GRANT`](crate::model::bounds::KEPT_BYTES_OF_GRANT), those of its oldest
    /// answers are removed. Returns false, and changes nothing, where the new ones alone have more, the
    /// grant has ended, or the parts of all grants have more than
    /// [`bounds::KEPT_BYTES`](crate::model::bounds::KEPT_BYTES).
    async fn keep_answer(
        &self,
        grant: &GrantId,
        parts: &[SealedPart],
        now: SystemTime,
        expires: SystemTime,
    ) -> Result<bool>;

    /// Returns a part that is kept for this grant.
    async fn kept_part(
        &self,
        part: Digest,
        grant: &GrantId,
        now: SystemTime,
    ) -> Result<Option<Vec<u8>>>;

    /// Keeps a link until `expires`, in place of the oldest where the grant has more than
    /// [`bounds::FILE_LINKS_OF_GRANT`](crate::model::bounds::FILE_LINKS_OF_GRANT). Returns false where the
    /// grant has ended.
    async fn put_file_link(
        &self,
        link: Digest,
        grant: &GrantId,
        sealed: &[u8],
        expires: SystemTime,
    ) -> Result<bool>;

    /// Returns a link, unless it is not there (any longer) or was used `most` times.
    async fn file_link(&self, link: Digest, most: u32, now: SystemTime)
    -> Result<Option<FileLink>>;

    /// Counts a use of a link. Returns false where it is not there (any longer), was used `most` times,
    /// its grant has ended, or the workspace is suspended: nothing is counted then.
    async fn use_file_link(&self, link: Digest, most: u32, now: SystemTime) -> Result<bool>;

    /// Returns a grant as it is now, with all access that was granted. Returns nothing where it has ended,
    /// its person has left the workspace, or that is suspended.
    async fn grant_in_force(
        &self,
        grant: &GrantId,
        now: SystemTime,
    ) -> Result<Option<Arc<AccessToken>>>;
}

/// An answer of which parts are kept, and their bytes.
pub(super) struct KeptAnswer {
    pub(super) answer: Vec<u8>,
    pub(super) bytes: u64,
}

/// Returns which of the answers of a grant, the oldest first, are removed so that `more` bytes have room
/// within `most`. Returns nothing where they have none.
pub(super) fn removed(
    kept: Vec<KeptAnswer>,
    more: u64,
    most: u64,
) -> Option<impl Iterator<Item = Vec<u8>>> {
    let room = most.checked_sub(more)?;
    let mut bytes: u64 = kept.iter().map(|it| it.bytes).sum();
    let removed = kept.into_iter().take_while(move |answer| {
        let is_removed = bytes > room;
        bytes = bytes.saturating_sub(answer.bytes);
        is_removed
    });
    Some(removed.map(|it| it.answer))
}

/// Returns how many bytes parts have.
pub(super) fn length(parts: &[SealedPart]) -> u64 {
    parts.iter().map(|part| part.bytes.len() as u64).sum()
}
