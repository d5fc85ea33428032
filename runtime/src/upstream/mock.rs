//! The API's answer in mock mode: the example of its description.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::http::Incoming;
use crate::operation::Operation;

/// The example of an operation as if the API had sent it; no content where there is none.
pub(super) fn answer(operation: &Operation) -> Incoming {
    let mut headers = HeaderMap::new();
    let Some(example) = operation.example else {
        return Incoming {
            status: StatusCode::NO_CONTENT,
            headers,
            body: Bytes::new(),
            cut: None,
        };
    };
    if let Ok(media_type) = HeaderValue::from_str(example.media_type)
        && !media_type.is_empty()
    {
        headers.insert(CONTENT_TYPE, media_type);
    }
    Incoming {
        status: StatusCode::from_u16(example.status).unwrap_or(StatusCode::OK),
        headers,
        body: Bytes::from_static(example.body.as_bytes()),
        cut: None,
    }
}
