//! The count of changes after which an access token has to be looked up again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the changes of a store that the answer to an access token can depend on: to grants,
/// tokens, memberships and workspaces.
///
/// A backend counts each such change after it is committed and before its caller learns of it. A
/// backend that learns of the changes of other processes, as from a channel of its database, counts
/// those too, and may count more than there were. A clone counts the same changes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes(Arc<AtomicU64>);

impl Changes {
    /// Returns how many changes were counted so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    /// Counts a change: nothing that was read before is answered from a cache after this.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
