//! One side of a comparison.

use std::fmt;
use std::path::PathBuf;

use crate::git::Revision;

/// Where one side of a comparison is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// A file, or a URL of https.
    Description(PathBuf),
    /// A file in a revision of git.
    Revision(Revision),
}

impl Side {
    /// Reads a side as the command line has it: a file, a URL, or `REVISION:PATH`.
    pub fn parse(text: &str) -> Side {
        match Revision::parse(text) {
            Some(revision) => Side::Revision(revision),
            None => Side::Description(PathBuf::from(text)),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Side::Description(path) => path.display().fmt(f),
            Side::Revision(revision) => revision.fmt(f),
        }
    }
}
