//! Transactions, how they exclude each other, and what follows a commit.
//!
//! All run at READ COMMITTED, and take one of two locks first:
//!
//! - [`Postgres::begin`] takes the advisory lock of the store alone. No other change happens
//!   meanwhile, in any process, so that what such a change has read is true until it commits. Rules
//!   over several rows, such as "a workspace keeps an owner", hold as they do in SQLite.
//! - [`Postgres::begin_beside`] shares that lock with others of its kind. It is for what clients do all the
//!   time and what touches one grant or session: such a change locks the row of its grant first, or
//!   is one conditional statement. It never runs beside a change of the first kind.
//!
//! SERIALIZABLE would need every change to be repeated where it fails, and 200 clients that refresh at
//! once fail each other again and again. Here they wait their turn, and no retry is needed.
//!
//! No deadlock is possible among changes of the second kind: each locks the row of one grant at most, then
//! rows of the audit, those of calls in the order of their ids. What removes rows of the audit takes neither
//! lock, and passes over rows that are locked.

use super::database::Postgres;
use crate::store::{Result, StoreError};

/// A transaction. One that is dropped is rolled back, or its connection is closed.
pub(in crate::store) type Transaction = sqlx::Transaction<'static, sqlx::Postgres>;

/// Lets a transaction and its statements take as long as they need.
const UNLIMITED: &str = "SET LOCAL statement_timeout = 0; \
     SET LOCAL idle_in_transaction_session_timeout = 0";

/// The advisory lock of all changes.
const CHANGES_LOCK: i64 = 0x6472_6177_0000_0001;

impl Postgres {
    /// Begins a change that no other change happens beside.
    pub(super) async fn begin(&self) -> Result<Transaction> {
        self.begin_with("SELECT pg_advisory_xact_lock($1)").await
    }

    /// Begins a change of everything, which may take any time.
    pub(in crate::store) async fn begin_copy(&self) -> Result<Transaction> {
        let mut tx = self.begin().await?;
        sqlx::raw_sql(UNLIMITED).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Begins to read everything as it is now, which may take any time.
    pub(in crate::store) async fn snapshot(&self) -> Result<Transaction> {
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        let mut tx = self.reader.begin_with(begin).await?;
        sqlx::raw_sql(UNLIMITED).execute(&mut *tx).await?;
        Ok(tx)
    }

    /// Begins a change of one grant or session, which may happen beside changes of others.
    pub(super) async fn begin_beside(&self) -> Result<Transaction> {
        self.begin_with("SELECT pg_advisory_xact_lock_shared($1)")
            .await
    }

    async fn begin_with(&self, lock: &'static str) -> Result<Transaction> {
        let mut tx = self.writer.begin().await?;
        // A statement of its own: those after it see what was committed before the lock was taken.
        sqlx::query(lock)
            .bind(CHANGES_LOCK)
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }

    /// Commits a change. What was read of the store before is answered from no cache of this process
    /// after this, whether the commit succeeds or not.
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

    /// Commits. For what no call depends on: what strangers can cause does not have the keys of
    /// others looked up anew.
    pub(super) async fn finish(&self, tx: Transaction) -> Result<()> {
        self.finish_with(tx, 1).await
    }

    /// Commits as [`Postgres::finish`] does, where so many rows of the audit were written.
    pub(super) async fn finish_with(&self, tx: Transaction, rows: usize) -> Result<()> {
        tx.commit().await?;
        self.written(u64::try_from(rows).unwrap_or(u64::MAX));
        Ok(())
    }
}
