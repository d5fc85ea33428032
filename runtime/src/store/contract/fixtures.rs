//! The backends that the contract runs against.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

use super::Fixture;
use crate::store::{self, Sqlite, Store};

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

/// SQLite in memory, behind the cache.
#[derive(Debug)]
pub(super) struct Cached;

#[async_trait]
impl Fixture for Cached {
    async fn empty_store(&self) -> Arc<dyn Store> {
        Arc::new(store::Cached::new(Sqlite::in_memory().await.unwrap()))
    }
}
