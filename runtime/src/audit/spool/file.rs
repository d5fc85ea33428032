//! The file of a spool: opened, locked, and found again at its path.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// A file whose lock this process has. Its position is the end of the lines.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) file: File,
    pub(super) path: PathBuf,
    /// Whether it is no longer at its path, where a later process would look for it.
    pub(super) removed: bool,
}

impl Opened {
    /// Opens a file and takes its lock. Returns `None` where another process has it, or where there
    /// is no such file and none is to be made; otherwise also the length of the file.
    pub(super) fn lock(options: &OpenOptions, path: PathBuf) -> io::Result<Option<(Opened, u64)>> {
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut opened = Opened {
            file,
            path,
            removed: false,
        };
        // The process that had the lock may have removed the file before it let go.
        if !opened.is_at_its_path()? {
            return Ok(None);
        }
        let end = opened.end_last_line()?;
        Ok(Some((opened, end)))
    }

    /// Ends the last line, in whose middle a process may have ended. Returns the length.
    fn end_last_line(&mut self) -> io::Result<u64> {
        let length = self.file.seek(SeekFrom::End(0))?;
        if length == 0 {
            return Ok(0);
        }
        let mut last = [0];
        self.file.seek(SeekFrom::Start(length - 1))?;
        self.file.read_exact(&mut last)?;
        if last == *b"\n" {
            return Ok(length);
        }
        self.file.write_all(b"\n")?;
        Ok(length + 1)
    }

    /// Whether the file is still what is at its path.
    pub(super) fn is_at_its_path(&self) -> io::Result<bool> {
        let there = match std::fs::metadata(&self.path) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let here = self.file.metadata()?;
            Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
        }
        #[cfg(not(unix))]
        Ok(there.is_file())
    }
}

/// The path of the spool of this number.
pub(super) fn numbered(first: &Path, number: u32) -> PathBuf {
    match number {
        1 => first.to_owned(),
        number => {
            let mut path = first.as_os_str().to_owned();
            path.push(format!("-{number}"));
            PathBuf::from(path)
        }
    }
}
