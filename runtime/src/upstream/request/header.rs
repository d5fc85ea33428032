//! Header fields: values that parameters give, what the answer may be, and cookies.

use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use serde_json::Value;

use super::escape::Escape;
use super::style::Rule;
use super::{RequestError, content_text};
use crate::operation::{Operation, Parameter, Style};

/// Fields that belong to the connection, the body or the credential: no argument sets them. The
/// generator makes none of them an argument.
static RESERVED: [HeaderName; 16] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The field of a header parameter. `None`: its value is undefined.
///
/// Values are not percent-encoded. Characters outside ASCII travel as UTF-8 (`obs-text` of
/// RFC 9110 §5.5).
pub(super) fn field(
    parameter: &Parameter,
    value: &Value,
) -> Result<Option<(HeaderName, HeaderValue)>, RequestError> {
    let name = HeaderName::from_bytes(parameter.name.as_bytes()).map_err(|_| {
        RequestError::Description(format!("{:?} is no header name", parameter.name))
    })?;
    if RESERVED.contains(&name) {
        return Err(RequestError::Description(format!(
            "the header `{name}` is not a caller's to set"
        )));
    }
    let text = match parameter.content {
        Some(media_type) => Some(content_text(media_type, value)),
        None => Rule {
            name: parameter.name,
            style: parameter.style,
            explode: parameter.explode,
            item_styles: parameter.item_styles,
            escape: Escape::None,
        }
        .expand(value)
        .map_err(|message| RequestError::argument(parameter.argument, &message))?,
    };
    let Some(text) = text else { return Ok(None) };
    if text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']) {
        return Err(RequestError::argument(
            parameter.argument,
            "may neither begin nor end with a space: it is a header field",
        ));
    }
    let value = HeaderValue::from_bytes(text.as_bytes()).map_err(|_| {
        RequestError::argument(
            parameter.argument,
            "may not contain line breaks or control characters: it is a header field",
        )
    })?;
    Ok(Some((name, value)))
}

/// The pairs of a cookie parameter: percent-encoded in the style `form`, as they are in the style
/// `cookie`. Exploded values are cookies of their own (RFC 6265 §4.2.1).
pub(super) fn cookies(
    parameter: &Parameter,
    value: &Value,
) -> Result<Vec<(String, String)>, RequestError> {
    if let Some(media_type) = parameter.content {
        let text = Escape::Percent.apply(&content_text(media_type, value));
        return Ok(vec![(super::escape::percent(parameter.name), text)]);
    }
    let as_it_is = parameter.style == Style::Cookie;
    let escape = match (as_it_is, parameter.allow_reserved) {
        (true, _) => Escape::None,
        (false, true) => Escape::KeepReservedInCookie,
        (false, false) => Escape::Percent,
    };
    let pairs = Rule {
        name: parameter.name,
        style: parameter.style,
        explode: parameter.explode,
        item_styles: parameter.item_styles,
        escape,
    }
    .pairs(value)
    .map_err(|message| RequestError::argument(parameter.argument, &message))?;
    let fits = |(name, value): &(String, String)| {
        let name_fits = !name.contains('=') && name.chars().all(is_cookie_octet);
        // Commas separate the items of a list that is not exploded.
        name_fits && value.chars().all(|c| c == ',' || is_cookie_octet(c))
    };
    if as_it_is && !pairs.iter().all(fits) {
        return Err(RequestError::argument(
            parameter.argument,
            "may hold no spaces, quotes, `;` or `\\`, nor characters outside ASCII: it is a \
             cookie, which the API takes as it is; give them percent-encoded",
        ));
    }
    Ok(pairs)
}

/// What may be in a cookie (RFC 6265 §4.1.1).
fn is_cookie_octet(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | ',' | ';' | '\\')
}

/// What the answer may be; anything, where the operation names what no header can hold.
pub(super) fn accept(operation: &Operation) -> HeaderValue {
    let accept = Bytes::from_static(operation.accept.as_bytes());
    HeaderValue::from_maybe_shared(accept).unwrap_or(HeaderValue::from_static("*/*"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TRACE: Parameter = Parameter::header("X-Trace");

    #[test]
    fn line_breaks_and_control_characters_are_refused_by_name() {
        for value in ["a\r\nX-Admin: 1", "a\nb", "a\0b", "a\u{7f}", " a", "a\t"] {
            let error = field(&TRACE, &json!(value)).unwrap_err();
            assert!(error.to_string().contains("X-Trace"), "{value:?}");
        }
    }

    #[test]
    fn text_outside_ascii_travels_as_utf_8() {
        let (_, value) = field(&TRACE, &json!("é")).unwrap().unwrap();
        assert_eq!(value.as_bytes(), "é".as_bytes());
    }

    #[test]
    fn arrays_and_objects_are_lists() {
        let (_, value) = field(&TRACE, &json!(["a", 1])).unwrap().unwrap();
        assert_eq!(value, "a,1");
        let exploded = Parameter {
            explode: true,
            ..TRACE
        };
        let (_, value) = field(&exploded, &json!({"a": 1, "b": 2})).unwrap().unwrap();
        assert_eq!(value, "a=1,b=2");
    }

    #[test]
    fn fields_that_frame_the_message_are_not_the_callers() {
        for name in [
            "Host",
            "content-length",
            "Authorization",
            "Keep-Alive",
            "Transfer-Encoding",
        ] {
            assert!(
                matches!(
                    field(&Parameter::header(name), &json!("x")),
                    Err(RequestError::Description(_))
                ),
                "{name}"
            );
        }
    }

    #[test]
    fn cookies_are_percent_encoded() {
        let pairs = cookies(&Parameter::cookie("c"), &json!(["a;b", "c"])).unwrap();
        assert_eq!(
            pairs,
            [
                ("c".to_owned(), "a%3Bb".to_owned()),
                ("c".to_owned(), "c".to_owned())
            ]
        );
    }
}
