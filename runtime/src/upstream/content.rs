//! What bytes are, by media type and by looking.

use encoding_rs::{Encoding, UTF_8};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mime::Mime;
use serde_json::Value;

use super::media_type::{self, Kind};

/// The `Content-Type`, or the empty text.
pub(super) fn media_type(headers: &HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_owned()
}

/// What the content is. Text and bytes of no known kind that are a JSON object or array are JSON.
pub(super) fn kind(media_type: &str, bytes: &[u8]) -> Kind {
    let kind = media_type::kind(media_type);
    let unlabelled = matches!(
        media_type::essence(media_type).as_str(),
        "" | "application/octet-stream" | "binary/octet-stream"
    );
    match kind {
        Kind::Text | Kind::Form | Kind::Binary if is_json(bytes) => Kind::Json,
        Kind::Binary if unlabelled && std::str::from_utf8(bytes).is_ok() => Kind::Text,
        kind => kind,
    }
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
