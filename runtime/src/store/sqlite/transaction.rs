//! Transactions of the one connection that writes, and what follows a commit.

use sqlx::{Connection as _, Row as _, SqliteConnection};

use super::database::Sqlite;
use super::open::is_busy;
use crate::store::{Result, StoreError};

/// A transaction. One that is dropped is rolled back, or its connection is closed.
pub(in crate::store) type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// Whether a connection can be used again after a transaction.
///
/// SQLite ends a transaction by itself where a statement or the commit fails for want of room or
/// memory, or because of an I/O error. sqlx goes on counting it, and begins no other.
pub(super) async fn is_reusable(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // The rollback of a transaction that was dropped waits in a queue; this waits behind it.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

impl Sqlite {
    /// Begins to read everything as it is now.
    pub(in crate::store) async fn snapshot(&self) -> Result<Transaction> {
        Ok(self.reader.begin().await?)
    }

    /// Begins a transaction.
    pub(in crate::store) async fn begin(&self) -> Result<Transaction> {
        if let Some(file) = &self.file {
            file.check().map_err(|moved| StoreError(moved.into()))?;
        }
        let error = match self.writer.begin_with("BEGIN IMMEDIATE").await {
            Ok(tx) => return Ok(tx),
            Err(error) => error,
        };
        // A connection that cannot begin, although no other connection writes, may not be able to again.
        let is_broken = matches!(&error, sqlx::Error::Database(error) if !is_busy(&**error))
            || matches!(error, sqlx::Error::WorkerCrashed);
        if is_broken && let Ok(connection) = self.writer.acquire().await {
            let _ = connection.close().await;
        }
        Err(error.into())
    }

    /// Commits a change. What was read of the store before is answered from no cache after this,
    /// whether the commit succeeds or not.
    pub(in crate::store) async fn commit(&self, tx: Transaction) -> Result<()> {
        let store = self.clone();
        // A task of its own: a caller that goes away does not leave its outcome open.
        let done = tokio::spawn(async move {
            let done = store.finish(tx).await;
            store.changes.add();
            done
        });
        done.await.map_err(|error| StoreError(Box::new(error)))?
    }

    /// Commits, with the audit no longer than it may be, and notes the number of the change in the
    /// marker. For what no call depends on: what
    /// strangers can cause does not have the keys of others looked up anew.
    pub(super) async fn finish(&self, mut tx: Transaction) -> Result<()> {
        let count = "UPDATE store_state SET generation = generation + 1 \
                     RETURNING generation, audit_rows";
        let row = sqlx::query(count).fetch_one(&mut *tx).await?;
        let rows = row.try_get::<i64, _>("audit_rows")?;
        let rows = rows.try_into().unwrap_or(0);
        self.trim_audit(&mut tx, rows).await?;
        tx.commit().await?;
        if let Some(file) = &self.file {
            file.marker.committed(generation(&row)?);
        }
        Ok(())
    }

    /// Moves what the write-ahead log holds into the database file, as far as other connections
    /// let it be.
    pub(super) async fn checkpoint(&self, how: &'static str) -> Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        // The writer, so that nothing is added meanwhile.
        let mut writer = self.writer.acquire().await?;
        let last = sqlx::query("SELECT generation FROM store_state")
            .fetch_one(&mut *writer)
            .await?;
        let done = sqlx::query(how).fetch_one(&mut *writer).await?;
        let (busy, log, moved): (i64, i64, i64) =
            (done.try_get(0)?, done.try_get(1)?, done.try_get(2)?);
        if busy == 0 && log == moved {
            let noted = file.marker.checkpointed(generation(&last)?);
            noted.map_err(|error| StoreError(Box::new(error)))?;
        }
        Ok(())
    }
}

fn generation(row: &sqlx::sqlite::SqliteRow) -> Result<u64> {
    let generation: i64 = row.try_get("generation")?;
    Ok(generation.try_into().unwrap_or(0))
}
