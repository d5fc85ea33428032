//! `[files]`: links to files, and uploads.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::value::within;

/// Links by which people and programs fetch and send files beside the assistant. Only people who signed in
/// receive them.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct FileSettings {
    /// Whether there are links to files and uploads, at `/files/`. Without them, clients receive files within
    /// answers, which many cannot show, and send files within arguments.
    pub enabled: bool,
    /// An answer with more bytes comes as a link, or as its first part and a link to the whole: 1,024 to
    /// 1,000,000,000. A file that is neither image nor sound comes as a link whatever its size.
    pub link_above_bytes: usize,
    /// The most bytes of a file that is uploaded: 1 to 1,000,000,000. It is in the store until a call sends
    /// it, for ten minutes at most, and a connection has three at most.
    pub max_upload_bytes: u64,
}

impl FileSettings {
    /// Checks the bounds of numbers.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let bytes = u64::try_from(self.link_above_bytes).unwrap_or(u64::MAX);
        within("files.link_above_bytes", bytes, 1_024..=MOST)?;
        within("files.max_upload_bytes", self.max_upload_bytes, 1..=MOST)
    }
}

/// The most bytes of each.
const MOST: u64 = 1_000_000_000;

impl Default for FileSettings {
    fn default() -> FileSettings {
        FileSettings {
            enabled: true,
            link_above_bytes: 100_000,
            max_upload_bytes: 200_000_000,
        }
    }
}
