//! How much of their quotas workspaces have used. A change locks the row of one workspace and period,
//! and nothing else.

use async_trait::async_trait;

use super::database::Postgres;
use crate::model::{Period, QuotaRequest, WorkspaceId};
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{QuotaUse, Result};

#[async_trait]
impl QuotaUse for Postgres {
    async fn take_quota(
        &self,
        workspace: &WorkspaceId,
        period: Period,
        request: QuotaRequest,
    ) -> Result<u64> {
        let mut tx = self.begin_beside().await?;
        sqlx::query(
            "INSERT INTO quota_use (workspace, starts, ends, used) VALUES ($1, $2, $3, 0) \
             ON CONFLICT (workspace, starts) DO NOTHING",
        )
        .bind(workspace.as_str())
        .bind(millis(period.starts))
        .bind(millis(period.ends))
        .execute(&mut *tx)
        .await?;
        let row = sqlx::query(
            "SELECT used FROM quota_use WHERE workspace = $1 AND starts = $2 FOR UPDATE",
        )
        .bind(workspace.as_str())
        .bind(millis(period.starts))
        .fetch_one(&mut *tx)
        .await?;
        let granted = request.granted(row.count("used")?);
        if granted == 0 {
            return Ok(0);
        }
        sqlx::query(
            "UPDATE quota_use SET used = used + $1, ends = greatest(ends, $2) \
             WHERE workspace = $3 AND starts = $4",
        )
        .bind(i64::try_from(granted).unwrap_or(i64::MAX))
        .bind(millis(period.ends))
        .bind(workspace.as_str())
        .bind(millis(period.starts))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(granted)
    }

    async fn quota_taken(&self, workspace: &WorkspaceId, period: Period) -> Result<u64> {
        let row = sqlx::query("SELECT used FROM quota_use WHERE workspace = $1 AND starts = $2")
            .bind(workspace.as_str())
            .bind(millis(period.starts))
            .fetch_optional(&self.reader)
            .await?;
        Ok(row.map(|row| row.count("used")).transpose()?.unwrap_or(0))
    }

    async fn give_back_quota(
        &self,
        workspace: &WorkspaceId,
        period: Period,
        unused: u64,
    ) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        sqlx::query(
            "UPDATE quota_use SET used = greatest(used - $1, 0) \
             WHERE workspace = $2 AND starts = $3",
        )
        .bind(i64::try_from(unused).unwrap_or(i64::MAX))
        .bind(workspace.as_str())
        .bind(millis(period.starts))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await
    }
}
