//! What a client reads of a failed call: one table from what happened to what is reported.

use serde::Serialize;
use serde_json::{Value, json};

use super::kind::ErrorKind;
use crate::http::Failure;
use crate::model::ExchangeError;
use crate::operation::{Access, Operation};
use crate::upstream::{
    Attempts, Cause, FailedAnswer, OversizedFile, OwnKind, RateLimit, RequestError, UpstreamError,
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
            RequestError::Person(error) => CallError::of_exchange(error, request_id),
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

    /// The failure of a call that cannot be made in the name of its person.
    fn of_exchange(error: &ExchangeError, request_id: &str) -> CallError {
        let message = error.to_string();
        match error {
            ExchangeError::NotSignedIn { sign_in_url }
            | ExchangeError::Refused { sign_in_url, .. } => CallError {
                hint: Some(format!(
                    "Ask the person to sign in again at {sign_in_url}, then call again."
                )),
                ..CallError::new(ErrorKind::Unauthenticated, message, request_id)
            },
            ExchangeError::Unavailable {
                retry_after_seconds,
            } => CallError {
                retryable: true,
                retry_after_seconds: Some(*retry_after_seconds),
                ..CallError::new(ErrorKind::Unavailable, message, request_id)
            },
            ExchangeError::Agent => CallError {
                hint: Some("Call this tool through a connection that a person made.".to_owned()),
                ..CallError::new(ErrorKind::MissingCredential, message, request_id)
            },
            ExchangeError::Misconfigured(_) => {
                CallError::new(ErrorKind::MissingCredential, message, request_id)
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
        let hint = match answer.own {
            OwnKind::Key => RECONNECT,
            OwnKind::Token => WRONG_TOKEN,
            OwnKind::KeptToken => FORMER_TOKEN,
            OwnKind::None => return error,
        };
        if kind == ErrorKind::Unauthenticated {
            error.hint = Some(hint.to_owned());
            error.retryable = answer.own == OwnKind::KeptToken;
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

/// What helps where a token in the person's own name is not good.
const WRONG_TOKEN: &str = "The API does not accept the token that the identity provider issues for the \
    person: ask them to sign in again; if that does not help, the operator of this server has to correct \
    `upstream.exchange`.";

/// What helps where a token in the person's own name is not good any more.
const FORMER_TOKEN: &str = "The API does not accept the person's token any more, and did not carry out the \
    request. Call again: the next call carries another token.";

/// Returns true where doing it twice is as good as doing it once.
pub(super) fn is_repeatable(operation: &Operation) -> bool {
    operation.access == Access::Read || operation.idempotent
}

/// Returns true where a write that ended in this way may have been carried out.
fn is_uncertain_write(operation: &Operation, kind: ErrorKind) -> bool {
    operation.access == Access::Write
        && matches!(kind, ErrorKind::UpstreamUnavailable | ErrorKind::Timeout)
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    fn reported(status: u16, operation: &Operation) -> CallError {
        let answer = FailedAnswer {
            status: StatusCode::from_u16(status).unwrap(),
            request_id: None,
            retry_after_seconds: None,
            rate_limit: None,
            problem: Default::default(),
            own: OwnKind::None,
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
