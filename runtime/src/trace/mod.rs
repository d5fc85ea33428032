//! Spans of requests, calls and exchanges with the API, as OpenTelemetry describes traces.
//!
//! The id of a request is that of its trace, and the ids of its spans are made of it: so a span has its
//! parent without being handed it, and the API is sent the id of the span that waits for it. Attributes
//! are of fixed names, and none has an argument, an answer, a token or a query.

mod otlp;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use tokio::sync::Notify;

use crate::clock::Clock;

pub(crate) use otlp::{Service, request as otlp_request};

/// The most spans that wait to be exported, and the most bytes of them. Beyond either, spans are dropped.
const MOST: usize = 8192;
const MOST_BYTES: usize = 8 << 20;
/// How many spans are exported at once.
pub(crate) const BATCH: usize = 512;

/// Where spans wait to be exported; nowhere, where traces are off. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traces(Option<Arc<Inner>>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    /// The share of traces that are recorded: 0 to 1.
    share: f64,
    waiting: Mutex<Waiting>,
    dropped: AtomicU64,
    is_due: Notify,
}

/// Spans that wait to be exported.
#[derive(Debug, Default)]
struct Waiting {
    spans: VecDeque<Span>,
    /// How many bytes they take.
    bytes: usize,
}

/// The methods of requests that OpenTelemetry knows ("HTTP spans"): those of RFC 9110, PATCH and QUERY.
const METHODS: [&str; 10] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
];

/// Returns the method of a request as attributes have it, and as the names of spans have it: any text can be a
/// method, and one that is not known is in neither.
pub(crate) fn method(method: &str) -> (&'static str, &'static str) {
    let known = METHODS.into_iter().find(|it| *it == method);
    known.map_or(("_OTHER", "HTTP"), |known| (known, known))
}

/// What happens in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpanKind {
    /// A request of a client.
    Request,
    /// A call of a tool.
    Call,
    /// An exchange with the API: the first of its request, or a later one.
    Exchange(u32),
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Attribute {
    Text(String),
    Number(i64),
}

/// A span that has ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Span {
    trace: TraceId,
    kind: SpanKind,
    name: String,
    begun: SystemTime,
    ended: SystemTime,
    attributes: Vec<(&'static str, Attribute)>,
    is_error: bool,
}

/// The id of a trace: that of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TraceId(u128);

impl Span {
    /// Returns how many bytes the span takes, about.
    fn size(&self) -> usize {
        let attributes = self.attributes.iter();
        let texts = attributes.map(|(_, value)| match value {
            Attribute::Text(text) => text.capacity(),
            Attribute::Number(_) => 0,
        });
        let attributes = self.attributes.capacity() * size_of::<(&str, Attribute)>();
        size_of::<Span>() + self.name.capacity() + attributes + texts.sum::<usize>()
    }
}

impl TraceId {
    fn parse(request_id: &str) -> Option<TraceId> {
        let is_digit = |it: u8| it.is_ascii_digit() || (b'a'..=b'f').contains(&it);
        let is_id = request_id.len() == 32 && request_id.bytes().all(is_digit);
        let id = is_id.then(|| u128::from_str_radix(request_id, 16).ok());
        id.flatten().filter(|id| *id != 0).map(TraceId)
    }

    fn halves(self) -> (u64, u64) {
        let low = self.0 & u128::from(u64::MAX);
        let high = self.0 >> 64;
        (
            u64::try_from(high).unwrap_or(0),
            u64::try_from(low).unwrap_or(0),
        )
    }

    /// Returns the id of a span: that of the first exchange is the second half of the trace's, as the
    /// API is sent it without traces, too.
    fn span(self, kind: SpanKind) -> u64 {
        let (high, low) = self.halves();
        let id = match kind {
            SpanKind::Request => high,
            SpanKind::Call => high.rotate_left(32) ^ low,
            SpanKind::Exchange(number) => low.wrapping_add(u64::from(number)),
        };
        // §3.2.2.4 of Trace Context: an id of zeros is invalid.
        id.max(1)
    }

