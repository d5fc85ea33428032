//! How much of their quotas workspaces have used.

use async_trait::async_trait;

use super::database::Sqlite;
use crate::model::{Period, QuotaRequest, WorkspaceId};
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{QuotaUse, Result};

#[async_trait]
impl QuotaUse for Sqlite {
    async fn take_quota(
        &self,
        workspace: &WorkspaceId,
        period: Period,
        request: QuotaRequest,
    ) -> Result<u64> {
        let mut tx = self.begin().await?;
        let row = sqlx::query("SELECT used FROM quota_use WHERE workspace = ? AND starts = ?")
            .bind(workspace.as_str())
            .bind(millis(period.starts))
            .fetch_optional(&mut *tx)
            .await?;
        let used = row.map(|row| row.count("used")).transpose()?;
        let granted = request.granted(used.unwrap_or(0));
        if granted == 0 {
            return Ok(0);
        }
        sqlx::query(
            "INSERT INTO quota_use (workspace, starts, ends, used) VALUES (?, ?, ?, ?) \
             ON CONFLICT (workspace, starts) DO UPDATE SET used = used + excluded.used, \
             ends = max(ends, excluded.ends)",
        )
        .bind(workspace.as_str())
        .bind(millis(period.starts))
        .bind(millis(period.ends))
        .bind(i64::try_from(granted).unwrap_or(i64::MAX))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(granted)
    }

    async fn quota_taken(&self, workspace: &WorkspaceId, period: Period) -> Result<u64> {
        let row = sqlx::query("SELECT used FROM quota_use WHERE workspace = ? AND starts = ?")
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
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE quota_use SET used = max(used - ?, 0) WHERE workspace = ? AND starts = ?",
        )
        .bind(i64::try_from(unused).unwrap_or(i64::MAX))
        .bind(workspace.as_str())
        .bind(millis(period.starts))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await
    }
}
