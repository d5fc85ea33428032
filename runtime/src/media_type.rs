//! Media types (RFC 9110 §8.3.1), in as far as all rooms read them.

use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// A media type without its parameters, in lower case.
pub(crate) fn essence(media_type: &str) -> String {
    let essence = media_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// Whether the content that comes with these headers is of a media type.
pub(crate) fn is(headers: &HeaderMap, media_type: &str) -> bool {
    let said = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    said.is_some_and(|said| essence(said) == media_type)
}

/// What forms are sent as.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// What pages are sent as.
pub(crate) const HTML: &str = "text/html";
/// What JSON is sent as.
pub(crate) const JSON: &str = "application/json";
