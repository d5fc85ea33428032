//! The file: one line a tool, sorted by name, so that changes of different tools merge.

use std::path::{Path, PathBuf};
use std::{fs, io};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

use super::contract;
use crate::ir::{Access, Api, Operation};

/// The name of the file in a crate.
pub const LOCK: &str = "tools.lock";

const HEADER: &str = "\
# @generated: which tool each operation is. Later runs keep these names; commit it, do not edit it.
# tool access contract method path operationId
";
/// In place of an operationId.
const NONE: &str = "-";
/// Characters of paths and operationIds that would end a word, or that are not seen.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'%');

/// The tools of a crate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// The tools, sorted by name.
    pub tools: Vec<Locked>,
}

/// One tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// Its name.
    pub tool: String,
    /// Its access.
    pub access: Access,
    /// The hash of its contract: the name, the access, the request, and the arguments without their
    /// texts; hexadecimal digits.
    pub contract: String,
    /// HTTP method in upper case.
    pub method: String,
    /// Path template.
    pub path: String,
    /// `operationId`, where there is one.
    pub operation_id: Option<String>,
}

/// Why a lock cannot be used.
#[derive(Debug, Error)]
pub enum LockError {
    /// A line has another form.
    #[error(
        "{}:{line}: {message}; restore the file, or remove it to name the tools anew", path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The file cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl Lock {
    /// The lock of an API.
    pub fn of(api: &Api) -> Lock {
        let locked = |operation: &Operation| Locked {
            tool: operation.name.clone(),
            access: operation.access,
            contract: contract::hash(api, operation),
            method: operation.method.clone(),
            path: operation.path.clone(),
            operation_id: operation.operation_id.clone(),
        };
        let mut tools: Vec<Locked> = api.operations.iter().map(locked).collect();
        tools.sort_by(|a, b| a.tool.cmp(&b.tool));
        Lock { tools }
    }

    /// Reads the lock of the crate in `out`; an empty one where there is none.
    ///
    /// # Errors
    /// Where the file cannot be read, or a line has another form.
    pub fn read(out: &Path) -> Result<Lock, LockError> {
        match Lock::load(&out.join(LOCK)) {
            Err(LockError::Io { source, .. })
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Ok(Lock::default())
            }
            read => read,
        }
    }

    /// Reads the lock in a file.
    ///
    /// # Errors
    /// Where the file cannot be read, or a line has another form.
    pub fn load(path: &Path) -> Result<Lock, LockError> {
        let text = fs::read_to_string(path).map_err(|source| LockError::Io {
            path: path.to_owned(),
            source,
        })?;
        Lock::parse(path, &text)
    }

    /// Reads the text of a lock; `path` is the name of its file.
    ///
    /// # Errors
    /// Where a line has another form.
    pub fn parse(path: &Path, text: &str) -> Result<Lock, LockError> {
        let mut lock = Lock::default();
        for (index, line) in text.lines().enumerate() {
            let wrong = |message: &str| LockError::Line {
                path: path.to_owned(),
                line: index + 1,
                message: message.to_owned(),
            };
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            if line.starts_with("<<<<<<<") || line.starts_with("=======") {
                return Err(wrong("a merge was not finished"));
            }
            let words: Vec<&str> = line.split(' ').collect();
            let [tool, access, contract, method, path, operation_id] = words.as_slice() else {
                return Err(wrong("it does not have six words"));
            };
            let access = match *access {
                "read" => Access::Read,
                "write" => Access::Write,
                _ => return Err(wrong("the second word is neither `read` nor `write`")),
            };
            let text = |word: &str| percent_decode_str(word).decode_utf8_lossy().into_owned();
            lock.tools.push(Locked {
                tool: (*tool).to_owned(),
                access,
                contract: (*contract).to_owned(),
                method: text(method),
                path: text(path),
                operation_id: (*operation_id != NONE).then(|| text(operation_id)),
            });
        }
        lock.tools.sort_by(|a, b| a.tool.cmp(&b.tool));
        Ok(lock)
    }

    /// The text of the file.
    pub fn text(&self) -> String {
        let mut text = HEADER.to_owned();
        for locked in &self.tools {
            let access = match locked.access {
                Access::Read => "read",
                Access::Write => "write",
            };
            let operation_id = match locked.operation_id.as_deref() {
                None => NONE.to_owned(),
                Some(NONE) => "%2D".to_owned(),
                Some(id) => escaped(id),
            };
            text.push_str(&format!(
                "{} {access} {} {} {} {operation_id}\n",
                locked.tool,
                locked.contract,
                escaped(&locked.method),
                escaped(&locked.path),
            ));
        }
        text
    }
}

fn escaped(text: &str) -> String {
    let escaped = utf8_percent_encode(text, ESCAPED).to_string();
    match escaped.is_empty() {
        // An empty word would not be one.
        true => "%00".to_owned(),
        false => escaped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(tool: &str, path: &str, operation_id: Option<&str>) -> Locked {
        Locked {
            tool: tool.to_owned(),
            access: Access::Write,
            contract: "0123".to_owned(),
            method: "POST".to_owned(),
            path: path.to_owned(),
            operation_id: operation_id.map(str::to_owned),
        }
    }

    #[test]
    fn text_of_a_lock_is_read_as_the_same_lock() {
        let lock = Lock {
            tools: vec![
                locked("a", "/a b/100%/\n", Some("-")),
                locked("b", "/Fn(x='{x}')", Some("list pets")),
                locked("c", "/ä", None),
            ],
        };
        let read = Lock::parse(Path::new(LOCK), &lock.text()).unwrap();
        assert_eq!(read, lock);
    }

    #[test]
    fn line_of_another_form_is_an_error_that_names_it() {
        for (line, expected) in [
            (
                "a read 0123 GET",
                "tools.lock:3: it does not have six words",
            ),
            ("a all 0123 GET /a -", "neither `read` nor `write`"),
            ("<<<<<<< HEAD", "a merge was not finished"),
        ] {
            let text = format!("{HEADER}{line}\n");
            let error = Lock::parse(Path::new(LOCK), &text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
