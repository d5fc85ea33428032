//! Where a description is read from: a file, or the copy of what a URL names.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::diagnostic::Diagnostic;
use crate::openapi::{self, Document, ReadError};
use crate::output::Copied;
use crate::remote::{self, Fetched, Pin, RemoteError};

/// A description that can be read.
#[derive(Debug)]
pub(crate) struct Input {
    spec: PathBuf,
    copy: Option<Copy>,
}

/// A description at a URL, as files in a directory that goes with this value.
#[derive(Debug)]
struct Copy {
    fetched: Fetched,
    pin: Pin,
    directory: PathBuf,
    entry: PathBuf,
    /// The directory that messages name in its place.
    shown: PathBuf,
}

impl Input {
    /// Opens a description. One at a URL is fetched, unless the crate in `shown` keeps the copy that
    /// `pin` records.
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
        let entry = fetched.write(&directory)?;
        Ok(Input {
            spec: spec.to_owned(),
            copy: Some(Copy {
                pin: fetched.pin(url),
                fetched,
                directory,
                entry,
                shown: shown.to_owned(),
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
            Some(copy) => openapi::read_with(&copy.entry, overlays).map_err(|error| {
                error.renamed(|path| match path == copy.entry {
                    true => self.spec.clone(),
                    false => copy.name(path),
                })
            }),
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
        self.copy.as_ref().map(|copy| copy.pin.clone())
    }

    /// The files that the crate keeps.
    pub(crate) fn into_files(mut self) -> Copied {
        let copy = self.copy.as_mut();
        copy.map(|copy| std::mem::take(&mut copy.fetched.files))
            .unwrap_or_default()
    }
}

impl Copy {
    fn name(&self, path: &Path) -> PathBuf {
        match path.strip_prefix(&self.directory) {
            Ok(inside) => self.shown.join(inside),
            Err(_) => path.to_owned(),
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left is the system's to clean.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A new directory for files that are read once.
fn scratch() -> Result<PathBuf, RemoteError> {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("drawbridge-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(RemoteError::Io { path, source }),
        }
    }
}
