//! The body of a request, read whole and within a limit.

use axum::body::Body;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// Why the body of a request cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It is longer than the limit.
    TooLong,
    /// It did not come in time.
    Late,
    /// The connection broke, or what came is no body.
    Broken,
}

impl BodyError {
    /// The status of the answer (RFC 9110 §15.5).
    pub(crate) fn status(self) -> StatusCode {
        match self {
            BodyError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            BodyError::Late => StatusCode::REQUEST_TIMEOUT,
            BodyError::Broken => StatusCode::BAD_REQUEST,
        }
    }

    /// A sentence about a body that can have at most `limit` bytes, without the full stop.
    pub(crate) fn message(self, limit: usize) -> String {
        match self {
            BodyError::TooLong => format!("the body of the request can have at most {limit} bytes"),
            BodyError::Late => "the body of the request did not come in time".to_owned(),
            BodyError::Broken => "the body of the request broke off".to_owned(),
        }
    }
}

/// Reads a body of at most `limit` bytes.
///
/// # Errors
/// Where it is longer, or does not come whole and in time.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Err(error) if is_late(&*error) => Err(BodyError::Late),
        Err(_) => Err(BodyError::Broken),
    }
}

/// Whether reading failed because nothing came for too long.
fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|error| error.kind() == std::io::ErrorKind::TimedOut)
}
