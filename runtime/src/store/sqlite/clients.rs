//! Clients that registered themselves, and documents of those that publish one.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection};

use super::{Sqlite, json, millis, time, time_of, to_json};
use crate::oauth::model::CachedMetadata;
use crate::oauth::{ClientId, ClientMetadata};
use crate::store::{Clients, Result};

#[async_trait]
impl Clients for Sqlite {
    async fn register(
        &self,
        client: &ClientId,
        metadata: &ClientMetadata,
        most: u64,
        now: SystemTime,
    ) -> Result<Option<SystemTime>> {
        let mut tx = self.begin().await?;
        let known = sqlx::query("SELECT registered FROM clients WHERE id = ?")
            .bind(client.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(known) = known {
            return Ok(Some(time(known.try_get("registered")?)));
        }
        if count(&mut tx, "SELECT COUNT(*) FROM clients").await? >= most {
            // Whoever registers in masses puts out their own clients, not those in use.
            let given_up = sqlx::query(
                "DELETE FROM clients WHERE id = (SELECT c.id FROM clients c WHERE NOT EXISTS \
                 (SELECT 1 FROM grants g WHERE g.client_id = c.id AND g.revoked IS NULL \
                 AND (g.expires IS NULL OR g.expires > ?)) \
                 ORDER BY EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id), \
                 c.registered, c.id LIMIT 1)",
            )
            .bind(millis(now))
            .execute(&mut *tx)
            .await?;
            if given_up.rows_affected() == 0 {
                return Ok(None);
            }
        }
        sqlx::query(
            "INSERT INTO clients (id, metadata, registered, last_used) VALUES (?1, ?2, ?3, ?3)",
        )
        .bind(client.as_str())
        .bind(to_json(metadata)?)
        .bind(millis(now))
        .execute(&mut *tx)
        .await?;
        self.commit(tx).await?;
        Ok(Some(now))
    }

    async fn client(&self, client: &ClientId) -> Result<Option<ClientMetadata>> {
        let row = sqlx::query("SELECT metadata FROM clients WHERE id = ?")
            .bind(client.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| json(&row, "metadata")).transpose()
    }

    async fn cached_metadata(&self, client: &ClientId) -> Result<Option<CachedMetadata>> {
        let row =
            sqlx::query("SELECT metadata, fetched, fresh_until FROM client_documents WHERE id = ?")
                .bind(client.as_str())
                .fetch_optional(&self.reader)
                .await?;
        row.map(|row| {
            Ok(CachedMetadata {
                metadata: json(&row, "metadata")?,
                fetched: time_of(&row, "fetched")?,
                fresh_until: time_of(&row, "fresh_until")?,
            })
        })
        .transpose()
    }

    async fn cache_metadata(
        &self,
        client: &ClientId,
        document: &CachedMetadata,
        most: u64,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO client_documents (id, metadata, fetched, fresh_until) \
             VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata, \
             fetched = excluded.fetched, fresh_until = excluded.fresh_until",
        )
        .bind(client.as_str())
        .bind(to_json(&document.metadata)?)
        .bind(millis(document.fetched))
        .bind(millis(document.fresh_until))
        .execute(&mut *tx)
        .await?;
        if count(&mut tx, "SELECT COUNT(*) FROM client_documents").await? > most {
            // They can be fetched again; those in use go last, so that they last while their
            // host is away.
            sqlx::query(
                "DELETE FROM client_documents WHERE id = (SELECT d.id FROM client_documents d \
                 WHERE d.id <> ?1 ORDER BY EXISTS (SELECT 1 FROM grants g WHERE \
                 g.client_id = d.id AND g.revoked IS NULL \
                 AND (g.expires IS NULL OR g.expires > ?2)), d.fetched, d.id LIMIT 1)",
            )
            .bind(client.as_str())
            .bind(millis(document.fetched))
            .execute(&mut *tx)
            .await?;
        }
        self.commit(tx).await?;
        Ok(())
    }
}

async fn count(tx: &mut SqliteConnection, query: &'static str) -> Result<u64> {
    let row = sqlx::query(query).fetch_one(tx).await?;
    Ok(row.try_get::<i64, _>(0)?.try_into().unwrap_or(0))
}
