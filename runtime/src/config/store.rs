//! `[store]`: where accounts, clients and keys are kept.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::value::within;

/// Where accounts, clients and connections are kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// The SQLite file, which the server makes at its first start, readable by its user only. A
    /// relative path starts at the configuration file. `:memory:` keeps everything in memory until
    /// the server ends.
    pub path: PathBuf,
    /// How long rows of the audit are kept, in days: 1 to 3,650.
    pub audit_days: u64,
    /// The most rows of the audit: 1,000 to 1,000,000,000. When there are more, the oldest rows are
    /// removed: first attempts that changed nothing, of which a tenth of all rows may stay, then
    /// calls of tools, then changes of accounts and connections.
    pub audit_rows: u64,
    /// How long the portal lists connections that have ended, in days: 1 to 3,650.
    pub ended_key_days: u64,
}

impl StoreSettings {
    /// Checks the bounds of numbers.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("store.audit_days", self.audit_days, 1..=3650)?;
        within("store.ended_key_days", self.ended_key_days, 1..=3650)?;
        within("store.audit_rows", self.audit_rows, 1_000..=1_000_000_000)
    }

    /// Whether what is kept is gone with the process.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.path.as_os_str() == ":memory:"
    }
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            path: PathBuf::from("connector.db"),
            audit_days: 365,
            audit_rows: 1_000_000,
            ended_key_days: 90,
        }
    }
}
