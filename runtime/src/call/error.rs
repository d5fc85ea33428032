//! What a client reads of a failed call: one table from what happened to what is reported.

use std::fmt;

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};

use crate::http::Failure;
use crate::operation::{Access, Operation};
use crate::upstream::{
    Attempts, Cause, FailedAnswer, Meaning, OversizedFile, RateLimit, RequestError, UpstreamError,
};

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
    /// How often the request was sent, where that is more than once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// How long the API, or this server, asks to wait before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// When the quota that is used up is renewed (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets_at: Option<String>,
    /// The page on which a person gets a larger quota.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upgrade_url: Option<String>,
    /// The rate limit of the API, or of this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The API's own words, bounded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// Kinds of failed calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The arguments do not make a request; nothing was sent.
    InvalidArguments,
    /// The tool was replaced by another one, which is called in another way; nothing was sent.
    ToolReplaced,
    /// No credential is configured that the operation would take; nothing was sent.
    MissingCredential,
    /// The caller's workspace is not linked to one of the API's; nothing was sent.
    WorkspaceNotLinked,
    /// The API does not accept the credential (401).
    Unauthenticated,
    /// The credential is not allowed to do this (403).
    Forbidden,
    /// The credential lacks a scope.
    InsufficientScope,
    /// The object does not exist (404, 410).
    NotFound,
    /// The request does not fit the current state (409, 412, 423, 428).
    Conflict,
    /// Too many requests in a short time (429), at the API or at this server.
    RateLimited,
    /// The allowance of a day, a month or a plan is used up.
    QuotaExceeded,
    /// Payment or credits are missing (402).
    PaymentRequired,
    /// The API rejected the request (other 4xx).
    InvalidRequest,
    /// The API failed (500 and other 5xx).
    UpstreamError,
    /// There is no connection to the API, it broke, or the API is down (502, 503).
    UpstreamUnavailable,
    /// The API did not answer in time (408, 504).
    Timeout,
    /// The answer is a file that is larger than this server reads.
    ResponseTooLarge,
    /// The answer is not HTTP, or cannot be read.
    InvalidResponse,
    /// The API redirects to where requests may not follow.
    RedirectRefused,
    /// This server cannot record calls or look up quotas now, so it makes none; nothing was sent.
    Unavailable,
    /// The client cancelled the call, or went away.
    Cancelled,
    /// This server failed.
    Internal,
}

impl fmt::Display for ErrorKind {
    /// The kind as it is serialised.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(formatter)
    }
}

