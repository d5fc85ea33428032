//! The marker beside a database: which store it holds, and the number of its last change.
//!
//! SQLite creates a database where the file is missing, and leaves out without an error what it
//! cannot read of a write-ahead log. The marker lets a start distinguish a first start from a database
//! that is gone, and a complete database from one that lost its last changes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Length of the file, in bytes. It is overwritten in place by one write, which a process that is
/// killed either did or did not do.
const LENGTH: usize = 512;

const ABOUT: &str = "belongs to the database beside it; without it, a database that is missing \
                     looks like a first start";

/// What a marker says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marker {
    /// Id of the store.
    pub(super) store: String,
    /// The start of the machine during which `latest` was written, where the system names them.
    pub(super) boot: Option<String>,
    /// Number of a change that has reached the disk, as part of the database file itself.
    pub(super) durable: u64,
    /// Number of the last change. It outlives the process, but not a loss of power.
    pub(super) latest: u64,
}

impl Marker {
    /// The change that a database has to contain, with all before it.
    pub(super) fn expected(&self) -> u64 {
        // After a loss of power SQLite may be without its last commits, which is no damage
        // (`synchronous = NORMAL`).
        match self.boot == boot() {
            true => self.latest.max(self.durable),
            false => self.durable,
        }
    }
}

/// The path of a marker: that of the database, and `.marker`.
pub(super) fn path_of(database: &Path) -> PathBuf {
    super::file::beside(database, ".marker")
}

/// Reads the marker of a database, where there is one.
///
/// # Errors
/// Where the file cannot be read, or is no marker.
pub(super) fn read(database: &Path) -> io::Result<Option<Marker>> {
    match std::fs::read(path_of(database)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(Into::into),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The marker of an open database, which is kept up to date.
#[derive(Debug)]
pub(super) struct MarkerFile {
    path: PathBuf,
    marker: Mutex<Marker>,
}

impl MarkerFile {
    /// Writes the marker of a database that was found to contain change `generation`.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(super) fn create(
        database: &Path,
        store: String,
        durable: u64,
        generation: u64,
    ) -> io::Result<MarkerFile> {
        let marker = Marker {
            store,
            boot: boot(),
            durable,
            latest: generation,
        };
        let path = path_of(database);
        write(&path, &marker)?.sync_all()?;
        Ok(MarkerFile {
            path,
            marker: Mutex::new(marker),
        })
    }

    /// Notes that a change was committed.
    ///
    /// Takes some microseconds: the file is in the system's cache, and nothing waits for the disk.
    pub(super) fn committed(&self, generation: u64) {
        let mut marker = self.marker.lock().unwrap_or_else(PoisonError::into_inner);
        marker.latest = marker.latest.max(generation);
        if let Err(error) = write(&self.path, &marker) {
            // The change is made all the same; a later start just may not miss it.
            tracing::debug!(%error, path = %self.path.display(), "the marker was not written");
        }
    }

    /// Notes that a change, and all before it, have reached the disk in the database file.
    ///
    /// # Errors
    /// Where that cannot be written.
    pub(super) fn checkpointed(&self, generation: u64) -> io::Result<()> {
        let mut marker = self.marker.lock().unwrap_or_else(PoisonError::into_inner);
        marker.durable = marker.durable.max(generation);
        marker.latest = marker.latest.max(generation);
        write(&self.path, &marker)?.sync_all()
    }
}

fn write(path: &Path, marker: &Marker) -> io::Result<File> {
    #[derive(Serialize)]
    struct Line<'a> {
        about: &'a str,
        #[serde(flatten)]
        marker: &'a Marker,
    }
    let line = Line {
        about: ABOUT,
        marker,
    };
    let mut text = serde_json::to_string(&line)?;
    text.extend(std::iter::repeat_n(
        ' ',
        LENGTH.saturating_sub(text.len() + 1),
    ));
    text.push('\n');
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

/// Names the start of this machine, where the system does (Linux).
fn boot() -> Option<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written_however_long_its_numbers_are() {
        let directory = std::env::temp_dir().join(format!("marker-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let database = directory.join("a.db");
        let file = MarkerFile::create(&database, "sto_1".to_owned(), u64::MAX, u64::MAX).unwrap();
        assert_eq!(std::fs::metadata(&file.path).unwrap().len(), LENGTH as u64);
        drop(file);
        let file = MarkerFile::create(&database, "sto_1".to_owned(), 3, 4).unwrap();
        file.committed(9);
        file.committed(8);
        let marker = read(&database).unwrap().unwrap();
        assert_eq!(
            (marker.durable, marker.latest, marker.expected()),
            (3, 9, 9)
        );
        file.checkpointed(9).unwrap();
        assert_eq!(read(&database).unwrap().unwrap().durable, 9);
        std::fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn after_the_machine_started_anew_only_what_reached_the_disk_is_expected() {
        let marker = Marker {
            store: "sto_1".to_owned(),
            boot: Some("another".to_owned()),
            durable: 3,
            latest: 9,
        };
        assert_eq!(marker.expected(), 3);
    }
}
