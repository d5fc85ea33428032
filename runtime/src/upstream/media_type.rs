//! What a media type says of its content, in requests and answers alike.

pub(super) use crate::media_type::essence;

/// Kinds of content that are written and read in different ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON, or a format with its suffix (RFC 6839).
    Json,
    /// One JSON text a line.
    JsonLines,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Parts between boundaries.
    Multipart,
    /// XML, YAML and whatever else people can read.
    Text,
    /// A picture that is no text.
    Image,
    /// Sound.
    Audio,
    /// Anything else.
    Binary,
}

/// The kind of a media type.
pub(super) fn kind(media_type: &str) -> Kind {
    let essence = essence(media_type);
    let (main, subtype) = essence.split_once('/').unwrap_or((&essence, ""));
    match (main, subtype) {
        ("application" | "text", "json") => Kind::Json,
        ("application", "x-www-form-urlencoded") => Kind::Form,
        ("multipart", _) => Kind::Multipart,
        (_, "json-seq" | "json-lines" | "json-l") => Kind::JsonLines,
        _ if subtype.contains("ndjson") || subtype.contains("jsonl") => Kind::JsonLines,
        _ if subtype.ends_with("+json") => Kind::Json,
        (_, "xml" | "graphql" | "javascript" | "toml" | "sql") => Kind::Text,
        _ if subtype.ends_with("+xml") || subtype.contains("yaml") => Kind::Text,
        ("text", _) => Kind::Text,
        ("image", _) => Kind::Image,
        ("audio", _) => Kind::Audio,
        _ => Kind::Binary,
    }
}

/// Whether a media type is JSON.
pub(super) fn is_json(media_type: &str) -> bool {
    kind(media_type) == Kind::Json
}
