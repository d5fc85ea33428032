//! How much the calls of workspaces came to on each day.

use std::collections::{BTreeMap, HashSet};
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{ToolCall, UsageDay, WorkspaceId};

/// The milliseconds of a day.
const DAY: i64 = 86_400_000;
/// The most days that one transaction forgets.
pub(super) const PURGED: i64 = 1_000;

/// What the calls of workspaces came to. [`super::Keys::tools_called`] counts each call once, in the
/// step that stores its end.
#[async_trait]
pub(crate) trait Usage: Send + Sync {
    /// Returns the days of a workspace from a day on that have a call, oldest first.
    async fn usage(&self, workspace: &WorkspaceId, since: SystemTime) -> Result<Vec<UsageDay>>;
}

/// What calls add to a day of a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Added {
    pub(super) calls: i64,
    pub(super) failed: i64,
    pub(super) cost: i64,
}

/// What calls add to each workspace and day, which is the millisecond that it begins with. The order is
/// the same in every process, so that none waits for another one that waits for it.
pub(super) type AddedDays<'a> = BTreeMap<(&'a str, i64), Added>;

/// Adds up the calls that have ended and whose ids are `stored`.
pub(super) fn days_of<'a>(
    calls: impl Iterator<Item = &'a ToolCall<'a>>,
    stored: &[i64],
) -> AddedDays<'a> {
    let stored: HashSet<_> = stored.iter().collect();
    let mut days = AddedDays::new();
    for call in calls.filter(|call| stored.contains(&call.id)) {
        let Some(outcome) = call.outcome else {
            continue;
        };
        let day = call.at - call.at.rem_euclid(DAY);
        let added = days.entry((&*call.workspace, day)).or_default();
        added.calls += 1;
        added.failed += i64::from(outcome != "ok");
        added.cost += call.cost.unwrap_or(0);
    }
    days
}
