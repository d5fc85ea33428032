//! The files of an open database: whether they are still the ones that were opened.

use std::io;
use std::path::{Path, PathBuf};

use super::absence::Checks;
use super::marker::MarkerFile;

/// The path of a file beside a database.
pub(super) fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The files of a database that is open.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    /// Id of the store in it.
    pub(super) store: String,
    pub(super) marker: MarkerFile,
    /// Whether its tables are sound, as far as somebody looked.
    pub(super) checks: Checks,
    /// The database and its write-ahead log, which is there as long as the database is open.
    opened: [(PathBuf, Identity); 2],
}

impl DatabaseFile {
    /// Remembers the files of a database that was just opened.
    ///
    /// # Errors
    /// Where one of them is not there.
    pub(super) fn new(path: &Path, store: String, marker: MarkerFile) -> io::Result<DatabaseFile> {
        let known = |path: PathBuf| {
            let identity = Identity::of(&path)?;
            Ok::<_, io::Error>((path, identity))
        };
        Ok(DatabaseFile {
            store,
            marker,
            checks: Checks::default(),
            opened: [known(path.to_owned())?, known(beside(path, "-wal"))?],
        })
    }

    /// The database file and its write-ahead log.
    pub(super) fn paths(&self) -> [&Path; 2] {
        self.opened.each_ref().map(|(path, _)| path.as_path())
    }

    /// The database file.
    pub(super) fn path(&self) -> &Path {
        self.paths()[0]
    }

    /// Checks that a file was not removed or replaced: what is written into one that is no longer
    /// at its place is lost with this process.
    ///
    /// # Errors
    /// Where somebody did; a sentence that names the file.
    pub(super) fn check(&self) -> Result<(), String> {
        for (path, opened) in &self.opened {
            let what = match Identity::of(path) {
                Ok(found) if found == *opened => continue,
                Ok(_) => "was replaced by another file".to_owned(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => "was removed".to_owned(),
                Err(error) => format!("cannot be looked at: {error}"),
            };
            return Err(format!(
                "{} {what} while this server uses it; nothing is written until the file is put \
                 back, or the server is restarted",
                path.display()
            ));
        }
        Ok(())
    }
}

/// Distinguishes a file from every other that was or is at its path.
#[cfg(unix)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity(u64, u64);

#[cfg(unix)]
impl Identity {
    fn of(path: &Path) -> io::Result<Identity> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::metadata(path)?;
        Ok(Identity(metadata.dev(), metadata.ino()))
    }
}

/// Where files have no number that is theirs, only that there is one is known.
#[cfg(not(unix))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity;

#[cfg(not(unix))]
impl Identity {
    fn of(path: &Path) -> io::Result<Identity> {
        std::fs::metadata(path).map(|_| Identity)
    }
}
