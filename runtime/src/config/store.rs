//! `[store]`: where accounts, clients and keys are kept.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ConfigError;
use super::value::within;
use crate::secret::{Secret, Source};

/// Where accounts, clients and connections are kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// The SQLite file, which the server makes at its first start, readable by its user only. A
    /// relative path starts at the configuration file. `:memory:` keeps everything in memory until
    /// the server ends. Where `url` is set, only the calls that the database does not have yet are
    /// kept beside this path.
    pub path: PathBuf,
    /// The PostgreSQL database that is used in place of a file, which any number of servers share:
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. The text itself, `{ env = "NAME" }` or
    /// `{ file = "PATH" }`. On another machine, the database has to prove who it is by a certificate,
    /// unless `?sslmode=` says otherwise; `&sslrootcert=FILE` names the authority of a private one.
    pub url: Option<Source>,
    /// How long rows of the audit are kept, in days: 1 to 3,650.
    pub audit_days: u64,
    /// The most rows of the audit: 1,000 to 1,000,000,000. When there are more, the oldest rows are
    /// removed: first attempts that changed nothing, of which a tenth of all rows may stay, then
    /// calls of tools, then changes of accounts and connections.
    pub audit_rows: u64,
    /// How long the portal lists connections that have ended, in days: 1 to 3,650.
    pub ended_key_days: u64,
}

impl StoreSettings {
    /// Checks the bounds of numbers.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("store.audit_days", self.audit_days, 1..=3650)?;
        within("store.ended_key_days", self.ended_key_days, 1..=3650)?;
        within("store.audit_rows", self.audit_rows, 1_000..=1_000_000_000)
    }

    /// Whether what is kept is gone with the process.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.path.as_os_str() == ":memory:"
    }

    /// Returns the default settings for a store at a place: the URL of a PostgreSQL database, or a
    /// file. What looks like any URL is not a file, since messages repeat paths.
    pub(crate) fn at(place: &str) -> StoreSettings {
        let is_url = place.contains("://");
        StoreSettings {
            url: is_url.then(|| Source::Literal(Secret::new(place))),
            path: PathBuf::from(if is_url { "" } else { place }),
            ..StoreSettings::default()
        }
    }

    /// The key that says where the store is.
    pub(crate) fn key(&self) -> &'static str {
        match &self.url {
            Some(_) => "store.url",
            None => "store.path",
        }
    }

    /// The URL of the database, where the store is in one.
    ///
    /// # Errors
    /// Where it cannot be read, or is not the URL of a PostgreSQL database. The message repeats no
    /// part of it.
    pub(crate) fn database(&self) -> Result<Option<Secret>, ConfigError> {
        let invalid = |message: String| ConfigError::new("store.url", message);
        let Some(source) = &self.url else {
            return Ok(None);
        };
        let url = source.read().map_err(|error| invalid(error.to_string()))?;
        check_url(url.expose()).map_err(invalid)?;
        Ok(Some(url))
    }
}

/// Parameters of the URL of a database that this server knows.
const PARAMETERS: [&str; 9] = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "sslrootcert",
    "options",
];

/// How a connection can be protected.
const SSL_MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/// Checks the URL of a database. A part that is wrong may be a part of the password, so that no
/// message repeats one.
fn check_url(text: &str) -> Result<(), String> {
    const FORM: &str = "postgres://USER:PASSWORD@HOST:PORT/DATABASE";
    let url = Url::parse(text).map_err(|error| {
        format!("is not a URL ({error}); write {FORM}, with `%40` for an @ in the password")
    })?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(format!("does not begin with postgres://; write {FORM}"));
    }
    if url.fragment().is_some() {
        return Err("has a #; write `%23` for one in the password".to_owned());
    }
    let mut names_database = url.path().len() > 1;
    for (name, value) in url.query_pairs() {
        if !PARAMETERS.contains(&&*name) {
            let known = PARAMETERS.join(", ");
            return Err(format!("has a parameter that is none of these: {known}"));
        }
        if name == "sslmode" && !SSL_MODES.contains(&&*value) {
            return Err(format!(
                "has an sslmode that is none of these: {}",
                SSL_MODES.join(", ")
            ));
        }
        names_database |= name == "dbname";
    }
    match names_database {
        true => Ok(()),
        false => Err(format!("names no database; write {FORM}")),
    }
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            path: PathBuf::from("connector.db"),
            url: None,
            audit_days: 365,
            audit_rows: 1_000_000,
            ended_key_days: 90,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(url: &str) -> String {
        let settings = StoreSettings {
            url: Some(Source::Literal(Secret::new(url))),
            ..StoreSettings::default()
        };
        settings.database().map(drop).unwrap_err().to_string()
    }

    #[test]
    fn database_url_that_is_wrong_is_refused_without_being_repeated() {
        for url in [
            "hunter2",
            "https://a:hunter2@db.example/x",
            "postgres://a:hunter2@db.example",
            "postgres://a:hunter2@db.example:port/x",
            "postgres://a@db.example/x?passwort=hunter2",
            "postgres://a@db.example/x?password=a&hunter2=b",
            "postgres://a@db.example/x?sslmode=hunter2",
            "postgres://a:hunter2@db.example/x?sslmode=allow",
            "postgres://a:hunter2@db.example/x?ssl-mode=disable",
            "postgres://a@db.example/x#hunter2",
        ] {
            let error = error(url);
            assert!(error.starts_with("store.url: "), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn database_url_is_shown_nowhere() {
        let settings = StoreSettings {
            url: Some(Source::Literal(Secret::new("postgres://a:hunter2@db/x"))),
            ..StoreSettings::default()
        };
        let shown = format!("{settings:?} {}", toml::to_string(&settings).unwrap());
        assert!(shown.contains("url = \"[secret]\""), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn place_that_has_the_form_of_a_url_is_never_taken_for_a_file() {
        for place in ["POSTGRES://a:hunter2@db/x", "postgress://a:hunter2@db/x"] {
            let settings = StoreSettings::at(place);
            assert_eq!(settings.path, PathBuf::new(), "{place}");
            assert!(settings.url.is_some(), "{place}");
        }
        let file = StoreSettings::at("data/connector.db");
        assert_eq!(file.path, PathBuf::from("data/connector.db"));
        assert!(file.url.is_none());
    }
}
