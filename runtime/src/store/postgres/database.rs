//! The connections to the database.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use sqlx::PgPool;

use crate::store::Changes;

/// The store in PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Postgres {
    /// The connections of changes, which wait for each other.
    pub(super) writer: PgPool,
    /// Those of everything else, so that a call never waits for a change.
    pub(super) reader: PgPool,
    pub(super) changes: Changes,
    /// The most rows of the audit.
    pub(super) audit_rows: u64,
    /// How many rows of the audit this process wrote since it counted all of them.
    pub(super) written: Arc<AtomicU64>,
}

#[cfg(test)]
impl Postgres {
    /// The connections that read.
    pub(in crate::store) fn reader(&self) -> &PgPool {
        &self.reader
    }
}
