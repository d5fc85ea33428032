//! Failures of the store at moments that a test chooses.

use std::fmt::Debug;

/// Decides which requests to the store fail. A server outside of a test has none.
pub trait StoreFailures: Debug + Send + Sync {
    /// Returns how the next request to the store fails, or `None` where it is left alone.
    fn next(&self) -> Option<StoreFailure>;
}

/// How a request to the store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreFailure {
    /// It fails before anything is done.
    Refused,
    /// It is carried out, and its answer is lost: a connection breaks after the commit.
    AnswerLost,
}

impl StoreFailure {
    /// Returns the message of the error.
    pub(super) fn message(self) -> &'static str {
        match self {
            StoreFailure::Refused => "a test has it refuse",
            StoreFailure::AnswerLost => "a test has its answer lost",
        }
    }
}
