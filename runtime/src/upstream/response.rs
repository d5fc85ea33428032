//! What the API answered, as data.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

/// A successful answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What it says.
    pub body: Body,
    /// The API's own id of the request.
    pub upstream_request_id: Option<String>,
    /// What is missing from the body, where it was longer than allowed or broke off.
    pub truncated: Option<Truncation>,
}

/// The body of an answer, by kind of content.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// There is none.
    Empty,
    /// JSON; numbers as the API wrote them. Lines of JSON are an array.
    Json(Value),
    /// Text of any other kind.
    Text(String),
    /// An image.
    Image {
        /// Its media type.
        media_type: String,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Sound.
    Audio {
        /// Its media type.
        media_type: String,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Anything else.
    Binary {
        /// Its media type.
        media_type: String,
        /// Its bytes.
        bytes: Bytes,
    },
}

/// How much of an answer is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncation {
    /// Bytes that are there.
    pub received: u64,
    /// Bytes that are missing, where the API told the length.
    pub missing: Option<u64>,
}

impl fmt::Display for Truncation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let received = self.received;
        match self.missing {
            Some(missing) => write!(
                formatter,
                "The answer was cut: its first {received} bytes are given, {missing} bytes are missing."
            ),
            None => write!(
                formatter,
                "The answer was cut: its first {received} bytes are given, an unknown number is missing."
            ),
        }
    }
}