impl CallError {
    /// Creates an error of this kind with a message and the hint of its kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>, request_id: &str) -> CallError {
        CallError {
            kind,
            status: None,
            message: message.into(),
            request_id: request_id.to_owned(),
            upstream_request_id: None,
            retryable: false,
            attempts: None,
            retry_after_seconds: None,
            resets_at: None,
            upgrade_url: None,
            rate_limit: None,
            details: None,
            hint: kind.hint().map(str::to_owned),
        }
    }

    /// The failure of a call of `operation` to the API.
    #[must_use]
    pub fn of_upstream(
        error: &UpstreamError,
        operation: &Operation,
        request_id: &str,
    ) -> CallError {
        let mut reported = match error.cause() {
            Cause::Request(error) => CallError::of_request(error, request_id),
            Cause::Failure {
                failure,
                request_id: upstream_request_id,
            } => CallError {
                upstream_request_id: upstream_request_id.clone(),
                ..CallError::of_failure(failure, operation, request_id)
            },
            Cause::Answer(answer) => CallError::of_answer(answer, operation, request_id),
            Cause::CircuitOpen {
                retry_after_seconds,
            } => CallError::of_open_circuit(*retry_after_seconds, request_id),
            Cause::TooLarge(file) => CallError::of_file(file, operation, request_id),
        };
        reported.add_attempts(error.attempts(), operation);
        reported
    }

    fn of_open_circuit(retry_after_seconds: u64, request_id: &str) -> CallError {
        let message = "The API has failed repeatedly, so this server pauses its calls; nothing was \
                       sent.";
        CallError {
            retryable: true,
            retry_after_seconds: Some(retry_after_seconds),
            hint: Some("Wait for `retry_after_seconds`, then call again.".to_owned()),
            ..CallError::new(ErrorKind::UpstreamUnavailable, message, request_id)
        }
    }

    /// Names the attempts of a request that was sent more than once. One before the last may have
    /// made the change that the last one reports as impossible.
    fn add_attempts(&mut self, attempts: Attempts, operation: &Operation) {
        if attempts.number < 2 {
            return;
        }
        self.attempts = Some(attempts.number);
        self.message += &format!(" ({} attempts)", attempts.number);
        if attempts.was_sent && operation.access == Access::Write {
            self.hint = Some(MAY_HAVE_HAPPENED.to_owned());
        }
    }

    fn of_request(error: &RequestError, request_id: &str) -> CallError {
        match error {
            RequestError::Argument { argument, .. } => CallError {
                details: Some(json!({ "argument": argument })),
                ..CallError::new(ErrorKind::InvalidArguments, error.to_string(), request_id)
            },
            RequestError::MissingCredential(_) | RequestError::NoWorkspace => {
                CallError::new(ErrorKind::MissingCredential, error.to_string(), request_id)
            }
            RequestError::NoUpstreamKey => CallError {
                hint: Some(RECONNECT.to_owned()),
                ..CallError::new(ErrorKind::MissingCredential, error.to_string(), request_id)
            },
            RequestError::WorkspaceNotLinked { command } => CallError {
                hint: Some(format!(
                    "Ask the person to have this server's operator run `{command}`, with the \
                     API's id of the workspace in place of UPSTREAM_ID. The connection stays, and \
                     works from then on."
                )),
                ..CallError::new(ErrorKind::WorkspaceNotLinked, error.to_string(), request_id)
            },
            RequestError::Description(_) => {
                CallError::new(ErrorKind::Internal, error.to_string(), request_id)
            }
        }
    }

    fn of_failure(failure: &Failure, operation: &Operation, request_id: &str) -> CallError {
        let repeatable = is_repeatable(operation);
        let (kind, message, retryable) = match failure {
            Failure::Unreachable(reason) | Failure::Unhandled(reason) => (
                ErrorKind::UpstreamUnavailable,
                format!("The API cannot be reached: {reason}"),
                true,
            ),
            Failure::Broken(reason) => (
                ErrorKind::UpstreamUnavailable,
                format!("The connection to the API broke before it answered: {reason}"),
                repeatable,
            ),
            Failure::Timeout => (
                ErrorKind::Timeout,
                "The API did not answer in time".to_owned(),
                repeatable,
            ),
            Failure::Garbage(reason) => (
                ErrorKind::InvalidResponse,
                format!("The API's answer cannot be read: {reason}"),
                false,
            ),
            Failure::Redirect { target, reason, .. } => (
                ErrorKind::RedirectRefused,
                format!("The API redirects to {target}, which is not followed: {reason}"),
                false,
            ),
            Failure::Request(reason) => (
                ErrorKind::Internal,
                format!("The request cannot be sent: {reason}"),
                false,
            ),
        };
        let mut error = CallError {
            retryable,
            ..CallError::new(kind, message, request_id)
        };
        if let Failure::Redirect { status, target, .. } = failure {
            error.status = Some(status.as_u16());
            error.details = Some(json!({ "location": target }));
        }
        if !retryable && is_uncertain_write(operation, kind) {
            error.hint = Some(MAY_HAVE_HAPPENED.to_owned());
        }
        error
    }

    fn of_file(file: &OversizedFile, operation: &Operation, request_id: &str) -> CallError {
        let (status, media_type, read) = (file.status.as_u16(), &file.media_type, file.received);
        let mut message = match file.length {
            Some(length) => format!(
                "The API answered {status} with a file ({media_type}) of {length} bytes, more than \
                 the {read} bytes that this server reads."
            ),
            None => format!(
                "The API answered {status} with a file ({media_type}) of more than the {read} bytes \
                 that this server reads."
            ),
        };
        if operation.access == Access::Write {
            message += " The request itself was carried out.";
        }
        CallError {
            status: Some(status),
            upstream_request_id: file.request_id.clone(),
            ..CallError::new(ErrorKind::ResponseTooLarge, message, request_id)
        }
    }

    fn of_answer(answer: &FailedAnswer, operation: &Operation, request_id: &str) -> CallError {
        let status = answer.status;
        let kind = ErrorKind::of_answer(answer);
        let message = answer.problem.message.clone();
        let message = message.unwrap_or_else(|| match status.canonical_reason() {
            Some(reason) => format!("The API answered {} {reason}", status.as_u16()),
            None => format!("The API answered {}", status.as_u16()),
        });
        let retryable = match (kind, status.as_u16()) {
            (ErrorKind::QuotaExceeded | ErrorKind::PaymentRequired, _) => false,
            // The API did not handle the request, so that nothing was changed.
            (ErrorKind::RateLimited, _) | (_, 425) => true,
            // Gateways also answer 503 where the connection broke after the request was sent.
            (_, 503) => answer.retry_after_seconds.is_some() || is_repeatable(operation),
            (_, 408 | 502 | 504) => is_repeatable(operation),
            _ => false,
        };
        let mut error = CallError {
            status: Some(status.as_u16()),
            upstream_request_id: answer.request_id.clone(),
            retryable,
            retry_after_seconds: answer.retry_after_seconds,
            rate_limit: answer.rate_limit.clone(),
            details: answer.problem.details.clone(),
            ..CallError::new(kind, message, request_id)
        };
        if !retryable && is_uncertain_write(operation, kind) {
            error.hint = Some(MAY_HAVE_HAPPENED.to_owned());
        }
        if answer.with_own_key && kind == ErrorKind::Unauthenticated {
            error.hint = Some(RECONNECT.to_owned());
        }
        error
    }
}

