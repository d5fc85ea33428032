//! The connections to the database, and its files.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sqlx::SqlitePool;

use super::file::DatabaseFile;
use crate::store::Changes;

/// The store in SQLite.
#[derive(Clone, Debug)]
pub(crate) struct Sqlite {
    pub(super) writer: SqlitePool,
    pub(super) reader: SqlitePool,
    /// The connection that keeps a database in memory, and is used for nothing: the one that is used
    /// is closed where a caller goes away in the midst of a statement.
    pub(super) anchor: Option<SqlitePool>,
    pub(super) changes: Changes,
    /// The files; `None` in memory.
    pub(super) file: Option<Arc<DatabaseFile>>,
    /// The most rows of the audit.
    pub(super) audit_rows: u64,
    /// How many rows the audit had when those that wait for a sink were last counted and none was to
    /// be removed; 0: they are counted at the next change.
    pub(super) audit_counted: Arc<AtomicU64>,
}

#[cfg(test)]
impl Sqlite {
    /// The connections that read.
    pub(in crate::store) fn reader(&self) -> &SqlitePool {
        &self.reader
    }
}
