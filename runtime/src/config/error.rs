//! What is wrong with a configuration.

use std::fmt;
use std::path::{Path, PathBuf};

use super::position::Positions;

/// Why a configuration cannot be used: `connector.toml:3: server.listen: …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: Option<PathBuf>,
    line: Option<usize>,
    key: Option<String>,
    message: String,
}

impl ConfigError {
    /// An error of one key, its parts separated by dots. `message` says what is wrong with its value,
    /// and what would be right.
    pub(crate) fn new(key: impl Into<String>, message: impl Into<String>) -> ConfigError {
        ConfigError {
            file: None,
            line: None,
            key: Some(key.into()),
            message: message.into(),
        }
    }

    /// An error of a file, at a line of it where one is known.
    pub(super) fn of_file(file: &Path, line: Option<usize>, message: String) -> ConfigError {
        ConfigError {
            file: Some(file.to_owned()),
            line,
            key: None,
            message,
        }
    }

    /// The same error about a key.
    pub(super) fn about(self, key: Option<String>) -> ConfigError {
        ConfigError { key, ..self }
    }

    /// The same error with the file, and the line of its key or of the table around it.
    pub(crate) fn located(self, positions: Option<&Positions>) -> ConfigError {
        let Some(positions) = positions else {
            return self;
        };
        let line = self.key.as_deref().and_then(|key| positions.line(key));
        ConfigError {
            file: Some(positions.file().to_owned()),
            line: self.line.or(line),
            ..self
        }
    }

    /// The key that is wrong or missing, its parts separated by dots. `None` where the file cannot be
    /// read or is not TOML.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// What is wrong, and what would be right.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(formatter, "{}", file.display())?;
            if let Some(line) = self.line {
                write!(formatter, ":{line}")?;
            }
            formatter.write_str(": ")?;
        }
        if let Some(key) = &self.key {
            write!(formatter, "{key}: ")?;
        }
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
