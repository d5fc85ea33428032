//! Spans as OpenTelemetry's protocol has them (OTLP 1, JSON encoding).
//!
//! Ids are hexadecimal, and numbers of 64 bits are text.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{Attribute, Span, SpanKind};

/// What a server is in its traces.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// Returns the body of a request that exports spans (`ExportTraceServiceRequest`).
pub(crate) fn request(service: &Service, spans: &[Span]) -> Vec<u8> {
    let resource = [
        ("service.name", Attribute::Text(service.name.clone())),
        ("service.version", Attribute::Text(service.version.clone())),
        ("telemetry.sdk.language", "rust".into()),
        ("telemetry.sdk.name", "drawbridge".into()),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION").into()),
    ];
    let scope = json!({"name": "drawbridge", "version": env!("CARGO_PKG_VERSION")});
    let spans: Vec<_> = spans.iter().map(span).collect();
    let body = json!({"resourceSpans": [{
        "resource": {"attributes": attributes(&resource)},
        "scopeSpans": [{"scope": scope, "spans": spans}],
    }]});
    body.to_string().into_bytes()
}

fn span(span: &Span) -> Value {
    let id = |kind| format!("{:016x}", span.trace.span(kind));
    // 2: server, 3: client.
    let kind = match span.kind {
        SpanKind::Request | SpanKind::Call => 2,
        SpanKind::Exchange(_) => 3,
    };
    let mut value = json!({
        "traceId": format!("{:032x}", span.trace.0),
        "spanId": id(span.kind),
        "name": span.name,
        "kind": kind,
        "startTimeUnixNano": nanos(span.begun),
        "endTimeUnixNano": nanos(span.ended),
        "attributes": attributes(&span.attributes),
        "flags": 1,
    });
    if let Some(parent) = span.kind.parent() {
        value["parentSpanId"] = id(parent).into();
    }
    if span.is_error {
        // 2: error.
        value["status"] = json!({"code": 2});
    }
    value
}

fn attributes(attributes: &[(&'static str, Attribute)]) -> Value {
    let attribute = |(name, value): &(&'static str, Attribute)| {
        let value = match value {
            Attribute::Text(text) => json!({"stringValue": text}),
            Attribute::Number(number) => json!({"intValue": number.to_string()}),
        };
        json!({"key": name, "value": value})
    };
    attributes.iter().map(attribute).collect()
}

fn nanos(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_nanos().to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::clock::SystemClock;
    use crate::trace::Traces;

    #[test]
    fn span_has_ids_in_hexadecimal_and_large_numbers_as_text() {
        let traces = Traces::new(1.0, Arc::new(SystemClock));
        let id = "0af7651916cd43dd8448eb211c80319c";
        let mut active = traces
            .begin(id, SpanKind::Exchange(0), || "GET /pets".to_owned())
            .unwrap();
        active.set("http.response.status_code", 503_u16);
        active.end(Some("503"));
        let service = Service {
            name: "pets".to_owned(),
            version: "1.2.3".to_owned(),
        };
        let body: Value = serde_json::from_slice(&request(&service, &traces.take().0)).unwrap();
        let span = &body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], id);
        assert_eq!(span["spanId"], "8448eb211c80319c");
        assert_eq!(span["parentSpanId"].as_str().unwrap().len(), 16);
        assert_eq!(
            (&span["kind"], &span["status"]["code"]),
            (&json!(3), &json!(2))
        );
        let status = json!({"key": "http.response.status_code", "value": {"intValue": "503"}});
        assert_eq!(span["attributes"][0], status);
        assert!(span["startTimeUnixNano"].is_string());
        let service = &body["resourceSpans"][0]["resource"]["attributes"][0];
        assert_eq!(service["value"]["stringValue"], "pets");
    }
}
