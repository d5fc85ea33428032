//! The store as a whole: its health, its end, and what it forgets.

use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;

use super::audit;
use super::database::Postgres;
use super::usage;
use crate::model::bounds;
use crate::store::rows::millis;
use crate::store::{Changes, Result, Retention, Store};

#[async_trait]
impl Store for Postgres {
    fn changes(&self) -> &Changes {
        &self.changes
    }

    async fn probe(&self) -> Result<()> {
        // On a connection that reads, so that this does not wait for changes. A commit without a change
        // is not written by PostgreSQL: one that moves nothing is.
        let mut connection = self.reader.acquire().await?;
        let written = sqlx::query("UPDATE store_state SET needs = needs")
            .execute(&mut *connection)
            .await;
        if written.is_err() {
            // It may be one that was made while the database was read-only, and would stay so.
            connection.close_on_drop();
        }
        Ok(written.map(|_| ())?)
    }

    async fn close(&self) -> Result<()> {
        self.reader.close().await;
        self.writer.close().await;
        Ok(())
    }

    async fn purge(&self, now: SystemTime, retention: Retention) -> Result<()> {
        let mut tx = self.begin().await?;
        let at = millis(now);
        let before = |span| millis(now.checked_sub(span).unwrap_or(UNIX_EPOCH));
        let past = before(bounds::EXPIRED_TOKEN);
        for statement in [
            "DELETE FROM transactions WHERE expires <= $1",
            "DELETE FROM sessions WHERE expires <= $1",
            "DELETE FROM provider_sign_ins WHERE expires <= $1",
            "DELETE FROM logout_tokens WHERE expires <= $1",
            "DELETE FROM used_assertions WHERE expires <= $1",
            "DELETE FROM identity_assertions WHERE expires <= $1",
            "DELETE FROM setup_links WHERE expires <= $1",
            "DELETE FROM invitations WHERE expires <= $1",
            "DELETE FROM reset_links WHERE expires <= $1",
            "DELETE FROM refresh_tokens WHERE expires <= $1",
            "DELETE FROM kept_parts WHERE expires <= $1",
            "DELETE FROM file_links WHERE expires <= $1",
            "DELETE FROM uploads WHERE expires <= $1",
            "UPDATE identities SET subject_with = NULL, subject_sealed = NULL \
             WHERE subject_sealed IS NOT NULL AND subject_until <= $1",
        ] {
            sqlx::query(statement).bind(at).execute(&mut *tx).await?;
        }
        for statement in [
            "DELETE FROM access_tokens WHERE expires <= $1",
            "DELETE FROM codes WHERE expires <= $1",
            "DELETE FROM grants WHERE exchanged IS NULL AND created <= $1",
        ] {
            sqlx::query(statement).bind(past).execute(&mut *tx).await?;
        }
        sqlx::query("DELETE FROM grants WHERE revoked <= $1 OR expires <= $1")
            .bind(before(retention.ended_grants))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM devices WHERE last_used <= $1")
            .bind(before(bounds::BROWSER_RECOGNISED))
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM quota_use WHERE ends <= $1")
            .bind(before(bounds::QUOTA_USED))
            .execute(&mut *tx)
            .await?;
        for statement in [
            "DELETE FROM clients WHERE last_used <= $1 AND NOT EXISTS (SELECT 1 FROM grants g \
             WHERE g.client_id = clients.id AND g.revoked IS NULL \
             AND (g.expires IS NULL OR g.expires > $2))",
            "DELETE FROM client_documents WHERE fetched <= $1 AND NOT EXISTS (SELECT 1 FROM \
             grants g WHERE g.client_id = client_documents.id AND g.revoked IS NULL \
             AND (g.expires IS NULL OR g.expires > $2))",
        ] {
            sqlx::query(statement)
                .bind(before(bounds::UNUSED_CLIENT))
                .bind(at)
                .execute(&mut *tx)
                .await?;
        }
        self.commit(tx).await?;
        usage::purge(&self.writer, before(bounds::USAGE)).await?;
        audit::purge(&self.writer, before(retention.audit)).await
    }
}
