//! What the API answered, as data.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_RANGE;
use serde_json::{Map, Value};

use super::media_type::{self, Kind};
use super::{content, stream};
use crate::capacity::{Account, Room, Size, memory};
use crate::credential::{Edges, Redactor};
use crate::http::{Cut, CutCause, Incoming};
use crate::json::{self, Exceeded};
use crate::offload;

/// A successful answer of the API.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// What it says.
    pub body: Body,
    /// The header fields that carry meaning, in order.
    pub fields: Vec<(String, String)>,
    /// The arguments of the next page (`Link`, RFC 8288), where the operation can take them. A
    /// value is text where the link has it.
    pub next_page: Option<Map<String, Value>>,
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
    /// What is counted.
    pub unit: Unit,
    /// How much is there.
    pub received: u64,
    /// How much is missing, where that is known.
    pub missing: Option<u64>,
}

/// Why an answer is not there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TruncationCause {
    /// It is longer than `max_response_bytes` or `max_stream_items`.
    Limit,
    /// It holds more values than `max_response_nodes`.
    Values,
    /// It took longer than `timeout_seconds` or `stream_seconds`.
    Time,
    /// The connection broke.
    Broken,
}

/// What the length of an answer is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, after decompression.
    Bytes,
    /// Items of a sequence: events, or JSON texts.
    Items,
}

impl fmt::Display for Truncation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.cause {
            TruncationCause::Limit => "is longer than this server reads",
            TruncationCause::Values => "holds more JSON values than this server takes",
            TruncationCause::Time => "did not end in time",
            TruncationCause::Broken => "broke off",
        };
        let unit = match self.unit {
            Unit::Bytes => "bytes",
            Unit::Items => "items",
        };
        let received = self.received;
        write!(
            formatter,
            "The answer {why}: these are its first {received} {unit}, "
        )?;
        match self.missing {
            Some(missing) => write!(formatter, "{missing} {unit} are missing.")?,
            None => write!(formatter, "an unknown number of {unit} is missing.")?,
        }
        match self.cause {
            TruncationCause::Limit | TruncationCause::Values => formatter.write_str(
                " Ask for less at once, by a page, a filter or a shorter span, where the tool has one.",
            ),
            TruncationCause::Time | TruncationCause::Broken => Ok(()),
        }
    }
}

impl Truncation {
    fn new(cut: Cut, unit: Unit, received: usize) -> Truncation {
        Truncation {
            cause: match cut.cause {
                CutCause::Limit => TruncationCause::Limit,
                CutCause::Time => TruncationCause::Time,
                CutCause::Broken => TruncationCause::Broken,
            },
            unit,
            received: received as u64,
            missing: match unit {
                Unit::Bytes => cut.missing,
                Unit::Items => None,
            },
        }
    }
}

/// How much of an answer is made use of.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResponseLimits {
    /// Values of JSON, each name of a member as one more.
    pub(super) values: usize,
    /// Items of a sequence.
    pub(super) items: usize,
}

/// Reads the body of an answer by what it is, which its header says and its content may correct:
/// JSON is JSON under any header of text. Of more than `limits` allow, the beginning is kept. Secrets
/// are marked, in whatever the body is, before anything is cut off.
pub(super) fn read(
    incoming: &Incoming,
    limits: ResponseLimits,
    redactor: &Redactor,
) -> (Body, Option<Truncation>) {
    let media_type = content::media_type(&incoming.headers);
    if let Some(sequence) = sequence(&media_type, incoming, limits, redactor) {
        return sequence;
    }
    let received = incoming.body.len();
    let cut = incoming.cut;
    let truncation = cut.map(|cut| Truncation::new(cut, Unit::Bytes, received));
    let (body, surplus) = body(media_type, incoming, limits, redactor);
    (body, surplus.or(truncation))
}

/// Waits for the room that an answer takes, where it is large.
pub(super) async fn room(
    incoming: &Incoming,
    max_values: usize,
    account: &Account,
) -> Option<Room> {
    let bytes = incoming.body.len();
    if bytes <= memory::SMALL_BYTES {
        return None;
    }
    // The bytes of text that is not UTF-8 show nothing, so the largest possible number of values counts.
    let count = || match std::str::from_utf8(&incoming.body) {
        Ok(text) => json::count_values(text.as_bytes(), max_values).unwrap_or(max_values),
        Err(_) => max_values.min(bytes),
    };
    let size = Size {
        bytes,
        values: offload::run(bytes > memory::FREE, count),
    };
    match size.is_large() {
        true => account.room_for_answer(size).await,
        false => None,
    }
}

/// An answer that is a sequence of items, as the array of these.
fn sequence(
    media_type: &str,
    incoming: &Incoming,
    limits: ResponseLimits,
    redactor: &Redactor,
) -> Option<(Body, Option<Truncation>)> {
    let cut = incoming.cut;
    let nothing = incoming.body.is_empty() && cut.is_none();
    if nothing || !stream::is_sequence(media_type) {
        return None;
    }
    let text = stream::text(media_type, &incoming.body);
    let stream::Items {
        mut items,
        surplus,
        too_many_values,
    } = stream::items(media_type, &text, cut.is_some(), limits)?;
    if redactor.finds(text.as_bytes()) {
        items.iter_mut().for_each(|item| redactor.value(item));
    }
    let truncated = match surplus {
        0 => cut.map(|cut| Truncation::new(cut, Unit::Items, items.len())),
        surplus => Some(Truncation {
            cause: match too_many_values {
                true => TruncationCause::Values,
                false => TruncationCause::Limit,
            },
            unit: Unit::Items,
            received: items.len() as u64,
            missing: cut.is_none().then_some(surplus as u64),
        }),
    };
    Some((Body::Json(Value::Array(items)), truncated))
}

