//! `[limits]`: how often connections and workspaces may call.

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::value::within;

/// How often connections and workspaces may call. Each server counts by itself. Only calls of people
/// who signed in are limited.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// The calls of tools that one connection may make in a minute: 1 to 1,000,000. So many are
    /// allowed at once, and then one more as each part of the minute passes.
    pub calls_per_minute_per_grant: u32,
    /// The calls of tools that all connections of one workspace may make in a minute, together:
    /// 1 to 1,000,000.
    pub calls_per_minute_per_workspace: u32,
}

impl LimitSettings {
    /// Checks the bounds of numbers.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let values = [
            ("per_grant", self.calls_per_minute_per_grant),
            ("per_workspace", self.calls_per_minute_per_workspace),
        ];
        values.into_iter().try_for_each(|(name, value)| {
            let key = format!("limits.calls_per_minute_{name}");
            within(&key, u64::from(value), 1..=MOST)
        })
    }
}

/// The highest rate, in calls a minute.
const MOST: u64 = 1_000_000;

impl Default for LimitSettings {
    fn default() -> LimitSettings {
        LimitSettings {
            calls_per_minute_per_grant: 120,
            calls_per_minute_per_workspace: 120,
        }
    }
}
