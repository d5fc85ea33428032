//! One side of a comparison.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::git::Revision;
use crate::lock::LOCK;

/// Where one side of a comparison is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A file, or a URL of https.
    Description(PathBuf),
    /// A file in a revision of git: a description, or a lock by its name.
    Revision(Revision),
    /// The lock of a crate.
    Lock(PathBuf),
}

impl Side {
    /// Reads a side as the command line has it: a file, a URL, `REVISION:PATH`, or a crate, whose lock
    /// is meant.
    pub fn parse(text: &str) -> Side {
        let path = Path::new(text);
        if path.is_dir() {
            return Side::Lock(path.join(LOCK));
        }
        if path.is_file() && path.file_name().is_some_and(|name| name == LOCK) {
            return Side::Lock(path.to_owned());
        }
        match Revision::parse(text) {
            Some(revision) => Side::Revision(revision),
            None => Side::Description(PathBuf::from(text)),
        }
    }

    /// Returns true for a lock, of which less is known than of a description.
    pub(crate) fn is_lock(&self) -> bool {
        match self {
            Side::Lock(_) => true,
            Side::Revision(revision) => Path::new(&revision.path).ends_with(LOCK),
            Side::Description(_) => false,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Description(path) | Side::Lock(path) => path.display().fmt(f),
            Side::Revision(revision) => revision.fmt(f),
        }
    }
}
