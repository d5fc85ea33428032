//! How much the calls of workspaces came to on each day.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::SqliteConnection;

use super::database::Sqlite;
use crate::model::{UsageDay, WorkspaceId};
use crate::store::rows::{millis, to_json};
use crate::store::usage::{AddedDays, PURGED};
use crate::store::{Result, Usage, decode};

/// Adds calls to the days of their workspaces. Those of a workspace that was deleted are not counted.
pub(super) async fn count(tx: &mut SqliteConnection, days: &AddedDays<'_>) -> Result<()> {
    if days.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = days
        .iter()
        .map(|((workspace, day), it)| (workspace, day, it.calls, it.failed, it.cost))
        .collect();
    sqlx::query(
        "INSERT INTO usage_days (workspace, day, calls, failed, cost) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) \
         WHERE value ->> 0 IN (SELECT id FROM workspaces) \
         ON CONFLICT (workspace, day) DO UPDATE SET calls = calls + excluded.calls, \
         failed = failed + excluded.failed, cost = cost + excluded.cost",
    )
    .bind(to_json(&rows)?)
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets days up to one: so many at once that no caller waits for it. Returns whether there may be more.
pub(super) async fn purge(tx: &mut SqliteConnection, last: i64) -> Result<bool> {
    let gone = sqlx::query(
        "DELETE FROM usage_days WHERE rowid IN \
         (SELECT rowid FROM usage_days WHERE day <= ? LIMIT ?)",
    )
    .bind(last)
    .bind(PURGED)
    .execute(tx)
    .await?;
    Ok(gone.rows_affected() >= PURGED.unsigned_abs())
}

#[async_trait]
impl Usage for Sqlite {
    async fn usage(&self, workspace: &WorkspaceId, since: SystemTime) -> Result<Vec<UsageDay>> {
        let rows = sqlx::query(
            "SELECT day, calls, failed, cost FROM usage_days WHERE workspace = ? AND day >= ? \
             ORDER BY day",
        )
        .bind(workspace.as_str())
        .bind(millis(since))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::usage_day).collect()
    }
}
