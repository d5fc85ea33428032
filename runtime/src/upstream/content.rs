//! What bytes are, by media type and by looking.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mime::Mime;

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
        Kind::Text | Kind::Form | Kind::JsonLines | Kind::Binary if is_json(media_type, bytes) => {
            Kind::Json
        }
        Kind::Binary if unlabelled && is_text(bytes) => Kind::Text,
        kind => kind,
    }
}

/// Whether bytes are a JSON object or array, whole. A lone number or word is too short to decide.
fn is_json(media_type: &str, bytes: &[u8]) -> bool {
    fn whole(bytes: &[u8]) -> bool {
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(first, Some(b'{' | b'['))
            && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
    }
    match encoding(media_type, bytes) {
        Some(encoding) if !encoding.is_ascii_compatible() => {
            whole(text(media_type, bytes).as_bytes())
        }
        _ => whole(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    Encoding::for_bom(bytes).is_some() || std::str::from_utf8(bytes).is_ok()
}

/// The charset that a byte order mark or the media type names.
fn encoding(media_type: &str, bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding);
    }
    let mime = media_type.parse::<Mime>().ok()?;
    let charset = mime.get_param(mime::CHARSET)?;
    Encoding::for_label(charset.as_str().as_bytes())
}

/// Bytes as text: in the charset a byte order mark or the media type names; else in UTF-8, and
/// where they are not valid UTF-8, in windows-1252, which is what browsers read then and holds
/// every character of ISO-8859-1.
pub(super) fn text<'b>(media_type: &str, bytes: &'b [u8]) -> Cow<'b, str> {
    let valid = |bytes| std::str::from_utf8(bytes).is_ok();
    let encoding = match encoding(media_type, bytes) {
        Some(encoding) => encoding,
        None if valid(bytes) => UTF_8,
        None => WINDOWS_1252,
    };
    let (text, ..) = encoding.decode(bytes);
    text
}

/// The beginning of a text in UTF-8 without the half of a character that a cut left at its end.
pub(super) fn without_broken_end(bytes: &[u8]) -> &[u8] {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => {
            bytes.get(..error.valid_up_to()).unwrap_or(bytes)
        }
        _ => bytes,
    }
}
