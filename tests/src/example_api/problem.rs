//! Errors as problem details (RFC 9457).
//!
//! A handler says what went wrong; the request's id is known only to [`answer`](super::answer),
//! which writes the body. Until then the problem travels as an extension of the response.

use axum::Extension;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

/// The part of a request that something was wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Query,
    Path,
    Header,
    Body,
}

impl Part {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Path => "path",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// One thing that was wrong with a request. The detail never repeats the value.
#[derive(Clone, Debug)]
pub(super) struct Violation {
    pub(super) part: Part,
    /// JSON Pointer within the part.
    pub(super) pointer: String,
    pub(super) detail: String,
}

impl Violation {
    pub(super) fn new(part: Part, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            part,
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// Why a request was not fulfilled.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    /// Last part of `type`, and the title, of a problem that has a kind of its own.
    kind: Option<(&'static str, &'static str)>,
    detail: String,
    violations: Vec<Violation>,
    pub(super) retry_after_seconds: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            kind: None,
            detail: detail.into(),
            violations: vec![],
            retry_after_seconds: None,
        }
    }

    fn of_kind(
        status: StatusCode,
        kind: (&'static str, &'static str),
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: Some(kind),
            ..Self::new(status, detail)
        }
    }

    /// 400: a parameter is wrong, or the body cannot be read.
    pub(super) fn bad_request(violations: Vec<Violation>) -> Self {
        let detail = "The request does not fit the description.";
        Self {
            violations,
            ..Self::new(StatusCode::BAD_REQUEST, detail)
        }
    }

    /// 422: the body can be read, but does not fit.
    pub(super) fn unprocessable(violations: Vec<Violation>) -> Self {
        let detail = "The body does not fit the description.";
        Self {
            violations,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
        }
    }

    /// 422 with one violation in the body.
    pub(super) fn body(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::unprocessable(vec![Violation::new(Part::Body, pointer, detail)])
    }

    pub(super) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    pub(super) fn read_only_key() -> Self {
        Self::of_kind(
            StatusCode::FORBIDDEN,
            ("read-only-key", "Read-only key"),
            "This key has level read; the operation needs a key of level full.",
        )
    }

    pub(super) fn not_found(what: &str, id: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            format!("There is no {what} {id} in this workspace."),
        )
    }

    pub(super) fn wrong_state(detail: impl Into<String>) -> Self {
        Self::of_kind(StatusCode::CONFLICT, ("wrong-state", "Wrong state"), detail)
    }

    pub(super) fn insufficient_credits(cost: i64, balance: i64) -> Self {
        Self::of_kind(
            StatusCode::PAYMENT_REQUIRED,
            ("insufficient-credits", "Insufficient credits"),
            format!("This costs {cost} credits; the workspace has {balance}."),
        )
    }

    pub(super) fn too_many_requests(per_minute: u32, retry_after_seconds: u64) -> Self {
        Self {
            retry_after_seconds: Some(retry_after_seconds),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                format!("This key may make {per_minute} requests a minute."),
            )
        }
    }

    pub(super) fn unsupported_media_type(expected: &str) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Send {expected}."),
        )
    }

    pub(super) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body may have at most {limit} bytes."),
        )
    }

    /// 500; what happened goes to the log, not to the caller.
    pub(super) fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "the example API failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "The service failed.")
    }

    /// The body of the answer.
    pub(super) fn document(&self, request_id: &str, instance: &str) -> Value {
        let (kind, title) = match self.kind {
            Some((kind, title)) => (format!("https://marquee.example/problems/{kind}"), title),
            None => (
                "about:blank".into(),
                self.status.canonical_reason().unwrap_or("Error"),
            ),
        };
        let mut document = json!({
            "type": kind,
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "instance": instance,
            "request_id": request_id,
        });
        if let Some(seconds) = self.retry_after_seconds {
            document["retry_after_seconds"] = seconds.into();
        }
        if !self.violations.is_empty() {
            let violation = |violation: &Violation| {
                json!({
                    "in": violation.part.name(),
                    "pointer": violation.pointer,
                    "detail": violation.detail,
                })
            };
            document["errors"] = self.violations.iter().map(violation).collect();
        }
        document
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Extension(self)).into_response()
    }
}
