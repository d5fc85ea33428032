//! What was met on the way, and the places where it must not be.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sqlx::{Column, Connection, Row, SqliteConnection, TypeInfo, ValueRef};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, fmt};

/// Secrets, by what they are, and what was answered to requests that failed.
#[derive(Default)]
pub(crate) struct Keeper {
    secrets: BTreeMap<String, &'static str>,
    errors: Vec<String>,
}

impl Keeper {
    /// Remembers a secret.
    pub(crate) fn met(&mut self, what: &'static str, secret: &str) {
        assert!(secret.len() >= 12, "{what}: too short to be looked for");
        self.secrets.entry(secret.to_owned()).or_insert(what);
    }

    /// Remembers the body of an answer that is an error.
    pub(crate) fn refused(&mut self, body: &str) {
        self.errors.push(body.to_owned());
    }

    /// How many secrets of a kind there are.
    pub(crate) fn count(&self, what: &str) -> usize {
        self.secrets.values().filter(|it| **it == what).count()
    }

    /// Every secret that is in an error body.
    pub(crate) fn in_errors(&self) -> Vec<String> {
        assert!(self.errors.len() > 30, "{}", self.errors.len());
        let bodies = self.errors.iter();
        bodies
            .flat_map(|body| self.found("an error", body.as_bytes()))
            .collect()
    }

    /// Every secret that is in `bytes`, as it is or in one of the ways that it is written on
    /// the wire.
    pub(crate) fn found(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(bytes);
        let mut found = Vec::new();
        for (secret, what) in &self.secrets {
            let at = spellings(secret).iter().find_map(|it| text.find(it));
            if let Some(at) = at {
                let before: String = text[..at].chars().rev().take(120).collect();
                let before: String = before.chars().rev().collect();
                let after: String = text[at..].chars().take(80).collect();
                found.push(format!("{what} in {place}: …{before}{after}…"));
            }
        }
        found
    }
}

fn spellings(secret: &str) -> Vec<String> {
    let hex = secret.bytes().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    let mut spellings = vec![
        secret.to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        secret.replace('&', "&amp;").replace('\'', "&#x27;"),
        hex,
    ];
    spellings.dedup();
    spellings
}

/// All that a database holds, as it is in its files and as it is in its tables.
pub(crate) async fn dump(path: &Path) -> Vec<(String, Vec<u8>)> {
    let mut dump = Vec::new();
    for suffix in ["", "-wal"] {
        let mut file = path.to_owned().into_os_string();
        file.push(suffix);
        let bytes = std::fs::read(&file).unwrap();
        dump.push((format!("the file{suffix}"), bytes));
    }
    let url = format!("sqlite:{}?mode=ro", path.display());
    let mut connection = SqliteConnection::connect(&url).await.unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table'";
    let tables = sqlx::query(tables).fetch_all(&mut connection).await;
    for table in tables.unwrap() {
        let name: String = table.get("name");
        let rows = sqlx::AssertSqlSafe(format!("SELECT * FROM \"{name}\""));
        for row in sqlx::query(rows).fetch_all(&mut connection).await.unwrap() {
            for column in row.columns() {
                let value = row.try_get_raw(column.ordinal()).unwrap();
                let kind = value.type_info().name().to_owned();
                let bytes = match kind.as_str() {
                    "TEXT" => row.get::<String, _>(column.ordinal()).into_bytes(),
                    "BLOB" => row.get(column.ordinal()),
                    _ => continue,
                };
                dump.push((format!("{name}.{}", column.name()), bytes));
            }
        }
    }
    dump
}

/// What this process logged: our own lines, at the finest level, for people and for machines.
pub(crate) struct Log {
    text: Lines,
    json: Lines,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// Starts to log, once for the process.
    pub(crate) fn start() -> &'static Log {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let (text, json) = (Lines::default(), Lines::default());
            let ours = Targets::new().with_target("runtime", LevelFilter::TRACE);
            let (to_text, to_json) = (text.clone(), json.clone());
            let people = fmt::layer().with_ansi(false);
            let people = people.with_writer(move || to_text.clone());
            let machines = fmt::layer().json().flatten_event(true);
            let machines = machines.with_writer(move || to_json.clone());
            let lines = people.and_then(machines).with_filter(ours);
            let subscriber = tracing_subscriber::registry().with(lines);
            tracing::subscriber::set_global_default(subscriber).unwrap();
            Log { text, json }
        })
    }

    /// Both logs, so far.
    pub(crate) fn so_far(&self) -> [(&'static str, Vec<u8>); 2] {
        [
            ("the log for people", self.text.lock().clone()),
            ("the log for machines", self.json.lock().clone()),
        ]
    }
}
