//! A connection to a store beside its server, whichever database that is.

use anyhow::Context as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// The lock that all changes of a store in PostgreSQL take (`store/postgres/transaction.rs`).
const CHANGES_LOCK: i64 = 0x6472_6177_0000_0001;

/// A connection.
#[derive(Debug)]
pub enum StoreConnection {
    /// To a file.
    Sqlite(SqliteConnection),
    /// To a database of a PostgreSQL server.
    Postgres(PgConnection),
}

impl StoreConnection {
    /// Connects to a database by its URL.
    ///
    /// # Errors
    /// Where it cannot be reached.
    pub async fn open(url: &str) -> anyhow::Result<StoreConnection> {
        Ok(match url.starts_with("postgres:") {
            true => StoreConnection::Postgres(PgConnection::connect(url).await?),
            false => StoreConnection::Sqlite(SqliteConnection::connect(url).await?),
        })
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// Where it fails.
    pub async fn run(&mut self, statement: &str) -> anyhow::Result<()> {
        let statement = AssertSqlSafe(statement.to_owned());
        let failed = match self {
            StoreConnection::Sqlite(it) => sqlx::query(statement).execute(it).await.err(),
            StoreConnection::Postgres(it) => sqlx::query(statement).execute(it).await.err(),
        };
        failed.map_or(Ok(()), |error| Err(error.into()))
    }

    /// Returns the texts that a query finds, which has one column.
    ///
    /// # Errors
    /// Where it fails.
    pub async fn texts(&mut self, query: &str) -> anyhow::Result<Vec<String>> {
        let query = AssertSqlSafe(query.to_owned());
        Ok(match self {
            StoreConnection::Sqlite(it) => sqlx::query_scalar(query).fetch_all(it).await?,
            StoreConnection::Postgres(it) => sqlx::query_scalar(query).fetch_all(it).await?,
        })
    }

    /// Returns the number that a query finds, as `SELECT COUNT(*)` does.
    ///
    /// # Errors
    /// Where it fails.
    pub async fn number(&mut self, query: &str) -> anyhow::Result<i64> {
        let text = self
            .texts(&format!("SELECT CAST(({query}) AS TEXT)"))
            .await?;
        Ok(text.first().context("no row")?.parse()?)
    }

    /// Has every change of the store wait until this is dropped.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn hold_changes(&mut self) -> anyhow::Result<()> {
        match self {
            StoreConnection::Sqlite(_) => self.run("BEGIN IMMEDIATE").await,
            StoreConnection::Postgres(_) => {
                self.run(&format!("SELECT pg_advisory_lock({CHANGES_LOCK})"))
                    .await
            }
        }
    }
}
