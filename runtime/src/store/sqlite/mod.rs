//! The store in one SQLite file, or in memory.
//!
//! One connection writes, so that writers wait for each other here and not in SQLite's locks;
//! several read beside it (WAL). What reads before it writes begins with `BEGIN IMMEDIATE`.

mod absence;
mod audit;
mod authorizations;
mod clients;
mod file;
mod inspect;
mod keys;
mod marker;
mod open;
mod people;
mod transaction;
mod upstream_key_intents;
mod upstream_keys;
mod workspaces;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::{Changes, Result, Retention, Store, StoreError};
use crate::model::{Action, Cause, GrantId, RevocationReason, bounds};
use audit::{About, record};
use file::DatabaseFile;
use transaction::Transaction;

/// The store in SQLite.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    writer: SqlitePool,
    reader: SqlitePool,
    /// The connection that keeps a database in memory, and is used for nothing: the one that is used
    /// is closed where a caller goes away in the midst of a statement.
    anchor: Option<SqlitePool>,
    changes: Changes,
    /// The files; `None` in memory.
    file: Option<Arc<DatabaseFile>>,
    /// The most rows of the audit.
    audit_rows: u64,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> StoreError {
        StoreError(Box::new(error))
    }
}

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
            "DELETE FROM setup_links WHERE expires <= ?",
            "DELETE FROM invitations WHERE expires <= ?",
            "DELETE FROM refresh_tokens WHERE expires <= ?",
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
        self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await
    }
}

/// Ends a grant and forgets its secrets. Returns whether it had not ended before.
async fn end_grant(
    tx: &mut SqliteConnection,
    grant: &GrantId,
    reason: RevocationReason,
    cause: &Cause,
) -> Result<bool> {
    let ended = sqlx::query(
        "UPDATE grants SET revoked = ?, reason = ? WHERE id = ? AND revoked IS NULL \
         RETURNING person, workspace",
    )
    .bind(millis(cause.at))
    .bind(reason.as_str())
    .bind(grant.as_str())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(ended) = ended else {
        return Ok(false);
    };
    for statement in [
        "DELETE FROM access_tokens WHERE grant_id = ?",
        "DELETE FROM refresh_tokens WHERE grant_id = ?",
        "DELETE FROM codes WHERE grant_id = ? AND redeemed IS NULL",
    ] {
        sqlx::query(statement)
            .bind(grant.as_str())
            .execute(&mut *tx)
            .await?;
    }
    upstream_keys::end(tx, grant, cause).await?;
    let about = About {
        person: Some(ended.try_get("person")?),
        workspace: Some(ended.try_get("workspace")?),
        grant: Some(grant.as_str()),
        subject: Some(reason.as_str()),
    };
    record(tx, cause, Action::GrantRevoked, about).await?;
    Ok(true)
}

/// A time as the store has it. One before 1970 counts as 1970, one that no number holds as never.
fn millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn time(millis: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(millis.try_into().unwrap_or(0))
}

fn time_of(row: &SqliteRow, column: &str) -> Result<SystemTime> {
    Ok(time(row.try_get(column)?))
}

fn optional_time_of(row: &SqliteRow, column: &str) -> Result<Option<SystemTime>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(time))
}

/// The store holds something that no version of this program wrote.
fn broken(what: &str) -> StoreError {
    StoreError(format!("the database holds {what} that cannot be read").into())
}

/// Reads what was stored as JSON.
fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|error| StoreError(Box::new(error)))
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError(Box::new(error)))
}
