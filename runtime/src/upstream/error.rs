//! How a failed call is told to the model: one table from what happened to what is said.

use serde::Serialize;
use serde_json::Value;

/// A call that did not do what it was asked to. Its serialised form is the `error` of a tool error.
#[derive(Clone, Debug, Serialize)]
pub struct CallError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// HTTP status of the API's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong, in a sentence.
    pub message: String,
    /// Our id of the request.
    pub request_id: String,
    /// The API's own id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_request_id: Option<String>,
    /// Whether the same call may succeed when made again.
    pub retryable: bool,
    /// How long the API asks to wait before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// What the API says of its rate limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The API's own words, bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The API's rate limit, as its answer's headers tell it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// Requests allowed in a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Requests left in this window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// When the window ends (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_at: Option<String>,
}

/// Kinds of failed calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The arguments do not make a request; nothing was sent.
    InvalidArguments,
    /// No credential is configured that the operation would take; nothing was sent.
    MissingCredential,
    /// No connection to the API, or it broke.
    UpstreamUnreachable,
    /// The API did not answer in time.
    UpstreamTimeout,
    /// The API failed (5xx).
    UpstreamError,
    /// The API refused the request (other 4xx).
    InvalidRequest,
    /// The API does not accept the credential (401).
    Unauthorized,
    /// Payment or credits are wanted (402).
    PaymentRequired,
    /// The credential is not allowed to do this (403).
    Forbidden,
    /// There is no such thing (404, 410).
    NotFound,
    /// The request does not fit the state of things (409, 412).
    Conflict,
    /// Too many requests (429).
    RateLimited,
    /// The API redirects to where requests may not follow.
    RedirectRefused,
    /// The answer is not HTTP or cannot be read.
    InvalidResponse,
    /// A fault of this server.
    Internal,
}

impl CallError {
    /// A failure of which no more is known than what is said here.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>, request_id: &str) -> CallError {
        CallError {
            kind,
            status: None,
            message: message.into(),
            request_id: request_id.to_owned(),
            upstream_request_id: None,
            retryable: false,
            retry_after_seconds: None,
            rate_limit: None,
            details: None,
            hint: None,
        }
    }
}
