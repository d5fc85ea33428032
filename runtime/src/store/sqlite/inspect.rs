//! What is found at the place of a database before it is opened. Nothing is changed by looking, so
//! that whatever is wrong can still be mended.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Row as _, SqliteConnection};

use super::file::beside;
use super::marker::{self, Marker};

/// How a database file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The largest file that is read through at start, in bytes: half a second's work.
const LARGEST_CHECKED: u64 = 256 * 1024 * 1024;

/// What is at the place of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing, and no sign that there ever was something.
    Nothing,
    /// A database that can be opened. How many changes are known to be on the disk.
    Database { durable: u64 },
}

/// Why the file at the place of a database cannot be used. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(
        "{database} {what}, although a store was kept there: {marker} is still here. Put the file \
         back; or restore a backup of it, and delete {marker}; or, to start afresh without any \
         account or key, delete {marker}"
    )]
    Gone {
        database: String,
        what: &'static str,
        marker: String,
    },
    #[error(
        "{database} {what}, but {log} holds changes of a database that was there. Put the database \
         back beside it; or, to start afresh without any account or key, delete {log}"
    )]
    LogAlone {
        database: String,
        what: &'static str,
        log: String,
    },
    #[error(
        "{database} is not an SQLite database; if it was one, restore a backup of it, and delete \
         {database}-wal, {database}-shm and {database}.marker; otherwise choose another path"
    )]
    NoDatabase { database: String },
    #[error(
        "{database} is damaged ({reason}); restore a backup of it, and delete {database}-wal, \
         {database}-shm and {database}.marker"
    )]
    Damaged { database: String, reason: String },
    #[error(
        "{database} is not the store that was here when {database}.marker was written. If it was \
         put here on purpose, delete {database}-wal, {database}-shm and {database}.marker, and \
         start again"
    )]
    AnotherStore { database: String },
    #[error(
        "{database} is older than it was when it was last used: it ends with change {found} of \
         {expected}. If it is a backup that was restored on purpose, delete {database}-wal, \
         {database}-shm and {database}.marker, and start again; what was changed since the backup \
         was made is undone, the revoking of keys included"
    )]
    Older {
        database: String,
        found: u64,
        expected: u64,
    },
    #[error(
        "the last changes to {database} are lost: it ends with change {found} of {expected}, and \
         {database}-wal, which held the rest, {log}. Put both files back as they were together, or \
         restore a backup; or, to go on without these changes, delete {database}.marker and start \
         again"
    )]
    ChangesLost {
        database: String,
        found: u64,
        expected: u64,
        log: &'static str,
    },
    #[error("{database} cannot be opened: {reason}")]
    Unreadable { database: String, reason: String },
}

/// Looks at the place of a database.
///
/// # Errors
/// Where something is there that cannot be used, or something is missing that was there.
pub(super) async fn inspect(path: &Path) -> Result<Found, Unusable> {
    let place = Place(path);
    // The marker first: other users of the database commit a change before noting it.
    let marker = marker::read(path);
    let header = place.header()?;
    let what = match &header {
        None => Some("is missing"),
        Some(header) if header.is_empty() => Some("is empty"),
        Some(_) => None,
    };
    if let Some(what) = what {
        return place.nothing(what, !matches!(marker, Ok(None)));
    }
    let header = header.unwrap_or_default();
    if !header.starts_with(MAGIC) {
        return Err(Unusable::NoDatabase {
            database: place.name(),
        });
    }
    let marker = marker.unwrap_or_else(|error| {
        tracing::warn!(%error, path = %marker::path_of(path).display(), "the marker is unreadable");
        None
    });
    // Bytes 18 and 19 say 2 where there is a write-ahead log (SQLite, "Database File Format" §1.3).
    let has_log = header.get(18..20) == Some([2, 2].as_slice());
    if let Some(marker) = &marker {
        place.check_file_alone(marker).await?;
    }
    place.check_length(&header)?;
    place.check_whole(marker.as_ref(), has_log).await
}

/// Which store a database holds, and the number of its last change; `None` for one that an earlier
/// version of this program wrote, which counted no changes.
pub(super) async fn state(
    connection: &mut SqliteConnection,
) -> sqlx::Result<Option<(String, u64)>> {
    let known = "SELECT 1 FROM sqlite_schema WHERE name = 'store_state'";
    if sqlx::query(known)
        .fetch_optional(&mut *connection)
        .await?
        .is_none()
    {
        return Ok(None);
    }
    let row = sqlx::query("SELECT id, generation FROM store_state")
        .fetch_one(connection)
        .await?;
    let generation: i64 = row.try_get("generation")?;
    Ok(Some((
        row.try_get("id")?,
        generation.try_into().unwrap_or(0),
    )))
}

struct Place<'a>(&'a Path);

