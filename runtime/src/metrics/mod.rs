//! What a server counts while it runs, for Prometheus. Counting is an addition to an atomic number;
//! the only module that names `prometheus_client`, which writes the numbers down.
//!
//! No label is of a person, a workspace, a client or a tool: the number of series is fixed.

mod encode;
mod histogram;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::operation::Access;
use histogram::Histogram;

/// How calls end. A word that is not here is counted as the last one.
const OUTCOMES: [&str; 24] = [
    "ok",
    "invalid_arguments",
    "tool_replaced",
    "missing_credential",
    "workspace_not_linked",
    "unauthenticated",
    "forbidden",
    "insufficient_scope",
    "not_found",
    "conflict",
    "rate_limited",
    "quota_exceeded",
    "payment_required",
    "invalid_request",
    "upstream_error",
    "upstream_unavailable",
    "timeout",
    "response_too_large",
    "invalid_response",
    "redirect_refused",
    "unavailable",
    "cancelled",
    "internal",
    "other",
];

/// What refuses a call before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The rate of its connection.
    GrantRate,
    /// The rate of its workspace.
    WorkspaceRate,
    /// The quota of its workspace.
    Quota,
    /// The number of calls that run at once.
    InFlight,
}

/// Every limit with the value of its label.
const LIMITS: [(Limit, &str); 4] = [
    (Limit::GrantRate, "grant_rate"),
    (Limit::WorkspaceRate, "workspace_rate"),
    (Limit::Quota, "quota"),
    (Limit::InFlight, "in_flight"),
];

/// What a server has counted since it started. Cloning it is cheap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    /// Calls that ended, by access and outcome.
    reads: [AtomicU64; OUTCOMES.len()],
    writes: [AtomicU64; OUTCOMES.len()],
    call_seconds: Histogram,
    upstream_seconds: Histogram,
    limited: [AtomicU64; LIMITS.len()],
    in_flight: AtomicI64,
    sign_ins: AtomicU64,
    failed_sign_ins: AtomicU64,
    store_errors: AtomicU64,
}

/// A call that runs, until it is dropped.
pub(crate) struct Running(Metrics);

impl Metrics {
    /// Counts a call that runs until the result is dropped.
    pub(crate) fn start_call(&self) -> Running {
        self.0.in_flight.fetch_add(1, Ordering::Relaxed);
        Running(self.clone())
    }

    /// Counts a call that ended.
    pub(crate) fn call(&self, access: Access, outcome: &str, elapsed: Duration) {
        let found = OUTCOMES.iter().position(|it| *it == outcome);
        let counters = match access {
            Access::Read => &self.0.reads,
            Access::Write => &self.0.writes,
        };
        let counter = found.and_then(|at| counters.get(at)).or(counters.last());
        increment(counter);
        self.0.call_seconds.observe(elapsed);
    }

    /// Counts a request to the API that was answered, or failed.
    pub(crate) fn upstream(&self, elapsed: Duration) {
        self.0.upstream_seconds.observe(elapsed);
    }

    /// Counts a call that a limit refused.
    pub(crate) fn limited(&self, limit: Limit) {
        let found = LIMITS.iter().position(|(it, _)| *it == limit);
        increment(found.and_then(|at| self.0.limited.get(at)));
    }

    /// Counts a person who signed in.
    pub(crate) fn signed_in(&self) {
        increment(Some(&self.0.sign_ins));
    }

    /// Counts a person who tried to sign in and did not.
    pub(crate) fn sign_in_failed(&self) {
        increment(Some(&self.0.failed_sign_ins));
    }

    /// Counts a method of the store that failed.
    pub(crate) fn store_failed(&self) {
        increment(Some(&self.0.store_errors));
    }

    /// Writes all numbers in the text format of Prometheus, version 0.0.4.
    ///
    /// # Errors
    /// None is known: text is written into memory.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        encode::text(self)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Running").finish()
    }
}

fn increment(counter: Option<&AtomicU64>) {
    if let Some(counter) = counter {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_text_format() {
        let metrics = Metrics::default();
        let running = metrics.start_call();
        metrics.call(Access::Read, "ok", Duration::from_millis(3));
        metrics.call(Access::Write, "rate_limited", Duration::from_millis(300));
        metrics.call(Access::Write, "a new kind", Duration::from_secs(100));
        metrics.limited(Limit::Quota);
        metrics.sign_in_failed();
        metrics.store_failed();
        let text = metrics.text().unwrap();
        for line in [
            "# TYPE drawbridge_calls_total counter",
            "drawbridge_calls_total{access=\"read\",outcome=\"ok\"} 1",
            "drawbridge_calls_total{access=\"write\",outcome=\"rate_limited\"} 1",
            "drawbridge_calls_total{access=\"write\",outcome=\"other\"} 1",
            "drawbridge_calls_in_flight 1",
            "drawbridge_call_duration_seconds_bucket{le=\"0.005\"} 1",
            "drawbridge_call_duration_seconds_bucket{le=\"0.5\"} 2",
            "drawbridge_call_duration_seconds_bucket{le=\"+Inf\"} 3",
            "drawbridge_call_duration_seconds_count 3",
            "drawbridge_limited_calls_total{limit=\"quota\"} 1",
            "drawbridge_sign_ins_total{outcome=\"failed\"} 1",
            "drawbridge_sign_ins_total{outcome=\"ok\"} 0",
            "drawbridge_store_errors_total 1",
        ] {
            assert!(text.lines().any(|it| it == line), "{line}\n{text}");
        }
        drop(running);
        let text = metrics.text().unwrap();
        assert!(text.contains("drawbridge_calls_in_flight 0\n"), "{text}");
    }

    #[test]
    fn number_of_series_does_not_depend_on_what_happened() {
        let metrics = Metrics::default();
        let series = |metrics: &Metrics| metrics.text().unwrap().lines().count();
        let before = series(&metrics);
        for number in 0..1000 {
            let outcome = format!("outcome {number}");
            metrics.call(Access::Read, &outcome, Duration::from_millis(number));
        }
        assert_eq!(series(&metrics), before);
    }
}
