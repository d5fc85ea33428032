//! Why there is no description.

use std::path::{Path, PathBuf};

/// Why a file contains no description.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says, or what the file is instead.
        reason: String,
    },
    /// The text is neither JSON nor YAML.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What the parser found.
        message: String,
    },
    /// An overlay cannot be applied.
    #[error("{}:{line}: {message}", path.display())]
    Overlay {
        /// The overlay's file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong with it, and what would be right.
        message: String,
    },
    /// The text is no OpenAPI description, or of a version that is not read.
    #[error("{}: {message}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// What it is instead, and what would be right.
        message: String,
    },
}

impl ReadError {
    /// The file that it is about.
    pub fn path(&self) -> &Path {
        match self {
            ReadError::File { path, .. }
            | ReadError::Syntax { path, .. }
            | ReadError::Overlay { path, .. }
            | ReadError::Version { path, .. } => path,
        }
    }

    /// The same error about the file as `name` calls it.
    pub(crate) fn renamed(mut self, name: impl FnOnce(&Path) -> PathBuf) -> ReadError {
        match &mut self {
            ReadError::File { path, .. }
            | ReadError::Syntax { path, .. }
            | ReadError::Overlay { path, .. }
            | ReadError::Version { path, .. } => *path = name(path),
        }
        self
    }

    /// The line in the file, from 1, where known.
    pub fn line(&self) -> Option<usize> {
        match self {
            ReadError::Syntax { line, .. } | ReadError::Overlay { line, .. } => Some(*line),
            ReadError::File { .. } | ReadError::Version { .. } => None,
        }
    }

    /// The error without its place.
    pub fn reason(&self) -> String {
        match self {
            ReadError::File { reason, .. } => format!("the file cannot be read: {reason}"),
            ReadError::Syntax { message, .. }
            | ReadError::Overlay { message, .. }
            | ReadError::Version { message, .. } => message.clone(),
        }
    }
}
