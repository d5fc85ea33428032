//! Whether what was not found is really not there.
//!
//! SQLite trusts what it reads: where somebody garbles the files of an open database, a token may be
//! missing in an index without an error. A client that gets this answer drops a good connection.
//! So before an answer says that something is unknown, the tables are checked against their indexes,
//! and are read once more: the first look may have read pages that were repaired since.

use std::fs::Metadata;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::{Instant, sleep_until};

use super::database::Sqlite;
use super::file::DatabaseFile;
use crate::store::rows::millis;
use crate::store::{Result, StoreError};
use crate::token::Digest;

/// The tables by which somebody is known.
const TABLES: [&str; 10] = [
    "access_tokens",
    "refresh_tokens",
    "codes",
    "grants",
    "agents",
    "memberships",
    "workspaces",
    "sessions",
    "people",
    "clients",
];
/// The shortest time between two checks. Those who come in between wait for the next one.
const PAUSE: Duration = Duration::from_millis(50);
/// How many times as long as a check takes none is made afterwards: strangers can cause checks, and
/// at most a twentieth of a processor goes into them.
const SHARE: u32 = 20;
/// The longest wait for a check. Where the tables are so large that it would be longer, absence is
/// believed between two checks.
const LONGEST: Duration = Duration::from_secs(2);

/// A query that looks one thing up.
pub(super) type Lookup<'q> = Query<'q, sqlx::Sqlite, SqliteArguments>;

/// The size of a file, and when it was last written.
type Stamp = [Option<(u64, SystemTime)>; 2];

/// What is known about the tables.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// Held by who checks.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<Last>,
}

/// The last checks.
#[derive(Clone, Copy, Debug, Default)]
struct Last {
    /// When the last one that found no damage began, and how the files were.
    sound: Option<(Instant, Stamp)>,
    /// When the next one may begin.
    next: Option<Instant>,
}

impl Checks {
    fn last(&self) -> Last {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, begun: Instant, sound: Option<Stamp>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(stamp) = sound {
            last.sound = Some((begun, stamp));
        }
        last.next = Some(Instant::now() + PAUSE.max(begun.elapsed() * SHARE));
    }
}

impl Sqlite {
    /// Returns the row that a query finds. Finds it nothing, the tables are checked, and it is asked
    /// again, of the files and not of pages that were read before.
    ///
    /// # Errors
    /// Where the tables are damaged, or the database file is not the one that was opened.
    pub(super) async fn find<'q>(
        &self,
        query: impl Fn() -> Lookup<'q>,
    ) -> Result<Option<SqliteRow>> {
        let found = query().fetch_optional(&self.reader).await?;
        let (None, Some(file)) = (&found, &self.file) else {
            return Ok(found);
        };
        self.check_tables(file).await?;
        let mut reader = self.reader.acquire().await?;
        forget_pages(&mut reader).await?;
        let found = query().fetch_optional(&mut *reader).await?;
        drop(reader);
        if found.is_some() {
            self.forget_damage().await?;
        }
        Ok(found)
    }

    /// Confirms that the connection that writes found no usable code or token because there is none:
    /// `usable` finds one by its digest and the time.
    ///
    /// # Errors
    /// Where there is one, and as [`Sqlite::find`].
    pub(super) async fn confirm_unusable(
        &self,
        usable: &'static str,
        digest: Digest,
        at: SystemTime,
    ) -> Result<()> {
        let query = || {
            sqlx::query(usable)
                .bind(digest.as_bytes().to_vec())
                .bind(millis(at))
        };
        if self.find(query).await?.is_none() {
            return Ok(());
        }
        self.forget_damage().await?;
        let message = "the database changed while it was read; ask again";
        Err(StoreError(message.into()))
    }

    /// Has the connection that writes read the files anew: pages that it read while they were
    /// damaged would be written into files that were repaired.
    async fn forget_damage(&self) -> Result<()> {
        let mut writer = self.writer.acquire().await?;
        Ok(forget_pages(&mut writer).await?)
    }

    async fn check_tables(&self, file: &DatabaseFile) -> Result<()> {
        let asked = Instant::now();
        let checks = &file.checks;
        let is_sound = || {
            let sound = checks.last().sound;
            sound.is_some_and(|(begun, files)| begun >= asked || files == stamp(file))
        };
        if is_sound() {
            return Ok(());
        }
        let _turn = checks.turn.lock().await;
        if is_sound() {
            return Ok(());
        }
        match checks.last().next {
            Some(next) if next > Instant::now() + LONGEST => return Ok(()),
            Some(next) => sleep_until(next).await,
            None => {}
        }
        let (begun, files) = (Instant::now(), stamp(file));
        let damage = match file.check() {
            Ok(()) => damage(file).await,
            Err(moved) => Some(moved),
        };
        checks.note(begun, damage.is_none().then_some(files));
        match damage {
            None => Ok(()),
            Some(damage) => Err(StoreError(
                format!("{}: {damage}", file.path().display()).into(),
            )),
        }
    }
}

/// Has a connection read the files anew. SQLite keeps the pages that it has read until it learns of a
/// change, and it learns of none that was made behind its back.
async fn forget_pages(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let forget = sqlx::query("PRAGMA shrink_memory");
    forget.execute(connection).await.map(drop)
}

fn stamp(file: &DatabaseFile) -> Stamp {
    let stamp = |metadata: Metadata| Some((metadata.len(), metadata.modified().ok()?));
    file.paths()
        .map(|path| std::fs::metadata(path).ok().and_then(stamp))
}

/// What is wrong with the tables, or keeps them from being read.
async fn damage(file: &DatabaseFile) -> Option<String> {
    let options = SqliteConnectOptions::new().filename(file.path());
    let look = async {
        // A connection that has read nothing yet: others see pages as they once were.
        let mut connection = options.read_only(true).connect().await?;
        let damage = first_damage(&mut connection).await;
        connection.close().await?;
        damage
    };
    look.await.unwrap_or_else(|error| Some(error.to_string()))
}

async fn first_damage(connection: &mut SqliteConnection) -> sqlx::Result<Option<String>> {
    for table in TABLES {
        let check = format!("PRAGMA integrity_check({table})");
        let check = sqlx::query_scalar(sqlx::AssertSqlSafe(check));
        let verdict: String = check.fetch_one(&mut *connection).await?;
        if verdict != "ok" {
            return Ok(Some(format!(
                "the table {table} is damaged ({verdict}); stop this server, and restore a backup"
            )));
        }
    }
    Ok(None)
}
