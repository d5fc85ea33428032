//! Whether what was not found is really not there.
//!
//! SQLite trusts what it reads: where somebody garbles the files of an open database, a token may be
//! missing in an index without an error. A client that gets this answer drops a good connection.
//! So before an answer says that something is unknown, the tables are checked against their indexes.

use std::fs::Metadata;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::{Instant, sleep_until};

use super::Sqlite;
use super::file::DatabaseFile;
use crate::store::{Result, StoreError};

/// The tables by which somebody is known.
const TABLES: [&str; 9] = [
    "access_tokens",
    "refresh_tokens",
    "codes",
    "grants",
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
    /// Returns what was found. Where that is nothing, checks first that nothing is to be found.
    ///
    /// # Errors
    /// Where the tables are damaged, or the database file is not the one that was opened.
    pub(super) async fn or_absent<T>(&self, found: Option<T>) -> Result<Option<T>> {
        if let (None, Some(file)) = (&found, &self.file) {
            self.check_tables(file).await?;
        }
        Ok(found)
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
