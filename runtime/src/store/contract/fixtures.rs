//! The backends that the contract runs against.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use postgres_server::Server;

use super::Fixture;
use crate::secret::Secret;
use crate::store::{self, Postgres, Sqlite, Store};

/// SQLite in a file. The files are removed with the fixture.
#[derive(Debug)]
pub(super) struct SqliteFile {
    directory: PathBuf,
    opened: AtomicU64,
}

impl Default for SqliteFile {
    fn default() -> SqliteFile {
        static FIXTURES: AtomicU64 = AtomicU64::new(0);
        let number = FIXTURES.fetch_add(1, Ordering::Relaxed);
        let name = format!("contract-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        SqliteFile {
            directory,
            opened: AtomicU64::new(0),
        }
    }
}

#[async_trait]
impl Fixture for SqliteFile {
    async fn empty_store(&self) -> Arc<dyn Store> {
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.join(format!("{number}.db"));
        Arc::new(Sqlite::open(&path).await.unwrap())
    }

    fn models(&self) -> u32 {
        10
    }
}

impl Drop for SqliteFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// PostgreSQL: a database for each store, on one server for all of them.
#[derive(Debug)]
pub(super) struct PostgresDatabase(&'static Server);

impl PostgresDatabase {
    /// Returns the fixture, or `None` where PostgreSQL is not installed; the test is skipped then.
    pub(super) fn find() -> Option<PostgresDatabase> {
        postgres().map(PostgresDatabase)
    }
}

#[async_trait]
impl Fixture for PostgresDatabase {
    async fn empty_store(&self) -> Arc<dyn Store> {
        let url = self.0.database().unwrap();
        Arc::new(Postgres::open(&Secret::new(&url)).await.unwrap())
    }

    fn models(&self) -> u32 {
        5
    }
}

/// Returns the server of the tests, unless PostgreSQL is not installed.
///
/// # Panics
/// Where it is not installed, and nothing may be skipped.
pub(in crate::store) fn postgres() -> Option<&'static Server> {
    match postgres_server::shared() {
        Ok(server) => Some(server),
        Err(missing) => {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            assert!(
                std::env::var_os("REQUIRE_ALL").is_none(),
                "{test}: {missing}"
            );
            // Past the test runner's capture, which shows the output of failures only.
            let notice = format!("skipped {test}: {missing}\n");
            let _ = std::io::stderr().write_all(notice.as_bytes());
            None
        }
    }
}

/// SQLite in memory, behind the cache.
#[derive(Debug)]
pub(super) struct Cached;

#[async_trait]
impl Fixture for Cached {
    async fn empty_store(&self) -> Arc<dyn Store> {
        Arc::new(store::Cached::new(Sqlite::in_memory().await.unwrap()))
    }
}