/// The hint after a write that may have happened.
const MAY_HAVE_HAPPENED: &str =
    "The change may have been made all the same: look before calling again.";

/// What helps where the key of a connection is no longer good.
const RECONNECT: &str =
    "Ask the person to connect again: the new connection gets a new key for the API.";

/// Returns true where doing it twice is as good as doing it once.
pub(super) fn is_repeatable(operation: &Operation) -> bool {
    operation.access == Access::Read || operation.idempotent
}

/// Returns true where a write that ended in this way may have been carried out.
fn is_uncertain_write(operation: &Operation, kind: ErrorKind) -> bool {
    operation.access == Access::Write
        && matches!(kind, ErrorKind::UpstreamUnavailable | ErrorKind::Timeout)
}

impl ErrorKind {
    /// The kind of a failed answer, by its status, and by the API's own code where the status says
    /// less.
    fn of_answer(answer: &FailedAnswer) -> ErrorKind {
        let is_exhausted = || {
            let remaining = answer.rate_limit.as_ref().and_then(|limit| limit.remaining);
            remaining == Some(0)
        };
        match (answer.status.as_u16(), answer.problem.meaning) {
            // An allowance of a day where it comes with 403, a rate where it comes with 503.
            (403, Some(Meaning::RequestLimit)) => ErrorKind::QuotaExceeded,
            // Some APIs answer a limit with 403, others wrap every failure in a 200 or a 400.
            (200..=299 | 400 | 402 | 403 | 409 | 422 | 429 | 503, Some(Meaning::QuotaExceeded)) => {
                ErrorKind::QuotaExceeded
            }
            (
                200..=299 | 400 | 403 | 429 | 503,
                Some(Meaning::RateLimited | Meaning::RequestLimit),
            ) => ErrorKind::RateLimited,
            (200..=299 | 401 | 403, Some(Meaning::InsufficientScope)) => {
                ErrorKind::InsufficientScope
            }
            (200..=299 | 400 | 403 | 429, Some(Meaning::PaymentRequired)) => {
                ErrorKind::PaymentRequired
            }
            (200..=299 | 400, Some(Meaning::Unauthenticated)) => ErrorKind::Unauthenticated,
            (200..=299 | 400, Some(Meaning::NotFound)) => ErrorKind::NotFound,
            (200..=299, Some(Meaning::Conflict)) => ErrorKind::Conflict,
            (200..=299, Some(Meaning::Forbidden)) => ErrorKind::Forbidden,
            (200..=299, Some(Meaning::Failed)) => ErrorKind::UpstreamError,
            (403, _) if answer.retry_after_seconds.is_some() || is_exhausted() => {
                ErrorKind::RateLimited
            }
            (200..=299, _) => ErrorKind::InvalidRequest,
            _ => ErrorKind::of_status(answer.status),
        }
    }

