//! What the servers of one deployment share, where people sign in.

use super::Runner;
use super::files::FileLinks;
use crate::store::{Services, Store};

/// The store that servers share, and what they do with it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) services: Services,
    /// How links to files are made; none where that is switched off.
    pub(crate) files: Option<FileLinks>,
}

impl Runner {
    /// Names what is shared with other servers. A second time has no effect.
    pub(crate) fn share(&self, shared: Shared) {
        let _ = self.shared.set(shared);
    }

    /// The store that servers share, where people sign in.
    pub(super) fn store(&self) -> Option<&dyn Store> {
        let shared = self.shared.get()?;
        Some(&*shared.services.store)
    }

    /// How links to files are made, and the services for it.
    pub(super) fn file_links(&self) -> Option<(&FileLinks, &Services)> {
        let shared = self.shared.get()?;
        Some((shared.files.as_ref()?, &shared.services))
    }
}
