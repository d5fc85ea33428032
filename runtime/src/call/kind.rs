//! The kinds of failed calls, and what a model can do about each.

use std::fmt;

use http::StatusCode;
use serde::Serialize;

use crate::upstream::{FailedAnswer, Meaning};

/// Kinds of failed calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The arguments do not make a request; nothing was sent.
    InvalidArguments,
    /// The tool was replaced by another one, which is called in another way; nothing was sent.
    ToolReplaced,
    /// No credential is configured, or can be had, that the operation would take; nothing was sent.
    MissingCredential,
    /// The caller's workspace is not linked to one of the API's; nothing was sent.
    WorkspaceNotLinked,
    /// The API does not accept the credential (401), or the person has to sign in again at the identity
    /// provider.
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
    /// This server cannot record calls or look up quotas now, or the identity provider cannot be asked for
    /// the token of the person, so no call is made; nothing was sent.
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

impl ErrorKind {
    /// The kind of a failed answer, by its status, and by the API's own code where the status says
    /// less.
    pub(super) fn of_answer(answer: &FailedAnswer) -> ErrorKind {
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
    pub(super) fn hint(self) -> Option<&'static str> {
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