    /// Returns true for the traces of a share of all ids.
    fn is_within(self, share: f64) -> bool {
        // The first 32 of the 56 bits that are random (Trace Context, Level 2).
        let random = (self.halves().1 >> 24) & u64::from(u32::MAX);
        let random = f64::from(u32::try_from(random).unwrap_or(u32::MAX));
        share >= 1.0 || random < share * f64::from(u32::MAX)
    }
}

impl SpanKind {
    fn parent(self) -> Option<SpanKind> {
        match self {
            SpanKind::Request => None,
            SpanKind::Call => Some(SpanKind::Request),
            SpanKind::Exchange(_) => Some(SpanKind::Call),
        }
    }
}

impl Traces {
    /// Traces of which a share is recorded, 0 to 1.
    pub(crate) fn new(share: f64, clock: Arc<dyn Clock>) -> Traces {
        Traces(Some(Arc::new(Inner {
            clock,
            share,
            waiting: Mutex::default(),
            dropped: AtomicU64::new(0),
            is_due: Notify::new(),
        })))
    }

    /// Begins a span of the request with this id, where its trace is recorded. `name` names it.
    pub(crate) fn begin(
        &self,
        request_id: &str,
        kind: SpanKind,
        name: impl FnOnce() -> String,
    ) -> Option<ActiveSpan> {
        let inner = self.0.as_ref()?;
        let trace = TraceId::parse(request_id)?;
        if !trace.is_within(inner.share) {
            return None;
        }
        let begun = inner.clock.now();
        Some(ActiveSpan {
            inner: Arc::clone(inner),
            since: Instant::now(),
            has_ended: false,
            span: Span {
                trace,
                kind,
                name: name(),
                begun,
                ended: begun,
                attributes: Vec::with_capacity(6),
                is_error: false,
            },
        })
    }

    /// Waits until spans are to be exported at once.
    pub(crate) async fn due(&self) {
        match &self.0 {
            Some(inner) => inner.is_due.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Takes the oldest spans, at most [`BATCH`] of them, and how many were dropped since.
    pub(crate) fn take(&self) -> (Vec<Span>, u64) {
        let Some(inner) = &self.0 else {
            return (Vec::new(), 0);
        };
        let mut waiting = inner.waiting();
        let number = waiting.spans.len().min(BATCH);
        let spans: Vec<_> = waiting.spans.drain(..number).collect();
        waiting.bytes -= spans.iter().map(Span::size).sum::<usize>();
        (spans, inner.dropped.swap(0, Ordering::Relaxed))
    }
}

impl Inner {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, span: Span) {
        let mut waiting = self.waiting();
        let bytes = waiting.bytes + span.size();
        if waiting.spans.len() >= MOST || bytes > MOST_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes = bytes;
        waiting.spans.push_back(span);
        if waiting.spans.len() == BATCH {
            self.is_due.notify_one();
        }
    }
}

/// A span that has begun. Where it is dropped without being ended, its caller went away.
#[derive(Debug)]
pub(crate) struct ActiveSpan {
    inner: Arc<Inner>,
    since: Instant,
    has_ended: bool,
    span: Span,
}

impl ActiveSpan {
    /// Replaces the name.
    pub(crate) fn rename(&mut self, name: String) {
        self.span.name = name;
    }

    /// Adds an attribute.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Attribute>) {
        self.span.attributes.push((name, value.into()));
    }

    /// Ends the span, successfully or with the type of an error.
    pub(crate) fn end(mut self, error: Option<&str>) {
        self.has_ended = true;
        if let Some(error) = error {
            self.fail(error);
        }
    }

    fn fail(&mut self, error: &str) {
        self.span.is_error = true;
        self.set("error.type", error);
    }

    /// Returns the trace context of what is sent within the span (W3C Trace Context, Level 1): the trace
    /// is recorded.
    pub(crate) fn context(&self) -> String {
        let Span { trace, kind, .. } = &self.span;
        format!("00-{:032x}-{:016x}-01", trace.0, trace.span(*kind))
    }
}

