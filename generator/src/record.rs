//! What a generated crate records about its making beside the list of its files, so that a later run
//! without these options makes the same crate.

use std::path::{Path, PathBuf};
use std::{fs, io};

use thiserror::Error;

use crate::remote::Pin;
use crate::selection::{Pattern, Selection};

/// The file that lists what the generator wrote, one path a line, below what it records about its
/// making. Only the listed files are ever pruned.
pub const MANIFEST: &str = ".generated";

/// The choices that the manifest of a crate records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The operations that became tools.
    pub only: Selection,
    /// Whether the runtime is copied into the crate.
    pub vendor: bool,
    /// The digest of the `Cargo.lock` that was written.
    pub lock: Option<String>,
    /// Whether clients are shown the tools of search mode, where that was chosen.
    pub search_mode: Option<bool>,
    /// How many tokens the definitions of all tools may take, where that was chosen.
    pub budget: Option<usize>,
    /// Where the description was fetched from, if it was.
    pub source: Option<Pin>,
}

/// Why a record cannot be used.
#[derive(Debug, Error)]
pub enum RecordError {
    /// A line of the manifest has no meaning.
    #[error("{}:{line}: {message}; name the choice on the command line to write it anew", path.display())]
    Line {
        /// The manifest.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// There is no crate.
    #[error("{}: is no generated crate: it has no {MANIFEST}", .0.display())]
    Missing(PathBuf),
    /// The manifest cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The manifest.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

const ONLY: &str = "# only: ";
const VENDOR: &str = "# vendor";
const LOCK: &str = "# lock: ";
const SEARCH: &str = "# listing: search";
const TOOLS: &str = "# listing: tools";
const BUDGET: &str = "# budget: ";
/// A digest, a path in the crate without spaces, and a URL.
const SOURCE: &str = "# source: ";

impl Record {
    /// Reads the record of the crate in `out`; an empty one where there is no crate.
    ///
    /// # Errors
    /// Where the manifest cannot be read, or a line of it has no meaning.
    pub fn read(out: &Path) -> Result<Record, RecordError> {
        let path = out.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(Record::default());
            }
            Err(source) => return Err(RecordError::Io { path, source }),
        };
        let mut record = Record::default();
        let mut patterns = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let wrong = |message| RecordError::Line {
                path: path.clone(),
                line: number + 1,
                message,
            };
            if let Some(pattern) = line.strip_prefix(ONLY) {
                patterns.push(Pattern::parse(pattern).map_err(wrong)?);
            } else if let Some(digest) = line.strip_prefix(LOCK) {
                record.lock = Some(digest.to_owned());
            } else if let Some(source) = line.strip_prefix(SOURCE) {
                let mut parts = source.splitn(3, ' ').map(str::to_owned);
                if let (Some(digest), Some(entry), Some(url)) =
                    (parts.next(), parts.next(), parts.next())
                {
                    record.source = Some(Pin { url, entry, digest });
                }
            } else if let Some(budget) = line.strip_prefix(BUDGET) {
                let budget = budget
                    .parse()
                    .map_err(|_| wrong("no number of tokens".to_owned()));
                record.budget = Some(budget?);
            } else if line == SEARCH || line == TOOLS {
                record.search_mode = Some(line == SEARCH);
            } else if line == VENDOR {
                record.vendor = true;
            }
        }
        record.only = Selection::new(patterns);
        Ok(record)
    }

    /// The lines of the manifest that hold it.
    pub(crate) fn lines(&self) -> String {
        let mut lines = String::new();
        for pattern in self.only.patterns() {
            lines += &format!("{ONLY}{pattern}\n");
        }
        if self.vendor {
            lines += &format!("{VENDOR}\n");
        }
        if let Some(is_search) = self.search_mode {
            lines += if is_search { SEARCH } else { TOOLS };
            lines += "\n";
        }
        if let Some(budget) = self.budget {
            lines += &format!("{BUDGET}{budget}\n");
        }
        if let Some(digest) = &self.lock {
            lines += &format!("{LOCK}{digest}\n");
        }
        if let Some(Pin { url, entry, digest }) = &self.source {
            lines += &format!("{SOURCE}{digest} {entry} {url}\n");
        }
        lines
    }
}
