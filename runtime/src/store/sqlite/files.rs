//! Parts of answers that are continued, and links to files.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use super::database::Sqlite;
use super::transaction::Transaction;
use crate::model::{AccessToken, GrantId, bounds};
use crate::store::files::{KeptAnswer, length, removed};
use crate::store::rows::{StoredRow as _, millis};
use crate::store::{FileLink, Files, Result, SealedPart, decode};
use crate::token::Digest;

#[async_trait]
impl Files for Sqlite {
    async fn keep_answer(
        &self,
        grant: &GrantId,
        parts: &[SealedPart],
        now: SystemTime,
        expires: SystemTime,
    ) -> Result<bool> {
        let Some(first) = parts.first() else {
            return Ok(false);
        };
        let mut tx = self.begin().await?;
        if !is_active(&mut tx, grant).await? {
            return Ok(false);
        }
        sqlx::query("DELETE FROM kept_parts WHERE grant_id = ? AND expires <= ?")
            .bind(grant.as_str())
            .bind(millis(now))
            .execute(&mut *tx)
            .await?;
        let kept = sqlx::query(
            "SELECT answer, SUM(LENGTH(sealed)) AS bytes FROM kept_parts WHERE grant_id = ? \
             GROUP BY answer ORDER BY MIN(rowid)",
        )
        .bind(grant.as_str())
        .fetch_all(&mut *tx)
        .await?;
        let kept = kept.iter().map(|row| {
            let (answer, bytes) = (row.bytes("answer")?, row.count("bytes")?);
            Ok(KeptAnswer { answer, bytes })
        });
        let kept = kept.collect::<Result<Vec<_>>>()?;
        let Some(removed) = removed(kept, length(parts), bounds::KEPT_BYTES_OF_GRANT) else {
            return Ok(false);
        };
        let all = sqlx::query(
            "SELECT IFNULL(SUM(LENGTH(sealed)), 0) AS bytes FROM kept_parts WHERE grant_id <> ?1",
        )
        .bind(grant.as_str())
        .fetch_one(&mut *tx)
        .await?;
        if all.count("bytes")? > bounds::KEPT_BYTES - bounds::KEPT_BYTES_OF_GRANT {
            return Ok(false);
        }
        for answer in removed {
            sqlx::query("DELETE FROM kept_parts WHERE grant_id = ? AND answer = ?")
                .bind(grant.as_str())
                .bind(answer)
                .execute(&mut *tx)
                .await?;
        }
        for part in parts {
            sqlx::query(
                "INSERT INTO kept_parts (digest, answer, grant_id, sealed, expires) \
                 VALUES (?, ?, ?, ?, ?)",
            )
            .bind(part.digest.as_bytes())
            .bind(first.digest.as_bytes())
            .bind(grant.as_str())
            .bind(part.bytes.as_slice())
            .bind(millis(expires))
            .execute(&mut *tx)
            .await?;
        }
        self.finish(tx).await?;
        Ok(true)
    }

