//! Why a call to the API has no successful answer. What a client reads of it is worded in `call`.

use std::time::Duration;

use http::StatusCode;

use super::diagnostic::{self, Problem, RateLimit, RequestIds};
use super::request::RequestError;
use crate::credential::Redactor;
use crate::http::Failure;

/// Why a call to the API has no successful answer. The secrets in it are marked.
#[derive(Clone, Debug)]
pub struct UpstreamError {
    cause: Box<Cause>,
    attempts: Attempts,
}

/// How often a request was sent before its call failed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Attempts {
    pub(crate) number: u32,
    /// Whether an attempt before the last one may have reached the API.
    pub(crate) was_sent: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// No request could be built; nothing was sent.
    Request(RequestError),
    /// No answer came.
    Failure {
        failure: Failure,
        /// The API's own id of the request, where a redirect carried one.
        request_id: Option<String>,
    },
    /// Nothing was sent, since the API has failed repeatedly.
    CircuitOpen {
        /// When a call is made again, in seconds.
        retry_after_seconds: u64,
    },
    /// The API answered with a failure.
    Answer(FailedAnswer),
    /// The API answered with a file that is larger than this server reads.
    TooLarge(OversizedFile),
}

/// A file that is larger than this server reads. A part of it is of no use to a client.
#[derive(Clone, Debug)]
pub(crate) struct OversizedFile {
    pub(crate) status: StatusCode,
    /// The API's own id of the request.
    pub(crate) request_id: Option<String>,
    pub(crate) media_type: String,
    /// The bytes that were read.
    pub(crate) received: u64,
    /// The bytes of the whole file, where the API states them.
    pub(crate) length: Option<u64>,
}

/// What a request carries of its caller's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OwnKind {
    /// Nothing.
    #[default]
    None,
    /// The key that was made at the API for its connection.
    Key,
    /// A token in the name of its person.
    Token,
    /// A token in the name of its person that was issued for an earlier call. It is forgotten where the API
    /// does not accept it, and the next call carries another one.
    KeptToken,
}

/// An answer that is no success.
#[derive(Clone, Debug)]
pub(crate) struct FailedAnswer {
    pub(crate) status: StatusCode,
    /// The API's own id of the request.
    pub(crate) request_id: Option<String>,
    /// How long the API asks to wait (`Retry-After`).
    pub(crate) retry_after_seconds: Option<u64>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) problem: Problem,
    /// What the request carried of the caller's own.
    pub(crate) own: OwnKind,
}

impl UpstreamError {
    fn new(cause: Cause) -> UpstreamError {
        UpstreamError {
            cause: Box::new(cause),
            attempts: Attempts::default(),
        }
    }

    /// Nothing was sent, since the API has failed repeatedly. A call is made again after `wait`.
    pub(super) fn of_open_circuit(wait: Duration) -> UpstreamError {
        let rounded_up = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        UpstreamError::new(Cause::CircuitOpen {
            retry_after_seconds: rounded_up.max(1),
        })
    }

    /// The same error after so many attempts.
    pub(super) fn after(self, attempts: Attempts) -> UpstreamError {
        UpstreamError { attempts, ..self }
    }

    pub(crate) fn attempts(&self) -> Attempts {
        self.attempts
    }

    /// No answer came. `failure` may repeat secrets of the request. The log of the operator has the
    /// addresses of internal machines that clients do not receive.
    pub(super) fn of_failure(
        mut failure: Failure,
        request_ids: &RequestIds,
        redactor: &Redactor,
    ) -> UpstreamError {
        let mut request_id = None;
        match &mut failure {
            Failure::Unreachable(reason)
            | Failure::Unhandled(reason)
            | Failure::Broken(reason)
            | Failure::Garbage(reason)
            | Failure::Request(reason) => {
                redactor.string(reason);
                tracing::warn!(reason, "a request to the API has no answer");
                diagnostic::remove_internal_addresses(reason);
            }
            Failure::Redirect {
                headers, target, ..
            } => {
                redactor.string(target);
                diagnostic::remove_internal_addresses(target);
                request_id = request_ids.find(headers);
            }
            Failure::Timeout => {}
        }
        if let Some(id) = &mut request_id {
            redactor.string(id);
        }
        let cause = Cause::Failure {
            failure,
            request_id,
        };
        UpstreamError::new(cause)
    }

    /// The API answered with a file that is too large. `file` may repeat secrets of the request.
    pub(super) fn of_file(mut file: OversizedFile, redactor: &Redactor) -> UpstreamError {
        redactor.string(&mut file.media_type);
        if let Some(id) = &mut file.request_id {
            redactor.string(id);
        }
        UpstreamError::new(Cause::TooLarge(file))
    }

    /// The API answered with a failure. `answer` may repeat secrets of the request.
    pub(super) fn of_answer(mut answer: FailedAnswer, redactor: &Redactor) -> UpstreamError {
        answer.problem.redact(redactor);
        if let Some(id) = &mut answer.request_id {
            redactor.string(id);
        }
        UpstreamError::new(Cause::Answer(answer))
    }

    /// Reports whether nothing of the request reached the API.
    pub(crate) fn is_before_sending(&self) -> bool {
        let is_unsent = matches!(
            self.cause(),
            Cause::Request(_)
                | Cause::CircuitOpen { .. }
                | Cause::Failure {
                    failure: Failure::Unreachable(_) | Failure::Unhandled(_) | Failure::Request(_),
                    ..
                }
        );
        is_unsent && !self.attempts.was_sent
    }

    pub(crate) fn cause(&self) -> &Cause {
        &self.cause
    }
}

impl From<RequestError> for UpstreamError {
    fn from(error: RequestError) -> UpstreamError {
        UpstreamError::new(Cause::Request(error))
    }
}