/// The body of an answer, and how much was left out because it holds too many values.
fn body(
    media_type: String,
    incoming: &Incoming,
    limits: ResponseLimits,
    redactor: &Redactor,
) -> (Body, Option<Truncation>) {
    let bytes = match incoming.cut {
        Some(_) => content::without_broken_end(&incoming.body),
        None => &incoming.body,
    };
    if bytes.is_empty() {
        return (Body::Empty, None);
    }
    let edges = edges(incoming);
    let kind = content::kind(&media_type, bytes);
    let (media_type, bytes) = match kind {
        Kind::Json => {
            let text = content::text(&media_type, bytes);
            return match holds_more(&text, limits.values) {
                true => beginning(&redactor.text(text, edges), incoming, limits.values),
                false => (json(text, edges, redactor), None),
            };
        }
        Kind::Text | Kind::Form | Kind::JsonLines => {
            let text = redactor.text(content::text(&media_type, bytes), edges);
            return (Body::Text(text.into_owned()), None);
        }
        Kind::Image | Kind::Audio => (media_type::essence(&media_type), &incoming.body),
        Kind::Multipart | Kind::Binary => (media_type, &incoming.body),
    };
    let bytes = redactor.bytes(bytes, edges);
    let body = match kind {
        Kind::Image => Body::Image { media_type, bytes },
        Kind::Audio => Body::Audio { media_type, bytes },
        _ if media_type.is_empty() => Body::Binary {
            media_type: mime::APPLICATION_OCTET_STREAM.to_string(),
            bytes,
        },
        _ => Body::Binary { media_type, bytes },
    };
    (body, None)
}

fn holds_more(text: &str, max_values: usize) -> bool {
    text.len() > max_values && too_many(text, max_values).is_some()
}

/// Where the first value too many begins.
fn too_many(text: &str, max_values: usize) -> Option<usize> {
    match json::count_values(text.as_bytes(), max_values) {
        Err(Exceeded::Values(end)) => Some(end),
        // What is nested too deep is no JSON for the parser.
        Ok(_) | Err(Exceeded::Depth) => None,
    }
}

/// Of JSON that holds too many values, the text up to these. Secrets in it are marked already, so
/// that none is cut in two.
fn beginning(text: &str, incoming: &Incoming, max_values: usize) -> (Body, Option<Truncation>) {
    let end = too_many(text, max_values).unwrap_or(text.len());
    let (beginning, rest) = text.split_at(text.floor_char_boundary(end));
    let missing = incoming.cut.map_or(Some(0), |cut| cut.missing);
    let truncation = Truncation {
        cause: TruncationCause::Values,
        unit: Unit::Bytes,
        received: beginning.len() as u64,
        missing: missing.map(|missing| missing + rest.len() as u64),
    };
    (Body::Text(beginning.to_owned()), Some(truncation))
}

/// JSON as data; what is not valid JSON, such as an answer that was cut, as the text it is.
fn json(text: Cow<'_, str>, edges: Edges, redactor: &Redactor) -> Body {
    match serde_json::from_str(&text) {
        // What was cut and is JSON all the same is a number, the rest of which may be missing.
        Ok(mut value) if edges == Edges::default() => {
            if redactor.finds(text.as_bytes()) {
                redactor.value(&mut value);
            }
            Body::Json(value)
        }
        _ => Body::Text(redactor.text(text, edges).into_owned()),
    }
}

/// Where a body may begin or end in the middle of something: where it was cut, and where it is a
/// part that the request asked for (RFC 9110 §15.3.7).
fn edges(incoming: &Incoming) -> Edges {
    let range = incoming.headers.get(CONTENT_RANGE);
    // Of a range of items, such as that of a page, each item is whole.
    let is_of_bytes = range.is_none_or(|range| range.as_bytes().starts_with(b"bytes"));
    let is_part = incoming.status == StatusCode::PARTIAL_CONTENT && is_of_bytes;
    Edges {
        begins_within: is_part,
        ends_within: is_part || incoming.cut.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;

    const LIMITS: ResponseLimits = ResponseLimits {
        values: 10,
        items: 10,
    };

    fn read(content_type: &'static str, bytes: &'static [u8]) -> Body {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert("content-type", HeaderValue::from_static(content_type));
        }
        let incoming = Incoming {
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(bytes),
            cut: None,
            room: None,
        };
        super::read(&incoming, LIMITS, &Redactor::new(Arc::default())).0
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
    fn a_byte_order_mark_identifies_utf_16() {
        let text = b"\xff\xfe[\x00\"\x00\xe9\x00\"\x00]\x00";
        for content_type in ["application/json", "text/plain", "application/octet-stream"] {
            assert_eq!(
                read(content_type, text),
                Body::Json(json!(["é"])),
                "{content_type}"
            );
        }
    }

    #[test]
    fn text_that_is_not_utf_8_and_names_no_charset_is_read_as_browsers_do() {
        assert_eq!(read("text/csv", b"caf\xe9"), Body::Text("café".to_owned()));
    }

    #[test]
    fn bytes_without_a_type_are_described_as_bytes() {
        let Body::Binary { media_type, .. } = read("", b"\xff\x00") else {
            unreachable!("it is no text");
        };
        assert_eq!(media_type, "application/octet-stream");
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
    fn media_are_described_by_their_type() {
        let image = read("image/PNG; a=b", b"\x89PNG");
        assert!(matches!(image, Body::Image { media_type, .. } if media_type == "image/png"));
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