impl Drop for ActiveSpan {
    fn drop(&mut self) {
        if !self.has_ended {
            self.fail("cancelled");
        }
        self.span.ended = self.span.begun + self.since.elapsed();
        let end = Span {
            name: std::mem::take(&mut self.span.name),
            attributes: std::mem::take(&mut self.span.attributes),
            ..self.span
        };
        self.inner.keep(end);
    }
}

impl From<&str> for Attribute {
    fn from(text: &str) -> Attribute {
        Attribute::Text(text.to_owned())
    }
}

impl From<u16> for Attribute {
    fn from(number: u16) -> Attribute {
        Attribute::Number(number.into())
    }
}

impl From<u32> for Attribute {
    fn from(number: u32) -> Attribute {
        Attribute::Number(number.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn traces(share: f64) -> Traces {
        Traces::new(share, Arc::new(SystemClock))
    }

    fn begin(traces: &Traces, kind: SpanKind) -> Option<ActiveSpan> {
        traces.begin(ID, kind, || "name".to_owned())
    }

    #[test]
    fn spans_of_a_request_have_ids_of_their_own() {
        let trace = TraceId::parse(ID).unwrap();
        let kinds = [
            SpanKind::Request,
            SpanKind::Call,
            SpanKind::Exchange(0),
            SpanKind::Exchange(1),
        ];
        let ids: std::collections::BTreeSet<_> = kinds.map(|kind| trace.span(kind)).into();
        assert_eq!(ids.len(), 4);
        let first = begin(&traces(1.0), SpanKind::Exchange(0)).unwrap();
        assert_eq!(first.context(), format!("00-{ID}-8448eb211c80319c-01"));
        assert_eq!(TraceId(1 << 64).span(SpanKind::Exchange(0)), 1);
    }

    #[test]
    fn share_decides_which_traces_are_recorded() {
        assert!(begin(&traces(0.0), SpanKind::Call).is_none());
        assert!(begin(&Traces::default(), SpanKind::Call).is_none());
        // 0x48eb… of 0xffff… is 28 %.
        assert!(begin(&traces(0.28), SpanKind::Call).is_none());
        assert!(begin(&traces(0.29), SpanKind::Call).is_some());
        assert!(
            traces(1.0)
                .begin("r-1", SpanKind::Call, String::new)
                .is_none()
        );
    }

    #[test]
    fn span_that_is_dropped_was_cancelled_and_too_many_spans_are_dropped() {
        let traces = traces(1.0);
        drop(begin(&traces, SpanKind::Call));
        begin(&traces, SpanKind::Call).unwrap().end(None);
        let (spans, dropped) = traces.take();
        assert_eq!(
            spans.iter().map(|it| it.is_error).collect::<Vec<_>>(),
            [true, false]
        );
        assert_eq!(dropped, 0);
        for _ in 0..MOST + 3 {
            begin(&traces, SpanKind::Call).unwrap().end(None);
        }
        let (spans, dropped) = traces.take();
        assert_eq!((spans.len(), dropped), (BATCH, 3));
        assert_eq!(traces.take().1, 0);
    }

    #[test]
    fn spans_that_wait_take_bounded_bytes() {
        let traces = traces(1.0);
        let long = || "n".repeat(MOST_BYTES / 4);
        for round in 0..2 {
            for _ in 0..5 {
                let span = traces.begin(ID, SpanKind::Call, long);
                span.unwrap().end(None);
            }
            let (spans, dropped) = traces.take();
            assert_eq!((spans.len(), dropped), (3, 2), "{round}");
        }
    }

    #[test]
    fn method_that_is_not_known_is_in_no_span() {
        assert_eq!(method("PATCH"), ("PATCH", "PATCH"));
        assert_eq!(method("a-secret"), ("_OTHER", "HTTP"));
        assert_eq!(method("get"), ("_OTHER", "HTTP"));
    }
}
