//! The API's answer in mock mode: the example of its description.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::media_type::essence;
use crate::http::Incoming;
use crate::operation::Operation;

/// Files that are valid and as small as can be, by media type. An example in a description is
/// text, which none of these is; for a range, the first one is taken.
const FILES: &[(&str, &[u8])] = &[
    ("image/png", include_bytes!("example.png")),
    ("image/jpeg", include_bytes!("example.jpg")),
    ("image/gif", include_bytes!("example.gif")),
    (
        "image/svg+xml",
        br#"<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>"#,
    ),
    ("audio/wav", include_bytes!("example.wav")),
    ("audio/x-wav", include_bytes!("example.wav")),
    ("application/pdf", include_bytes!("example.pdf")),
    ("application/zip", include_bytes!("example.zip")),
];

/// The example of an operation as if the API had sent it; no content where there is none.
pub(super) fn answer(operation: &Operation) -> Incoming {
    let mut headers = HeaderMap::new();
    let Some(example) = operation.example else {
        return Incoming {
            status: StatusCode::NO_CONTENT,
            headers,
            body: Bytes::new(),
            cut: None,
            room: None,
        };
    };
    let (media_type, body) = match file(example.media_type) {
        Some(file) if !example.body.is_empty() => file,
        _ => (example.media_type, example.body.as_bytes()),
    };
    if let Ok(media_type) = HeaderValue::from_str(media_type)
        && !media_type.is_empty()
    {
        headers.insert(CONTENT_TYPE, media_type);
    }
    Incoming {
        status: StatusCode::from_u16(example.status).unwrap_or(StatusCode::OK),
        headers,
        body: Bytes::from_static(body),
        cut: None,
        room: None,
    }
}

/// A file of this media type, or of one in this range.
fn file(media_type: &str) -> Option<(&'static str, &'static [u8])> {
    let essence = essence(media_type);
    let wanted = |name: &str| match essence.strip_suffix('*') {
        Some("*/") | None => essence == name,
        Some(range) => name.starts_with(range),
    };
    FILES.iter().find(|(name, _)| wanted(name)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Example;

    fn answered(media_type: &'static str, body: &'static str) -> (String, Bytes) {
        let operation = Operation {
            example: Some(Example {
                status: 200,
                media_type,
                body,
            }),
            ..Operation::BASE
        };
        let incoming = answer(&operation);
        let media_type = incoming.headers[CONTENT_TYPE].to_str().unwrap().to_owned();
        (media_type, incoming.body)
    }

    #[test]
    fn a_file_is_one_of_its_type() {
        for (media_type, begins) in [
            ("image/png", b"\x89PNG".as_slice()),
            ("image/jpeg; q=1", b"\xff\xd8\xff"),
            ("image/gif", b"GIF89a"),
            ("image/svg+xml", b"<svg"),
            ("audio/wav", b"RIFF"),
            ("application/pdf", b"%PDF-"),
            ("application/zip", b"PK\x03\x04"),
        ] {
            let (_, body) = answered(media_type, "example");
            assert!(body.starts_with(begins), "{media_type}");
        }
    }

    #[test]
    fn a_range_of_types_is_one_of_them() {
        let (media_type, body) = answered("image/*", "example");
        assert_eq!(media_type, "image/png");
        assert!(body.starts_with(b"\x89PNG"));
    }

    #[test]
    fn anything_else_is_the_example_of_the_description() {
        for media_type in ["text/plain", "application/octet-stream", "*/*"] {
            assert_eq!(answered(media_type, "example").1, "example");
        }
        assert_eq!(answered("image/png", "").1, "");
    }
}
