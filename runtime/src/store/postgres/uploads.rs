//! Files that are uploaded, until a call sends them. A change locks the row of its grant, or that of one
//! upload.

use std::time::SystemTime;

use async_trait::async_trait;

use super::database::Postgres;
use super::files::lock_in_force;
use crate::model::{GrantId, bounds};
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Begun, Result, StoredUpload, Uploads};
use crate::token::Digest;

#[async_trait]
impl Uploads for Postgres {
    async fn put_upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        sealed: &[u8],
        now: SystemTime,
        expires: SystemTime,
    ) -> Result<bool> {
        let mut tx = self.begin_beside().await?;
        if !lock_in_force(&mut tx, grant, now).await? {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO uploads (digest, grant_id, state, sealed, bytes, expires) \
             VALUES ($1, $2, 'waiting', $3, 0, $4)",
        )
        .bind(upload.as_bytes())
        .bind(grant.as_str())
        .bind(sealed)
        .bind(millis(expires))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM uploads WHERE grant_id = $1 AND state <> 'sending' AND seq NOT IN \
             (SELECT seq FROM uploads WHERE grant_id = $1 AND state <> 'sending' \
             ORDER BY seq DESC LIMIT $2)",
        )
        .bind(grant.as_str())
        .bind(i64::from(bounds::UPLOADS_OF_GRANT))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(true)
    }

    async fn waiting_upload(&self, upload: Digest, now: SystemTime) -> Result<Option<GrantId>> {
        let row = sqlx::query(
            "SELECT u.grant_id FROM uploads u \
             WHERE u.digest = $1 AND u.state = 'waiting' AND u.expires > $2",
        )
        .bind(upload.as_bytes())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| row.text("grant_id").map(GrantId::stored))
            .transpose()
    }

    async fn begin_upload(&self, upload: Digest, bytes: u64, now: SystemTime) -> Result<Begun> {
        // Beside no other change, so that the sums hold.
        let mut tx = self.begin().await?;
        let begun = sqlx::query(
            "UPDATE uploads SET state = 'receiving', bytes = $3 WHERE digest = $1 \
             AND state = 'waiting' AND expires > $2 AND EXISTS \
             (SELECT 1 FROM grants g JOIN workspaces w ON w.id = g.workspace \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE g.id = uploads.grant_id AND g.revoked IS NULL \
             AND (g.expires IS NULL OR g.expires > $2) AND w.suspended IS NULL) \
             RETURNING grant_id",
        )
        .bind(upload.as_bytes())
        .bind(millis(now))
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(begun) = begun else {
            return Ok(Begun::Gone);
        };
        let kept = sqlx::query(
            "SELECT COALESCE(SUM(u.bytes), 0)::bigint AS of_all, \
             COALESCE(SUM(CASE WHEN g.workspace = (SELECT o.workspace FROM grants o WHERE o.id = $1) \
             THEN u.bytes ELSE 0 END), 0)::bigint AS of_workspace \
             FROM uploads u JOIN grants g ON g.id = u.grant_id",
        )
        .bind(begun.text("grant_id")?)
        .fetch_one(&mut *tx)
        .await?;
        let is_full = kept.count("of_all")? > bounds::UPLOADED_BYTES
            || kept.count("of_workspace")? > bounds::UPLOADED_BYTES_OF_WORKSPACE;
        if is_full {
            return Ok(Begun::Full);
        }
        self.finish(tx).await?;
        Ok(Begun::Receiving)
    }

    async fn put_upload_chunk(&self, upload: Digest, number: u32, sealed: &[u8]) -> Result<bool> {
        let mut tx = self.begin_beside().await?;
        let put = sqlx::query(
            "INSERT INTO upload_chunks (upload, number, sealed) SELECT u.digest, $1, $2 \
             FROM uploads u WHERE u.digest = $3 AND u.state = 'receiving' FOR KEY SHARE OF u",
        )
        .bind(i64::from(number))
        .bind(sealed)
        .bind(upload.as_bytes())
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(put.rows_affected() == 1)
    }

    async fn end_upload(&self, upload: Digest, bytes: u64, expires: SystemTime) -> Result<bool> {
        let mut tx = self.begin_beside().await?;
        let ended = sqlx::query(
            "UPDATE uploads SET state = 'complete', bytes = $1, expires = $2 \
             WHERE digest = $3 AND state = 'receiving'",
        )
        .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
        .bind(millis(expires))
        .bind(upload.as_bytes())
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(ended.rows_affected() == 1)
    }

    async fn take_upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        now: SystemTime,
        expires: SystemTime,
    ) -> Result<Option<StoredUpload>> {
        let mut tx = self.begin_beside().await?;
        let taken = sqlx::query(
            "UPDATE uploads SET state = 'sending', expires = $4 WHERE digest = $1 \
             AND grant_id = $3 AND state = 'complete' AND expires > $2 AND EXISTS \
             (SELECT 1 FROM grants g WHERE g.id = uploads.grant_id AND g.revoked IS NULL) \
             RETURNING sealed, bytes",
        )
        .bind(upload.as_bytes())
        .bind(millis(now))
        .bind(grant.as_str())
        .bind(millis(expires))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = taken else {
            return Ok(None);
        };
        self.finish(tx).await?;
        let (sealed, bytes) = (row.bytes("sealed")?, row.count("bytes")?);
        Ok(Some(StoredUpload { sealed, bytes }))
    }

    async fn return_upload(&self, upload: Digest) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        sqlx::query(
            "UPDATE uploads SET state = 'complete' WHERE digest = $1 AND state = 'sending'",
        )
        .bind(upload.as_bytes())
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await
    }

    async fn upload_chunk(&self, upload: Digest, number: u32) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query(
            "SELECT c.sealed FROM upload_chunks c WHERE c.upload = $1 AND c.number = $2",
        )
        .bind(upload.as_bytes())
        .bind(i64::from(number))
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| row.bytes("sealed")).transpose()
    }

    async fn remove_upload(&self, upload: Digest) -> Result<()> {
        let mut tx = self.begin_beside().await?;
        sqlx::query("DELETE FROM uploads WHERE digest = $1")
            .bind(upload.as_bytes())
            .execute(&mut *tx)
            .await?;
        self.finish(tx).await
    }
}
