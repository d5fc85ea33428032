//! Where a description is read from: a file, or a copy of what a URL or a revision of git names.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostic::Diagnostic;
use crate::git::{Revision, Snapshot};
use crate::openapi::{self, Document, ReadError};
use crate::output::Copied;
use crate::remote::{self, Fetched, Pin, RemoteError};

/// The directory that holds the files of a revision. References reach the directory above their
/// own, which then has nothing else.
const REPOSITORY: &str = "repository";

/// A description that can be read.
#[derive(Debug)]
pub(crate) struct Input {
    spec: PathBuf,
    copy: Option<Copy>,
}

/// A description as files in a directory that goes with this value.
#[derive(Debug)]
struct Copy {
    files: Copied,
    /// The record of a description at a URL.
    pin: Option<Pin>,
    directory: Scratch,
    entry: PathBuf,
    /// Overlays of the same revision, by the paths that they were named by.
    overlays: BTreeMap<PathBuf, PathBuf>,
    shown: Shown,
}

/// The name that messages have in place of the directory.
#[derive(Debug)]
enum Shown {
    Directory(PathBuf),
    Revision(String),
}

/// A directory that is removed with this value.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Input {
    /// Opens a description. One at a URL is fetched, unless the crate in `shown` keeps the copy
    /// that `pin` records.
    ///
    /// # Errors
    /// Where it cannot be fetched, or the copy is not what was fetched.
    pub(crate) fn open(spec: &Path, shown: &Path, pin: Option<&Pin>) -> Result<Input, RemoteError> {
        let Some(url) = remote::url(spec) else {
            return Ok(Input {
                spec: spec.to_owned(),
                copy: None,
            });
        };
        let fetched = match pin {
            Some(pin) => Fetched::read(shown, pin)?,
            None => remote::fetch(url)?,
        };
        let directory = scratch()?;
        let entry = fetched.write(&directory.0)?;
        Ok(Input {
            spec: spec.to_owned(),
            copy: Some(Copy {
                pin: Some(fetched.pin(url)),
                files: fetched.files,
                directory,
                entry,
                overlays: BTreeMap::new(),
                shown: Shown::Directory(shown.to_owned()),
            }),
        })
    }

    /// Opens a description of a revision, with its files and overlays as they were.
    ///
    /// # Errors
    /// Where the files cannot be copied.
    pub(crate) fn revision(revision: &Revision, snapshot: Snapshot) -> Result<Input, RemoteError> {
        let directory = scratch()?;
        let at = |path: &str| format!("{REPOSITORY}/{path}");
        let files = snapshot.files.into_iter();
        let copy = Fetched {
            entry: at(&snapshot.entry),
            files: files.map(|(path, bytes)| (at(&path), bytes)).collect(),
        };
        let entry = copy.write(&directory.0)?;
        let overlays = snapshot.overlays.into_iter();
        let overlays = overlays
            .map(|(named, there)| (named, directory.0.join(at(&there))))
            .collect();
        Ok(Input {
            spec: PathBuf::from(revision.to_string()),
            copy: Some(Copy {
                files: Copied::new(),
                pin: None,
                overlays,
                entry,
                directory,
                shown: Shown::Revision(revision.name.clone()),
            }),
        })
    }

    /// Reads the description, and applies overlays.
    ///
    /// # Errors
    /// As [`openapi::read_with`], the file named as a person knows it.
    pub(crate) fn read(&self, overlays: &[PathBuf]) -> Result<Document, ReadError> {
        match &self.copy {
            None => openapi::read_with(&self.spec, overlays),
            Some(copy) => {
                let there =
                    |overlay: &PathBuf| copy.overlays.get(overlay).unwrap_or(overlay).clone();
                let overlays: Vec<PathBuf> = overlays.iter().map(there).collect();
                openapi::read_with(&copy.entry, &overlays).map_err(|error| {
                    error.renamed(|path| match path == copy.entry {
                        true => self.spec.clone(),
                        false => copy.name(path),
                    })
                })
            }
        }
    }

    /// Names the files of the copy in findings as they are in the crate.
    pub(crate) fn rename(&self, diagnostics: &mut [Diagnostic]) {
        let Some(copy) = &self.copy else { return };
        for found in diagnostics {
            if let Some(file) = &mut found.file {
                *file = copy.name(Path::new(file)).display().to_string();
            }
        }
    }

    /// What the crate records of a description at a URL.
    pub(crate) fn pin(&self) -> Option<Pin> {
        self.copy.as_ref()?.pin.clone()
    }

    /// The files that the crate keeps.
    pub(crate) fn into_files(mut self) -> Copied {
        let copy = self.copy.as_mut();
        copy.map(|copy| std::mem::take(&mut copy.files))
            .unwrap_or_default()
    }
}

impl Copy {
    fn name(&self, path: &Path) -> PathBuf {
        let Ok(inside) = path.strip_prefix(&self.directory.0) else {
            return path.to_owned();
        };
        match &self.shown {
            Shown::Directory(directory) => directory.join(inside),
            Shown::Revision(name) => {
                let inside = inside.strip_prefix(REPOSITORY).unwrap_or(inside);
                PathBuf::from(format!("{name}:{}", inside.display()))
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is the system's to clean.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A new directory for files that are read once.
fn scratch() -> Result<Scratch, RemoteError> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("drawbridge-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(Scratch(path)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(RemoteError::Io { path, source }),
        }
    }
}
