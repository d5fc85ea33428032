//! Opening the store: what is there is looked at first, and a store that was here before is never
//! replaced by an empty one.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqlitePool};

use super::database::Sqlite;
use super::file::DatabaseFile;
use super::inspect::{Found, inspect, resolve, state};
use super::marker::MarkerFile;
use super::migrations;
use super::transaction::is_reusable;
use crate::store::{Changes, Result, StoreError};

/// How long a writer waits for another process.
const BUSY: Duration = Duration::from_secs(5);
/// How long a caller waits for a connection that others use.
const ACQUIRE: Duration = Duration::from_secs(5);
/// Connections that read.
const READERS: u32 = 4;

impl Sqlite {
    /// Opens the file, made where there never was one, and brings its tables up to date.
    ///
    /// # Errors
    /// Where the file cannot be used as a store, or is not what it was when it was last used; the
    /// message says what to do.
    pub(crate) async fn open(path: &Path) -> Result<Sqlite> {
        let path = &resolve(path);
        let found = inspect(path).await.map_err(failed)?;
        open_found(path, found).await
    }

    /// Opens the file as [`Sqlite::open`] does, but makes none.
    ///
    /// # Errors
    /// As [`Sqlite::open`], and where there is none.
    pub(crate) async fn open_existing(path: &Path) -> Result<Sqlite> {
        let path = &resolve(path);
        match inspect(path).await.map_err(failed)? {
            Found::Nothing => {
                let message = format!("there is no store at {}", path.display());
                Err(StoreError(message.into()))
            }
            found @ Found::Database { .. } => open_found(path, found).await,
        }
    }

    /// Reports whether the tables of the file are those of an older version, without changing them.
    ///
    /// # Errors
    /// Where the file cannot be read as a store.
    pub(crate) async fn is_outdated(path: &Path) -> Result<bool> {
        let options = SqliteConnectOptions::new()
            .filename(resolve(path))
            .read_only(true);
        let mut connection = options.connect().await?;
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(found.unwrap_or(0) < migrations::latest())
    }

    /// Opens a store that is gone with the process.
    ///
    /// # Errors
    /// Where SQLite fails.
    pub(crate) async fn in_memory() -> Result<Sqlite> {
        // The database has a name of its own, and is there as long as a connection to it is.
        let options: SqliteConnectOptions = "sqlite::memory:".parse()?;
        let one = || {
            SqlitePoolOptions::new()
                .min_connections(1)
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .after_release(|connection, _| Box::pin(is_reusable(connection)))
        };
        let options = options.foreign_keys(true);
        let anchor = one().connect_with(options.clone()).await?;
        let pool = one().connect_with(options).await?;
        migrate(&pool).await?;
        Ok(Sqlite {
            writer: pool.clone(),
            reader: pool,
            anchor: Some(anchor),
            changes: Changes::default(),
            file: None,
            audit_rows: u64::MAX,
            audit_counted: Arc::default(),
        })
    }
}

async fn open_found(path: &Path, found: Found) -> Result<Sqlite> {
    let durable = match found {
        Found::Database { durable } => durable,
        Found::Nothing => {
            create(path).map_err(|error| cannot_open(path, &error))?;
            0
        }
    };
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    // One connection is open at all times: as the last one is closed, SQLite deletes the log.
    let writer = SqlitePoolOptions::new()
        .min_connections(1)
        .max_connections(1)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_release(|connection, _| Box::pin(is_reusable(connection)))
        .connect_with(options.clone())
        .await
        .map_err(|error| cannot_open(path, &error))?;
    migrate(&writer).await?;
    let known = state(&mut *writer.acquire().await?).await?;
    let Some((store, generation)) = known else {
        return Err(cannot_open(path, &"its tables are not those of a store"));
    };
    let marker = MarkerFile::create(path, store.clone(), durable, generation)
        .map_err(|error| cannot_open(&super::marker::path_of(path), &error))?;
    let file = DatabaseFile::new(path, store, marker).map_err(|error| cannot_open(path, &error))?;
    let file = Arc::new(file);
    let reader = readers(options.read_only(true), Arc::clone(&file)).await?;
    let store = Sqlite {
        writer,
        reader,
        anchor: None,
        changes: Changes::default(),
        file: Some(file),
        audit_rows: u64::MAX,
        audit_counted: Arc::default(),
    };
    store.checkpoint("PRAGMA wal_checkpoint(PASSIVE)").await?;
    Ok(store)
}

async fn readers(options: SqliteConnectOptions, file: Arc<DatabaseFile>) -> Result<SqlitePool> {
    // All of them are opened now: where the file is removed or replaced later, they go on reading
    // the one that was here, and no token is reported as unknown.
    let pool = SqlitePoolOptions::new()
        .min_connections(READERS)
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(None)
        .after_connect(move |connection, _| {
            let file = Arc::clone(&file);
            Box::pin(async move {
                file.check().map_err(sqlx::Error::Protocol)?;
                match state(connection).await? {
                    Some((store, _)) if store == file.store => Ok(()),
                    _ => Err(sqlx::Error::Protocol("this is another store".to_owned())),
                }
            })
        });
    Ok(pool.connect_with(options).await?)
}

/// Makes the file, readable by its owner only. SQLite sets on the files that it puts beside it the same
/// permissions.
fn create(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

async fn migrate(pool: &SqlitePool) -> Result<()> {
    let migrated = migrations::all().run(pool).await;
    migrated.map_err(|error| match error {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => {
            let message = "its tables are those of a newer version of this program; run that one, \
                           or restore a backup that was made before it";
            StoreError(message.into())
        }
        error => StoreError(Box::new(error)),
    })
}

fn failed(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError(Box::new(error))
}

fn cannot_open(path: &Path, reason: &impl std::fmt::Display) -> StoreError {
    StoreError(format!("{} cannot be opened: {reason}", path.display()).into())
}

/// Whether a statement failed because another process writes (`SQLITE_BUSY`).
pub(super) fn is_busy(error: &dyn DatabaseError) -> bool {
    let code = error.code().and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}
