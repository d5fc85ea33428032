//! Keys of the API: how one is ordered, and how it is kept.

use std::fmt;

use crate::operation::Access;

/// A key of the API as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey {
    /// The API's id of it, by which it is revoked.
    pub(crate) id: String,
    /// Id of the sealing key.
    pub(crate) sealed_with: String,
    /// Nonce, ciphertext and tag.
    pub(crate) sealed: Vec<u8>,
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SealedKey")
            .field("id", &self.id)
            .field("sealed_with", &self.sealed_with)
            .finish_non_exhaustive()
    }
}

/// The key that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// What people will know it by.
    pub(crate) name: String,
    /// The API's id of the workspace.
    pub(crate) workspace: Option<String>,
    /// What it may do.
    pub(crate) access: Access,
    /// Id of the grant.
    pub(crate) grant: String,
}