    fn of_status(status: StatusCode) -> ErrorKind {
        match status.as_u16() {
            401 => ErrorKind::Unauthenticated,
            402 => ErrorKind::PaymentRequired,
            403 => ErrorKind::Forbidden,
            404 | 410 => ErrorKind::NotFound,
            409 | 412 | 423 | 428 => ErrorKind::Conflict,
            408 | 504 => ErrorKind::Timeout,
            429 => ErrorKind::RateLimited,
            400..=499 => ErrorKind::InvalidRequest,
            502 | 503 => ErrorKind::UpstreamUnavailable,
            500..=599 => ErrorKind::UpstreamError,
            300..=399 => ErrorKind::RedirectRefused,
            _ => ErrorKind::InvalidResponse,
        }
    }

    /// What the model can do, where the message does not say it.
    fn hint(self) -> Option<&'static str> {
        Some(match self {
            ErrorKind::InvalidArguments => {
                "Correct the arguments and call again; nothing was sent."
            }
            ErrorKind::MissingCredential => {
                "Nothing was sent: the operator of this server has to configure what is missing."
            }
            ErrorKind::UpstreamUnavailable => "Try again in a while.",
            ErrorKind::Timeout => "Try again, perhaps asking for less at once.",
            ErrorKind::UpstreamError => "The API itself failed; its words are in `details`.",
            ErrorKind::InvalidRequest => "The API refused these arguments: correct them first.",
            ErrorKind::Unauthenticated => {
                "The API does not accept the credential: the operator of this server has to renew it."
            }
            ErrorKind::PaymentRequired => "The account needs credit or another plan.",
            ErrorKind::Forbidden => "The credential may not do this; calling again will not help.",
            ErrorKind::InsufficientScope => {
                "The credential lacks a scope: the operator of this server has to grant it."
            }
            ErrorKind::QuotaExceeded => {
                "The allowance is used up; calling again does not help before it is renewed."
            }
            ErrorKind::ResponseTooLarge => "Ask for a smaller file, or for a part of it.",
            ErrorKind::NotFound => "Check the ids; list what exists to find the right ones.",
            ErrorKind::Conflict => "Read the current state first, then decide again.",
            ErrorKind::RateLimited => {
                "Wait for `retry_after_seconds` or until `rate_limit.reset_at`, then call again."
            }
            ErrorKind::Unavailable => {
                "Nothing was sent. Wait for `retry_after_seconds`, then call again."
            }
            ErrorKind::ToolReplaced
            | ErrorKind::WorkspaceNotLinked
            | ErrorKind::RedirectRefused
            | ErrorKind::InvalidResponse
            | ErrorKind::Cancelled
            | ErrorKind::Internal => {
                return None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reported(status: u16, operation: &Operation) -> CallError {
        let answer = FailedAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            request_id: None,
            retry_after_seconds: None,
            rate_limit: None,
            problem: Default::default(),
            with_own_key: false,
        };
        CallError::of_answer(&answer, operation, "r")
    }

    const WRITE: Operation = Operation {
        access: Access::Write,
        idempotent: false,
        ..Operation::BASE
    };

    #[test]
    fn absent_parts_are_left_out() {
        let error = CallError::new(ErrorKind::Internal, "m", "r");
        assert_eq!(
            serde_json::to_value(error).unwrap(),
            json!({"kind": "internal", "message": "m", "request_id": "r", "retryable": false})
        );
    }

    #[test]
    fn a_gateway_failure_is_retryable_only_where_repeating_is_harmless() {
        for status in [502, 504, 408] {
            assert!(reported(status, &Operation::BASE).retryable, "{status}");
            assert!(!reported(status, &WRITE).retryable, "{status}");
        }
        for status in [408, 502, 503, 504] {
            let error = reported(status, &WRITE);
            assert!(!error.retryable, "{status}");
            assert!(
                error.hint.unwrap().contains("may have been made"),
                "{status}"
            );
        }
        assert!(reported(503, &Operation::BASE).retryable);
        assert!(reported(429, &WRITE).retryable);
        assert!(!reported(500, &Operation::BASE).retryable);
    }

    #[test]
    fn an_empty_answer_is_reported_by_its_status() {
        assert_eq!(
            reported(404, &WRITE).message,
            "The API answered 404 Not Found"
        );
        assert_eq!(reported(404, &WRITE).kind, ErrorKind::NotFound);
    }

    #[test]
    fn a_write_without_an_answer_may_have_happened() {
        let error = CallError::of_failure(&Failure::Timeout, &WRITE, "r");
        assert!(!error.retryable);
        assert!(error.hint.unwrap().contains("may have been made"));
    }
}
