//! Files that are uploaded, until a call sends them. A change locks the row of its grant, or that of one
//! upload.

use std::time::SystemTime;

use async_trait::async_trait;

use super::database::Postgres;
use super::files::lock_active;
use crate::model::{GrantId, bounds};
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{Result, StoredUpload, Uploads};
use crate::token::Digest;

#[async_trait]
impl Uploads for Postgres {
    async fn put_upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        sealed: &[u8],
        expires: SystemTime,
    ) -> Result<bool> {
        let mut tx = self.begin_beside().await?;
        if !lock_active(&mut tx, grant).await? {
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
            "DELETE FROM uploads WHERE grant_id = $1 AND seq NOT IN (SELECT seq FROM uploads \
             WHERE grant_id = $1 ORDER BY seq DESC LIMIT $2)",
        )
        .bind(grant.as_str())
        .bind(i64::from(bounds::UPLOADS_OF_GRANT))
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(true)
    }

    async fn begin_upload(&self, upload: Digest, now: SystemTime) -> Result<Option<GrantId>> {
        // Strangers, who bring any link, do not have others wait for their turn to write.
        let known = sqlx::query("SELECT 1 FROM uploads WHERE digest = $1 AND state = 'waiting'")
            .bind(upload.as_bytes())
            .fetch_optional(&self.reader)
            .await?;
        if known.is_none() {
            return Ok(None);
        }
        let mut tx = self.begin_beside().await?;
        let begun = sqlx::query(
            "UPDATE uploads SET state = 'receiving' WHERE digest = $1 AND state = 'waiting' \
             AND expires > $2 AND EXISTS (SELECT 1 FROM grants g \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE g.id = uploads.grant_id AND g.revoked IS NULL) RETURNING grant_id",
        )
        .bind(upload.as_bytes())
        .bind(millis(now))
        .fetch_optional(&mut *tx)
        .await?;
        let Some(begun) = begun else {
            return Ok(None);
        };
        self.finish(tx).await?;
        Ok(Some(GrantId::stored(begun.text("grant_id")?)))
    }

    async fn put_upload_chunk(&self, upload: Digest, number: u32, sealed: &[u8]) -> Result<bool> {
        let mut tx = self.begin_beside().await?;
        let put = sqlx::query(
            "INSERT INTO upload_chunks (upload, number, sealed) SELECT u.digest, $1, $2 \
             FROM uploads u WHERE u.digest = $3 AND u.state = 'receiving'",
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

    async fn upload(
        &self,
        upload: Digest,
        grant: &GrantId,
        now: SystemTime,
    ) -> Result<Option<StoredUpload>> {
        let row = sqlx::query(
            "SELECT u.sealed, u.bytes FROM uploads u JOIN grants g ON g.id = u.grant_id \
             WHERE u.digest = $1 AND u.grant_id = $2 AND u.state = 'complete' AND u.expires > $3 \
             AND g.revoked IS NULL",
        )
        .bind(upload.as_bytes())
        .bind(grant.as_str())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        let row = row.map(|row| {
            let (sealed, bytes) = (row.bytes("sealed")?, row.count("bytes")?);
            Ok(StoredUpload { sealed, bytes })
        });
        row.transpose()
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