impl Place<'_> {
    fn name(&self) -> String {
        self.0.display().to_string()
    }

    /// The beginning of the file, if there is one.
    fn header(&self) -> Result<Option<Vec<u8>>, Unusable> {
        let read = || {
            let mut header = Vec::new();
            File::open(self.0)?.take(100).read_to_end(&mut header)?;
            Ok::<_, io::Error>(header)
        };
        match read() {
            Ok(header) => Ok(Some(header)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.unreadable(&error)),
        }
    }

    fn unreadable(&self, reason: &impl ToString) -> Unusable {
        Unusable::Unreadable {
            database: self.name(),
            reason: reason.to_string(),
        }
    }

    /// No database, and that is as it should be, unless one was here.
    fn nothing(&self, what: &'static str, was_used: bool) -> Result<Found, Unusable> {
        if was_used {
            return Err(Unusable::Gone {
                database: self.name(),
                what,
                marker: marker::path_of(self.0).display().to_string(),
            });
        }
        if self.has_changes_in_log() {
            return Err(Unusable::LogAlone {
                database: self.name(),
                what,
                log: beside(self.0, "-wal").display().to_string(),
            });
        }
        Ok(Found::Nothing)
    }

    /// Whether there is a write-ahead log with something in it.
    fn has_changes_in_log(&self) -> bool {
        std::fs::metadata(beside(self.0, "-wal")).is_ok_and(|log| log.len() > 0)
    }

    /// Checks that the file is as long as its header says (§1.3). SQLite takes what is missing of
    /// the last page for zeros. What is missing may be in the log.
    fn check_length(&self, header: &[u8]) -> Result<(), Unusable> {
        let number = |at: std::ops::Range<usize>| {
            let bytes = header.get(at).unwrap_or_default().iter();
            bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        let page_size = match number(16..18) {
            1 => 65536,
            size => size,
        };
        // The number of pages counts only where this was written by the last change.
        let counts = number(24..28) == number(92..96);
        let wanted = if counts {
            number(28..32) * page_size
        } else {
            0
        };
        let length = std::fs::metadata(self.0).map_err(|error| self.unreadable(&error))?;
        match length.len() < wanted && !self.has_changes_in_log() {
            false => Ok(()),
            true => Err(Unusable::Damaged {
                database: self.name(),
                reason: format!("it has {} of {wanted} bytes", length.len()),
            }),
        }
    }

    /// Looks at the database file without its write-ahead log. A file that was put in the place of
    /// another one must not be opened together with the other's log, which would be written into
    /// it.
    async fn check_file_alone(&self, marker: &Marker) -> Result<(), Unusable> {
        let options = SqliteConnectOptions::new().filename(self.0).immutable(true);
        let look = async {
            let mut connection = options.read_only(true).connect().await?;
            let found = state(&mut connection).await;
            connection.close().await?;
            found
        };
        // While somebody else writes, or after they were killed, the file alone may be no database.
        match look.await {
            Ok(Some((store, _))) if store != marker.store => Err(Unusable::AnotherStore {
                database: self.name(),
            }),
            Ok(Some((_, found))) if found < marker.durable => Err(Unusable::Older {
                database: self.name(),
                found,
                expected: marker.expected(),
            }),
            _ => Ok(()),
        }
    }

    /// Looks at the database as it will be opened.
    async fn check_whole(&self, marker: Option<&Marker>, has_log: bool) -> Result<Found, Unusable> {
        // Where the last connection that can write is closed, SQLite empties the log and deletes
        // it. One that only reads leaves all as it is.
        let options = SqliteConnectOptions::new().filename(self.0).read_only(true);
        let options = options.immutable(!has_log);
        // Before SQLite makes an empty one.
        let log = match self.has_changes_in_log() {
            true => "cannot be read to its end",
            false => "is missing or empty",
        };
        let look = async {
            let mut connection = options.connect().await?;
            let found = state(&mut connection).await?;
            let objection = self.damage(&mut connection).await?;
            connection.close().await?;
            Ok((found, objection))
        };
        let (found, objection) = look.await.map_err(|error| self.refused(&error))?;
        if let Some(reason) = objection {
            return Err(Unusable::Damaged {
                database: self.name(),
                reason,
            });
        }
        let Some(marker) = marker else {
            return Ok(Found::Database { durable: 0 });
        };
        let database = self.name();
        let expected = marker.expected();
        match found {
            Some((store, _)) if store != marker.store => Err(Unusable::AnotherStore { database }),
            None => Err(Unusable::AnotherStore { database }),
            Some((_, found)) if found < expected && has_log => Err(Unusable::ChangesLost {
                database,
                found,
                expected,
                log,
            }),
            Some((_, found)) if found < expected => Err(Unusable::Older {
                database,
                found,
                expected,
            }),
            Some(_) => Ok(Found::Database {
                durable: marker.durable,
            }),
        }
    }

    /// What SQLite finds wrong with a database, if anything.
    async fn damage(&self, connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
        let size = std::fs::metadata(self.0)?.len();
        if size > LARGEST_CHECKED {
            tracing::info!(size, "the database is large; it is not read through");
            return Ok(None);
        }
        let row = sqlx::query("PRAGMA quick_check(1)")
            .fetch_one(connection)
            .await?;
        let verdict: String = row.try_get(0)?;
        Ok((verdict != "ok").then_some(verdict))
    }

    fn refused(&self, error: &sqlx::Error) -> Unusable {
        // SQLITE_CORRUPT and SQLITE_NOTADB, with the details that the bits above the lowest eight
        // are.
        let code = match error {
            sqlx::Error::Database(error) => error.code().and_then(|code| code.parse::<u32>().ok()),
            _ => None,
        };
        match code.map(|code| code & 0xff) {
            Some(11 | 26) => Unusable::Damaged {
                database: self.name(),
                reason: error.to_string(),
            },
            _ => self.unreadable(error),
        }
    }
}

/// The file that a path leads to, through links whose end may be missing.
pub(super) fn resolve(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..32 {
        let Ok(target) = std::fs::read_link(&path) else {
            break;
        };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}
