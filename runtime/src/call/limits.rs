//! Calls beyond a limit of this server. Each is a tool error and no HTTP status: the model reads it
//! and calls again, where clients take a 429 or 503 for a server that is broken.

use super::{CallError, ErrorKind};
use crate::capacity::TooMany;
use crate::limit::RateExceeded;
use crate::request_id::RequestId;
use crate::upstream::RateLimit;

/// Returns the error of a call that does not run since too many others do.
pub(super) fn too_many(error: TooMany, id: &RequestId) -> CallError {
    let message = match error {
        TooMany::Grant(number) => format!(
            "This connection already runs {number} calls, the most that are allowed at once; \
             nothing was sent."
        ),
        TooMany::Workspace(number) => format!(
            "The connections of this workspace already run {number} calls, the most that are \
             allowed at once; nothing was sent."
        ),
        TooMany::All => {
            "This server already runs the most calls that it allows at once; nothing was sent."
                .to_owned()
        }
    };
    let mut error = CallError::new(ErrorKind::RateLimited, message, id.as_str());
    error.retryable = true;
    error.retry_after_seconds = Some(1);
    error.hint = Some("Call again once others have answered; make fewer at once.".to_owned());
    error
}

/// Returns the error of a call beyond the rate of its connection or workspace.
pub(super) fn too_often(exceeded: RateExceeded, id: &RequestId) -> CallError {
    let (limit, seconds) = (exceeded.limit, exceeded.retry_after());
    let message = match exceeded.of_workspace {
        false => format!(
            "Rate limit of this connection exceeded: it may make {limit} calls a minute; nothing \
             was sent."
        ),
        true => format!(
            "Rate limit of this workspace exceeded: all its connections together may make {limit} \
             calls a minute; nothing was sent."
        ),
    };
    let mut error = CallError::new(ErrorKind::RateLimited, message, id.as_str());
    error.retryable = true;
    error.retry_after_seconds = Some(seconds);
    error.rate_limit = Some(RateLimit {
        limit: Some(u64::from(limit)),
        remaining: Some(0),
        reset_at: None,
    });
    let unit = if seconds == 1 { "second" } else { "seconds" };
    error.hint = Some(format!(
        "Wait {seconds} {unit}, then call again. The connection is still valid: do not reconnect."
    ));
    error
}
