//! What the API answered, as data.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::content;
use super::media_type::Kind;
use crate::http::{Cut, CutCause, Incoming};

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
    /// Why it is not there.
    pub cause: TruncationCause,
    /// Bytes that are there, after decompression.
    pub received: u64,
    /// Bytes that are missing, where the API told the length.
    pub missing: Option<u64>,
}

/// Why an answer is not there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncationCause {
    /// It is longer than `max_response_bytes`.
    Limit,
    /// It took longer than `timeout_seconds`.
    Time,
    /// The connection broke.
    Broken,
}

impl fmt::Display for Truncation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.cause {
            TruncationCause::Limit => "is longer than this server reads",
            TruncationCause::Time => "did not end in time",
            TruncationCause::Broken => "broke off",
        };
        let received = self.received;
        write!(
            formatter,
            "The answer {why}: these are its first {received} bytes, "
        )?;
        match self.missing {
            Some(missing) => write!(formatter, "{missing} bytes are missing."),
            None => formatter.write_str("an unknown number of bytes is missing."),
        }
    }
}

impl Truncation {
    pub(super) fn new(cut: Cut, received: usize) -> Truncation {
        Truncation {
            cause: match cut.cause {
                CutCause::Limit => TruncationCause::Limit,
                CutCause::Time => TruncationCause::Time,
                CutCause::Broken => TruncationCause::Broken,
            },
            received: received as u64,
            missing: cut.missing,
        }
    }
}

/// Reads the body of an answer by what it is, which its header says and its content may correct:
/// JSON is JSON under any header of text.
pub(super) fn body(incoming: &Incoming) -> Body {
    let bytes = &incoming.body;
    if bytes.is_empty() {
        return Body::Empty;
    }
    let media_type = content::media_type(&incoming.headers);
    let cut = incoming.cut.is_some();
    let kind = content::kind(&media_type, bytes);
    match kind {
        Kind::Json => json(&media_type, bytes),
        Kind::JsonLines => match content::json_lines(&content::text(&media_type, bytes), cut) {
            Some(items) => Body::Json(Value::Array(items)),
            None => Body::Text(content::text(&media_type, bytes)),
        },
        Kind::Text | Kind::Form => Body::Text(content::text(&media_type, bytes)),
        Kind::Image | Kind::Audio | Kind::Multipart | Kind::Binary => {
            let (media_type, bytes) = (media_type, bytes.clone());
            match kind {
                Kind::Image => Body::Image { media_type, bytes },
                Kind::Audio => Body::Audio { media_type, bytes },
                _ => Body::Binary { media_type, bytes },
            }
        }
    }
}

/// JSON as data; what is not valid JSON, such as an answer that was cut, as the text it is.
fn json(media_type: &str, bytes: &Bytes) -> Body {
    let text = content::text(media_type, bytes);
    match serde_json::from_str(&text) {
        Ok(value) => Body::Json(value),
        Err(_) => Body::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode};
    use serde_json::json;

    use super::*;

    fn read(content_type: &'static str, bytes: &'static [u8]) -> Body {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert("content-type", HeaderValue::from_static(content_type));
        }
        body(&Incoming {
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(bytes),
            cut: None,
        })
    }

    #[test]
    fn json_is_recognised_by_content() {
        for content_type in [
            "",
            "application/json",
            "text/plain",
            "application/hal+json",
            "application/octet-stream",
        ] {
            assert_eq!(
                read(content_type, b" {\"a\":1}"),
                Body::Json(json!({"a": 1})),
                "{content_type}"
            );
        }
    }

    #[test]
    fn text_that_only_begins_like_json_stays_text() {
        assert_eq!(
            read("text/plain", b"[draft] a"),
            Body::Text("[draft] a".to_owned())
        );
        assert_eq!(read("text/plain", b"42"), Body::Text("42".to_owned()));
        assert_eq!(
            read("application/json", b"{\"a\":"),
            Body::Text("{\"a\":".to_owned())
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        assert_eq!(
            read("application/json", b"\xef\xbb\xbf[1]"),
            Body::Json(json!([1]))
        );
    }

    #[test]
    fn numbers_stay_as_written() {
        let Body::Json(value) = read("application/json", b"[12345678901234567890123,1.10]") else {
            unreachable!("it is JSON");
        };
        assert_eq!(value.to_string(), "[12345678901234567890123,1.10]");
    }

    #[test]
    fn other_charsets_are_decoded() {
        assert_eq!(
            read("text/plain; charset=ISO-8859-1", b"caf\xe9"),
            Body::Text("café".to_owned())
        );
        assert_eq!(
            read("application/json; charset=\"windows-1252\"", b"[\"\x80\"]"),
            Body::Json(json!(["€"]))
        );
    }

    #[test]
    fn lines_of_json_are_an_array() {
        assert_eq!(
            read("application/x-ndjson", b"{\"a\":1}\n\n2\n"),
            Body::Json(json!([{"a": 1}, 2]))
        );
        assert_eq!(
            read("application/x-ndjson", b"a\n"),
            Body::Text("a\n".to_owned())
        );
    }

    #[test]
    fn media_are_told_by_their_type() {
        assert!(
            matches!(read("image/png", b"\x89PNG"), Body::Image { media_type, .. } if media_type == "image/png")
        );
        assert!(matches!(read("audio/wav", b"RIFF"), Body::Audio { .. }));
        assert!(matches!(
            read("application/pdf", b"%PDF"),
            Body::Binary { .. }
        ));
        assert!(matches!(read("image/svg+xml", b"<svg/>"), Body::Text(_)));
        assert!(matches!(read("", b"\xff\x00"), Body::Binary { .. }));
    }

    #[test]
    fn nothing_is_empty() {
        assert_eq!(read("application/json", b""), Body::Empty);
    }
}
