//! Answers that clients can read: a large one is divided into parts, of which each call returns one.

mod cut;
mod fields;
mod kept;
mod list;
mod part;
mod size;
mod split;

pub(super) use fields::{Absent, FIELDS, Fields};
pub(crate) use kept::Keeper;
pub(super) use kept::{CURSOR, Continued, SealedAnswer, arguments};
pub(super) use part::{After, Part, PartContent};
pub(super) use size::{escaped, length, size};
pub(super) use split::{Division, divide};

/// How much of an answer clients receive at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnswerLimits {
    /// The most tokens of each view of an answer. Four bytes count as one.
    pub(crate) tokens: usize,
    /// The most characters of both views together.
    pub(crate) characters: usize,
}

/// How many bytes count as a token.
const BYTES_PER_TOKEN: usize = 4;

impl AnswerLimits {
    /// Returns the most bytes of each of so many views.
    pub(super) fn view(self, views: usize) -> usize {
        let tokens = self.tokens.saturating_mul(BYTES_PER_TOKEN);
        tokens.min(self.characters / views.max(1))
    }
}