    async fn kept_part(
        &self,
        part: Digest,
        grant: &GrantId,
        now: SystemTime,
    ) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query(
            "SELECT k.sealed FROM kept_parts k JOIN grants g ON g.id = k.grant_id \
             WHERE k.digest = ? AND k.grant_id = ? AND k.expires > ? AND g.revoked IS NULL",
        )
        .bind(part.as_bytes())
        .bind(grant.as_str())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        row.map(|row| row.bytes("sealed")).transpose()
    }

    async fn put_file_link(
        &self,
        link: Digest,
        grant: &GrantId,
        sealed: &[u8],
        expires: SystemTime,
    ) -> Result<bool> {
        let mut tx = self.begin().await?;
        if !is_active(&mut tx, grant).await? {
            return Ok(false);
        }
        sqlx::query(
            "INSERT INTO file_links (digest, grant_id, sealed, expires, uses) \
             VALUES (?, ?, ?, ?, 0)",
        )
        .bind(link.as_bytes())
        .bind(grant.as_str())
        .bind(sealed)
        .bind(millis(expires))
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "DELETE FROM file_links WHERE grant_id = ?1 AND rowid NOT IN (SELECT rowid FROM \
             file_links WHERE grant_id = ?1 ORDER BY rowid DESC LIMIT ?2)",
        )
        .bind(grant.as_str())
        .bind(bounds::FILE_LINKS_OF_GRANT)
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(true)
    }

    async fn file_link(
        &self,
        link: Digest,
        most: u32,
        now: SystemTime,
    ) -> Result<Option<FileLink>> {
        let row = sqlx::query(
            "SELECT f.grant_id, f.sealed FROM file_links f \
             WHERE f.digest = ?1 AND f.expires > ?2 AND f.uses < ?3",
        )
        .bind(link.as_bytes())
        .bind(millis(now))
        .bind(most)
        .fetch_optional(&self.reader)
        .await?;
        let link = row.map(|row| {
            let grant = GrantId::stored(row.text("grant_id")?);
            let sealed = row.bytes("sealed")?;
            Ok(FileLink { grant, sealed })
        });
        link.transpose()
    }

    async fn use_file_link(&self, link: Digest, most: u32, now: SystemTime) -> Result<bool> {
        let mut tx = self.begin().await?;
        let used = sqlx::query(
            "UPDATE file_links SET uses = uses + 1 WHERE digest = ?1 AND expires > ?2 AND uses < ?3 \
             AND EXISTS (SELECT 1 FROM grants g JOIN workspaces w ON w.id = g.workspace \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             WHERE g.id = file_links.grant_id AND g.revoked IS NULL \
             AND (g.expires IS NULL OR g.expires > ?2) AND w.suspended IS NULL)",
        )
        .bind(link.as_bytes())
        .bind(millis(now))
        .bind(most)
        .execute(&mut *tx)
        .await?;
        self.finish(tx).await?;
        Ok(used.rows_affected() == 1)
    }

    async fn grant_in_force(
        &self,
        grant: &GrantId,
        now: SystemTime,
    ) -> Result<Option<Arc<AccessToken>>> {
        let access = sqlx::query(
            "SELECT g.expires, g.id, g.person, g.client_id, g.resource, g.last_used, g.scopes, \
             w.id AS workspace, w.name AS workspace_name, w.upstream_id, w.suspended, \
             u.key_id, u.sealed_with, u.sealed, \
             (SELECT MIN(IFNULL(i.due, i.created + 2592000000)) FROM identities i \
             WHERE i.person = g.person) AS recheck \
             FROM grants g JOIN workspaces w ON w.id = g.workspace \
             JOIN memberships m ON m.person = g.person AND m.workspace = g.workspace \
             LEFT JOIN upstream_keys u ON u.grant_id = g.id \
             WHERE g.id = ?1 AND g.revoked IS NULL AND (g.expires IS NULL OR g.expires > ?2) \
             AND w.suspended IS NULL",
        )
        .bind(grant.as_str())
        .bind(millis(now))
        .fetch_optional(&self.reader)
        .await?;
        let access = access.map(|row| decode::access_token(&row).map(Arc::new));
        access.transpose()
    }
}

pub(super) async fn is_active(tx: &mut Transaction, grant: &GrantId) -> Result<bool> {
    let row = sqlx::query("SELECT 1 FROM grants WHERE id = ? AND revoked IS NULL")
        .bind(grant.as_str())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.is_some())
}

/// Reports that a grant has not ended, and its workspace is not suspended.
pub(super) async fn is_in_force(
    tx: &mut Transaction,
    grant: &GrantId,
    now: SystemTime,
) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 FROM grants g JOIN workspaces w ON w.id = g.workspace WHERE g.id = ?1 \
         AND g.revoked IS NULL AND (g.expires IS NULL OR g.expires > ?2) \
         AND w.suspended IS NULL",
    )
    .bind(grant.as_str())
    .bind(millis(now))
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.is_some())
}
