//! What bytes are, by media type and by looking.

use encoding_rs::{Encoding, UTF_8};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mime::Mime;
use serde_json::Value;

/// Kinds of content that answers are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    /// One JSON text a line.
    Lines,
    Text,
    Image,
    Audio,
    Binary,
}

/// The `Content-Type`, or the empty text.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_owned()
}

/// What the content is. Text and unlabelled bytes that are a JSON object or array are JSON.
pub(super) fn kind(media_type: &str, bytes: &[u8]) -> Kind {
    let labelled = labelled(media_type);
    match labelled {
        Some(Kind::Text | Kind::Binary) | None if is_json(bytes) => Kind::Json,
        Some(kind) => kind,
        None if std::str::from_utf8(bytes).is_ok() => Kind::Text,
        None => Kind::Binary,
    }
}

/// What a media type says. `None`: it says nothing.
fn labelled(media_type: &str) -> Option<Kind> {
    let mime: Mime = media_type.parse().ok()?;
    let essence = mime.essence_str().to_ascii_lowercase();
    let suffix = mime
        .suffix()
        .map(|suffix| suffix.as_str().to_ascii_lowercase());
    Some(match (essence.as_str(), suffix.as_deref()) {
        ("application/json" | "text/json", _) | (_, Some("json")) => Kind::Json,
        (
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/json-lines"
            | "application/json-seq",
            _,
        ) => Kind::Lines,
        (
            "application/xml"
            | "application/yaml"
            | "application/x-yaml"
            | "application/graphql"
            | "application/javascript"
            | "application/toml"
            | "application/sql"
            | "application/x-www-form-urlencoded",
            _,
        )
        | (_, Some("xml" | "yaml")) => Kind::Text,
        ("application/octet-stream" | "binary/octet-stream", _) => return None,
        (essence, _) => match essence.split('/').next() {
            Some("text") => Kind::Text,
            Some("image") => Kind::Image,
            Some("audio") => Kind::Audio,
            _ => Kind::Binary,
        },
    })
}

/// Whether bytes are a JSON object or array, whole. A lone number or word is too short to tell.
fn is_json(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
        && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

/// Bytes as text: in the charset a byte order mark or the media type names, else UTF-8. What is
/// not valid becomes U+FFFD.
pub(super) fn text(media_type: &str, bytes: &[u8]) -> String {
    let encoding = media_type
        .parse::<Mime>()
        .ok()
        .and_then(|mime| {
            let charset = mime.get_param(mime::CHARSET)?;
            Encoding::for_label(charset.as_str().as_bytes())
        })
        .unwrap_or(UTF_8);
    let (text, ..) = encoding.decode(bytes);
    text.into_owned()
}

/// The JSON texts of lines. `None`: they are none. The last line of content that was `cut` may be
/// broken and is left out.
pub(super) fn json_lines(text: &str, cut: bool) -> Option<Vec<Value>> {
    let lines: Vec<&str> = text
        .split(['\n', '\u{1e}'])
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let mut items = Vec::with_capacity(lines.len());
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str(line) {
            Ok(item) => items.push(item),
            Err(_) if cut && index + 1 == lines.len() => {}
            Err(_) => return None,
        }
    }
    Some(items)
}
