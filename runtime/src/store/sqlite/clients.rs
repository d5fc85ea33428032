//! Clients that registered themselves, and documents of those that publish one.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::Row;

use super::{About, Sqlite, json, millis, record, time, time_of, to_json};
use crate::audit::{Action, Cause};
use crate::oauth::model::{CachedMetadata, RegisteredClient};
use crate::oauth::{ClientId, ClientMetadata};
use crate::store::{Clients, Result};

#[async_trait]
impl Clients for Sqlite {
    async fn register(
        &self,
        client: &ClientId,
        metadata: &ClientMetadata,
        most: u64,
        cause: &Cause,
    ) -> Result<Option<SystemTime>> {
        let mut tx = self.begin().await?;
        let at = millis(cause.at);
        let known =
            sqlx::query("UPDATE clients SET last_used = ? WHERE id = ? RETURNING registered")
                .bind(at)
                .bind(client.as_str())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some(known) = known {
            self.commit(tx).await?;
            return Ok(Some(time(known.try_get("registered")?)));
        }
        let made = sqlx::query(
            "INSERT INTO clients (id, metadata, registered, last_used) \
             SELECT ?1, ?2, ?3, ?3 WHERE (SELECT COUNT(*) FROM clients) < ?4",
        )
        .bind(client.as_str())
        .bind(to_json(metadata)?)
        .bind(at)
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .execute(&mut *tx)
        .await?;
        if made.rows_affected() == 0 {
            return Ok(None);
        }
        let cause = cause.clone().through(client);
        record(&mut tx, &cause, Action::ClientRegistered, About::default()).await?;
        self.commit(tx).await?;
        Ok(Some(cause.at))
    }

    async fn client(&self, client: &ClientId, now: SystemTime) -> Result<Option<RegisteredClient>> {
        let row = sqlx::query("SELECT metadata, registered, last_used FROM clients WHERE id = ?")
            .bind(client.as_str())
            .fetch_optional(&self.reader)
            .await?;
        let Some(row) = row else {
            return Ok(None);
        };
        // Once an hour is enough to keep a client that is in use.
        sqlx::query("UPDATE clients SET last_used = ?1 WHERE id = ?2 AND last_used < ?1 - 3600000")
            .bind(millis(now))
            .bind(client.as_str())
            .execute(&self.writer)
            .await?;
        Ok(Some(RegisteredClient {
            id: client.clone(),
            metadata: json(&row, "metadata")?,
            registered: time_of(&row, "registered")?,
        }))
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
        cause: &Cause,
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
        let cause = cause.clone().through(client);
        record(
            &mut tx,
            &cause,
            Action::ClientMetadataFetched,
            About::default(),
        )
        .await?;
        self.commit(tx).await?;
        Ok(())
    }
}
