//! A part of an answer, as much as a client can read at once.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A part of an answer.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::call) struct Part {
    /// HTTP status of the answer.
    pub(in crate::call) status: u16,
    pub(in crate::call) content: PartContent,
    /// Which part of a list or a text it is; none of an answer that was only cut.
    pub(in crate::call) span: Option<Span>,
    /// What in it was cut, as a sentence and as data.
    pub(in crate::call) cuts: Option<(String, Value)>,
    pub(in crate::call) after: After,
}

/// The content of a part.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::call) enum PartContent {
    Json(Value),
    Text(String),
}

/// Which part of a list or a text this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::call) struct Span {
    /// The JSON pointer of the list; none where it is a text.
    pub(in crate::call) list: Option<String>,
    /// The place of the first item or character, counted from 1.
    pub(in crate::call) from: usize,
    /// The place of the last one.
    pub(in crate::call) to: usize,
    /// How many there are in all.
    pub(in crate::call) of: usize,
}

/// What follows a part.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::call) enum After {
    /// Another part.
    Part,
    /// Nothing more of this answer; the API may have a next page, which takes these arguments.
    #[default]
    Nothing,
    Page(Map<String, Value>),
    /// So many items or characters that are not kept.
    Lost(usize),
}
