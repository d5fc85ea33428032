//! The tables.

use std::time::Duration;

use super::calls::Revision;
use super::load::Sample;

/// What one server reached in one setting.
pub(super) struct Row<'a> {
    pub(super) server: &'a str,
    pub(super) sample: &'a Sample,
    pub(super) resident_kib: u64,
}

/// Prints the heads of the columns.
pub(super) fn head() {
    println!(
        "{:>5}  {:<10}  {:<13}  {:>8}  {:>7}  {:>7}  {:>7}  {:>6}  {:>6}  {:>6}",
        "conns",
        "revision",
        "server",
        "calls/s",
        "p50 ms",
        "p99 ms",
        "cpu µs",
        "÷ raw",
        "÷ bare",
        "MB"
    );
}

/// Prints the rows of one setting. The first one is the raw proxy, the second the bare server.
pub(super) fn rows(connections: usize, revision: Revision, rows: &[Row<'_>]) {
    let micros = |at: usize| rows.get(at).map(|row| row.sample.processor_micros_a_call());
    let (raw, bare) = (micros(0), micros(1));
    for row in rows {
        let Row { server, sample, .. } = row;
        let micros = sample.processor_micros_a_call();
        let share = |of: Option<f64>| of.map_or(f64::NAN, |of| micros / of);
        println!(
            "{connections:>5}  {:<10}  {server:<13}  {:>8.0}  {:>7}  {:>7}  {micros:>7.1}  {:>6.2}  {:>6.2}  {:>6.1}",
            revision.name(),
            sample.calls_per_second(),
            milliseconds(sample.percentile(0.50)),
            milliseconds(sample.percentile(0.99)),
            share(raw),
            share(bare),
            megabytes(row.resident_kib),
        );
    }
}

/// KiB in MB.
pub(super) fn megabytes(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64() * 1e3)
}
