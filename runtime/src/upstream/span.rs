//! The span of an exchange with the API, as OpenTelemetry describes those of HTTP clients. Its name and
//! attributes have the path of the operation and not the URL, which has arguments.

use http::{HeaderName, HeaderValue};

use super::retry::{Exchange, NoAnswer};
use crate::http::{Failure, Outgoing};
use crate::operation::Operation;
use crate::trace::{self, ActiveSpan, SpanKind, Traces};

/// Begins the span of an exchange, and sends its id along with the request.
pub(super) fn begin(
    traces: &Traces,
    operation: &Operation,
    request: &mut Outgoing,
    (request_id, number): (&str, u32),
) -> Option<ActiveSpan> {
    let path = operation.path;
    let (method, named) = trace::method(operation.method);
    let name = || format!("{named} {path}");
    let mut span = traces.begin(request_id, SpanKind::Exchange(number), name)?;
    span.set("http.request.method", method);
    span.set("url.template", path);
    span.set("server.address", request.url.host_str().unwrap_or_default());
    if let Some(port) = request.url.port_or_known_default() {
        span.set("server.port", port);
    }
    if let Ok(context) = HeaderValue::from_str(&span.context()) {
        let parent = HeaderName::from_static("traceparent");
        request.headers.insert(parent, context);
    }
    Some(span)
}

/// Ends the span of an exchange.
pub(super) fn end(span: Option<ActiveSpan>, exchange: &Exchange) {
    let Some(mut span) = span else {
        return;
    };
    let repeated = exchange.attempts().number.saturating_sub(1);
    if repeated > 0 {
        span.set("http.request.resend_count", repeated);
    }
    match &exchange.answer {
        Ok(incoming) => {
            let status = incoming.status.as_u16();
            span.set("http.response.status_code", status);
            let error = (status >= 400).then(|| status.to_string());
            span.end(error.as_deref());
        }
        Err(NoAnswer::CircuitOpen(_)) => span.end(Some("circuit_open")),
        Err(NoAnswer::Failure(failure)) => span.end(Some(word(failure))),
    }
}

fn word(failure: &Failure) -> &'static str {
    match failure {
        Failure::Unreachable(_) => "unreachable",
        Failure::Unhandled(_) => "unhandled",
        Failure::Broken(_) => "broken",
        Failure::Timeout => "timeout",
        Failure::Garbage(_) => "invalid_response",
        Failure::Redirect { .. } => "redirect_refused",
        Failure::Request(_) => "invalid_request",
    }
}
