//! How much the calls of workspaces came to on each day.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{PgConnection, PgPool};

use super::database::Postgres;
use super::text::storable;
use crate::model::{UsageDay, WorkspaceId};
use crate::store::rows::millis;
use crate::store::usage::{AddedDays, PURGED};
use crate::store::{Result, Usage, decode};

/// Adds calls to the days of their workspaces, in one order, so that no two transactions wait for each
/// other. Those of a workspace that was deleted are not counted.
pub(super) async fn count(tx: &mut PgConnection, days: &AddedDays<'_>) -> Result<()> {
    if days.is_empty() {
        return Ok(());
    }
    let workspaces = days.keys().map(|(workspace, _)| storable(workspace));
    sqlx::query(
        "INSERT INTO usage_days (workspace, day, calls, failed, cost) \
         SELECT added.workspace, added.day, added.calls, added.failed, added.cost \
         FROM UNNEST($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) \
         AS added (workspace, day, calls, failed, cost) \
         WHERE EXISTS (SELECT 1 FROM workspaces w WHERE w.id = added.workspace) \
         ORDER BY added.workspace COLLATE \"C\", added.day \
         ON CONFLICT (workspace, day) DO UPDATE SET calls = usage_days.calls + excluded.calls, \
         failed = usage_days.failed + excluded.failed, cost = usage_days.cost + excluded.cost",
    )
    .bind(workspaces.collect::<Vec<_>>())
    .bind(days.keys().map(|(_, day)| *day).collect::<Vec<_>>())
    .bind(days.values().map(|it| it.calls).collect::<Vec<_>>())
    .bind(days.values().map(|it| it.failed).collect::<Vec<_>>())
    .bind(days.values().map(|it| it.cost).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

/// Forgets days up to one: so many at once that no caller waits for it.
pub(super) async fn purge(pool: &PgPool, last: i64) -> Result<()> {
    loop {
        let gone = sqlx::query(
            "DELETE FROM usage_days WHERE ctid = ANY (ARRAY (SELECT ctid FROM usage_days \
             WHERE day <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED))",
        )
        .bind(last)
        .bind(PURGED)
        .execute(pool)
        .await?;
        if gone.rows_affected() < PURGED.unsigned_abs() {
            return Ok(());
        }
    }
}

#[async_trait]
impl Usage for Postgres {
    async fn usage(&self, workspace: &WorkspaceId, since: SystemTime) -> Result<Vec<UsageDay>> {
        let rows = sqlx::query(
            "SELECT day, calls, failed, cost FROM usage_days WHERE workspace = $1 AND day >= $2 \
             ORDER BY day",
        )
        .bind(workspace.as_str())
        .bind(millis(since))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(decode::usage_day).collect()
    }
}
