//! Clients that registered themselves, and documents of those that publish one.

use std::time::SystemTime;

use async_trait::async_trait;
use sqlx::{PgConnection, Row};

use super::database::Postgres;
use crate::model::{CachedMetadata, ClientId, ClientMetadata};
use crate::store::rows::{StoredRow as _, millis, to_json};
use crate::store::{Clients, Result, Share, decode};

#[async_trait]
impl Clients for Postgres {
    async fn register(
        &self,
        client: &ClientId,
        metadata: &ClientMetadata,
        most: u64,
        share: Share,
        now: SystemTime,
    ) -> Result<Option<SystemTime>> {
        let mut tx = self.begin().await?;
        let known = sqlx::query("SELECT registered, source FROM clients WHERE id = $1")
            .bind(client.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(known) = known {
            let source = known.optional_bytes("source")?;
            if source.is_some_and(|source| source != share.source.as_bytes()) {
                // One source's flood puts out its own clients, and this is another's, too.
                sqlx::query("UPDATE clients SET source = NULL WHERE id = $1")
                    .bind(client.as_str())
                    .execute(&mut *tx)
                    .await?;
                self.finish(tx).await?;
            }
            return Ok(Some(known.time("registered")?));
        }
        let at = millis(now);
        let table = &CLIENTS;
        if count(&mut tx, table.count).await? >= most && !table.make_room(&mut tx, at).await? {
            return Ok(None);
        }
        sqlx::query(
            "INSERT INTO clients (id, metadata, registered, last_used, source) \
             VALUES ($1, $2, $3, $3, $4)",
        )
        .bind(client.as_str())
        .bind(to_json(metadata)?)
        .bind(at)
        .bind(share.source.as_bytes())
        .execute(&mut *tx)
        .await?;
        table.give_way(&mut tx, share, at).await?;
        self.finish(tx).await?;
        Ok(Some(now))
    }

    async fn is_registered(&self, client: &ClientId) -> Result<bool> {
        let found = sqlx::query("SELECT 1 FROM clients WHERE id = $1")
            .bind(client.as_str())
            .fetch_optional(&self.reader)
            .await?;
        Ok(found.is_some())
    }

    async fn client(&self, client: &ClientId) -> Result<Option<ClientMetadata>> {
        let select = "SELECT metadata FROM clients WHERE id = $1";
        let row = sqlx::query(select)
            .bind(client.as_str())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| row.json("metadata")).transpose()
    }

    async fn cached_metadata(&self, client: &ClientId) -> Result<Option<CachedMetadata>> {
        let row = sqlx::query(
            "SELECT metadata, fetched, fresh_until FROM client_documents WHERE id = $1",
        )
        .bind(client.as_str())
        .fetch_optional(&self.reader)
        .await?;
        row.as_ref().map(decode::cached_metadata).transpose()
    }

    async fn cache_metadata(
        &self,
        client: &ClientId,
        document: &CachedMetadata,
        most: u64,
        share: Share,
    ) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO client_documents (id, metadata, fetched, fresh_until, source) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata, \
             fetched = excluded.fetched, fresh_until = excluded.fresh_until, \
             source = CASE client_documents.source WHEN excluded.source \
             THEN client_documents.source END",
        )
        .bind(client.as_str())
        .bind(to_json(&document.metadata)?)
        .bind(millis(document.fetched))
        .bind(millis(document.fresh_until))
        .bind(share.source.as_bytes())
        .execute(&mut *tx)
        .await?;
        let (table, at) = (&DOCUMENTS, millis(document.fetched));
        table.give_way(&mut tx, share, at).await?;
        if count(&mut tx, table.count).await? > most && !table.make_room(&mut tx, at).await? {
            // All are in use. They last while their host is away, but they can be fetched again.
            sqlx::query(
                "DELETE FROM client_documents WHERE id = (SELECT id FROM client_documents \
                 WHERE id <> $1 ORDER BY fetched, id LIMIT 1)",
            )
            .bind(client.as_str())
            .execute(&mut *tx)
            .await?;
        }
        self.finish(tx).await?;
        Ok(())
    }
}

/// The rows that are removed first in a table that strangers fill; never one with a connection.
struct Table {
    count: &'static str,
    /// Of one source, all beyond so many.
    give_way: &'static str,
    /// One, of the source that has the most.
    make_room: &'static str,
}

/// The statements of a table, by the name of the column that says how old a row is.
macro_rules! table {
    ($table:literal, $since:literal) => {
        Table {
            count: concat!("SELECT COUNT(*) FROM ", $table),
            give_way: concat!(
                "DELETE FROM ",
                $table,
                " WHERE id IN (SELECT c.id FROM ",
                $table,
                " c \
                 WHERE c.source = $1 AND NOT EXISTS (SELECT 1 FROM grants g \
                 WHERE g.client_id = c.id AND g.revoked IS NULL \
                 AND (g.expires IS NULL OR g.expires > $2)) \
                 ORDER BY EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id) DESC, c.",
                $since,
                " DESC, c.seq DESC OFFSET $3)"
            ),
            make_room: concat!(
                "DELETE FROM ",
                $table,
                " WHERE id = (SELECT c.id FROM ",
                $table,
                " c \
                 LEFT JOIN (SELECT source, COUNT(*) AS rows FROM ",
                $table,
                " \
                 WHERE source IS NOT NULL GROUP BY source) s ON s.source = c.source \
                 WHERE NOT EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id \
                 AND g.revoked IS NULL AND (g.expires IS NULL OR g.expires > $1)) \
                 ORDER BY COALESCE(s.rows, 0) DESC, \
                 EXISTS (SELECT 1 FROM grants g WHERE g.client_id = c.id), c.",
                $since,
                ", c.seq LIMIT 1)"
            ),
        }
    };
}

static CLIENTS: Table = table!("clients", "registered");
static DOCUMENTS: Table = table!("client_documents", "fetched");

impl Table {
    /// Takes away what a source has beyond its share.
    async fn give_way(&self, tx: &mut PgConnection, share: Share, at: i64) -> Result<()> {
        sqlx::query(self.give_way)
            .bind(share.source.as_bytes())
            .bind(at)
            .bind(i64::from(share.most))
            .execute(tx)
            .await?;
        Ok(())
    }

    /// Removes one row. Returns whether there is one without a connection.
    async fn make_room(&self, tx: &mut PgConnection, at: i64) -> Result<bool> {
        let gone = sqlx::query(self.make_room).bind(at).execute(tx).await?;
        Ok(gone.rows_affected() > 0)
    }
}

async fn count(tx: &mut PgConnection, query: &'static str) -> Result<u64> {
    let row = sqlx::query(query).fetch_one(tx).await?;
    Ok(row.try_get::<i64, _>(0)?.try_into().unwrap_or(0))
}
