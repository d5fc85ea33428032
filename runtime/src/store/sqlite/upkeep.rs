//! The store as a whole: its health, its end, and what it forgets.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::audit;
use super::database::Sqlite;
use super::usage;
use crate::model::bounds;
use crate::store::rows::millis;
use crate::store::{Changes, Result, Retention, Store};

#[async_trait]
impl Store for Sqlite {
    fn changes(&self) -> &Changes {
        &self.changes
    }

    async fn probe(&self) -> Result<()> {
        let mut reader = self.reader.acquire().await?;
        let read = sqlx::query("SELECT generation FROM store_state")
            .execute(&mut *reader)
            .await;
        if let Err(error) = read {
            // It may be this connection alone that is broken: the pool opens another one.
            let _ = reader.close().await;
            return Err(error.into());
        }
        drop(reader);
        // A commit without a change is written like any other.
        let tx = self.begin().await?;
        self.finish(tx).await
    }

    async fn close(&self) -> Result<()> {
        self.reader.close().await;
        let checkpointed = self.checkpoint("PRAGMA wal_checkpoint(TRUNCATE)").await;
        // The last connection to be closed deletes the log.
        self.writer.close().await;
        if let Some(anchor) = &self.anchor {
            anchor.close().await;
        }
        checkpointed
    }

    async fn purge(&self, now: SystemTime, retention: Retention) -> Result<()> {
        let mut tx = self.begin().await?;
        let at = millis(now);
        let before = |span| millis(now.checked_sub(span).unwrap_or(UNIX_EPOCH));
        let past = before(bounds::EXPIRED_TOKEN);
        for statement in [
            "DELETE FROM transactions WHERE expires <= ?",
            "DELETE FROM sessions WHERE expires <= ?",
            "DELETE FROM provider_sign_ins WHERE expires <= ?",
            "DELETE FROM logout_tokens WHERE expires <= ?",
            "DELETE FROM used_assertions WHERE expires <= ?",
            "DELETE FROM identity_assertions WHERE expires <= ?",
            "DELETE FROM setup_links WHERE expires <= ?",
            "DELETE FROM invitations WHERE expires <= ?",
            "DELETE FROM reset_links WHERE expires <= ?",
            "DELETE FROM refresh_tokens WHERE expires <= ?",
            "DELETE FROM kept_parts WHERE expires <= ?",
            "DELETE FROM file_links WHERE expires <= ?",
            "DELETE FROM uploads WHERE expires <= ?",
            "UPDATE identities SET subject_with = NULL, subject_sealed = NULL \
             WHERE subject_sealed IS NOT NULL AND subject_until <= ?",
        ] {
            sqlx::query(statement).bind(at).execute(&mut *tx).await?;
        }
        for statement in [
            "DELETE FROM access_tokens WHERE expires <= ?",
            "DELETE FROM codes WHERE expires <= ?",
            "DELETE FROM grants WHERE exchanged IS NULL AND created <= ?",
        ] {
            sqlx::query(statement).bind(past).execute(&mut *tx).await?;
        }
        sqlx::query("DELETE FROM grants WHERE revoked <= ?1 OR expires <= ?1")
            .bind(before(retention.ended_grants))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM devices WHERE last_used <= ?")
            .bind(before(bounds::BROWSER_RECOGNISED))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM quota_use WHERE ends <= ?")
            .bind(before(bounds::QUOTA_USED))
            .execute(&mut *tx)
            .await?;
        let days = before(bounds::USAGE);
        let mut has_more = usage::purge(&mut tx, days).await?;
        audit::purge(&mut tx, before(retention.audit)).await?;
        for statement in [
            "DELETE FROM clients WHERE last_used <= ?1 AND NOT EXISTS (SELECT 1 FROM grants g \
             WHERE g.client_id = clients.id AND g.revoked IS NULL \
             AND (g.expires IS NULL OR g.expires > ?2))",
            "DELETE FROM client_documents WHERE fetched <= ?1 AND NOT EXISTS (SELECT 1 FROM \
             grants g WHERE g.client_id = client_documents.id AND g.revoked IS NULL \
             AND (g.expires IS NULL OR g.expires > ?2))",
        ] {
            sqlx::query(statement)
                .bind(before(bounds::UNUSED_CLIENT))
                .bind(at)
                .execute(&mut *tx)
                .await?;
        }
        self.commit(tx).await?;
        while has_more {
            let mut tx = self.begin().await?;
            has_more = usage::purge(&mut tx, days).await?;
            self.finish(tx).await?;
        }
        self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await
    }
}
