//! The tables.

use std::time::Duration;

use super::calls::Revision;
use super::load::Sample;

#[derive(Default)]
pub(super) struct Table {
    rows: Vec<String>,
}

impl Table {
    /// Adds what the stub (a), the bare server (b) and ours (c) reached in one setting.
    pub(super) fn add(
        &mut self,
        connections: usize,
        revision: Revision,
        a: &Sample,
        b: &Sample,
        c: &Sample,
    ) {
        let (direct, bare, ours) = (
            a.calls_per_second(),
            b.calls_per_second(),
            c.calls_per_second(),
        );
        for (name, sample) in [("a stub, directly", a), ("b bare rmcp", b), ("c ours", c)] {
            self.add_row(connections, revision, name, sample);
        }
        self.rows.push(format!(
            "{:>5}  {:<10}  c/b {:.2}  c/a {:.2}  b/a {:.2}",
            "",
            "",
            ours / bare,
            ours / direct,
            bare / direct
        ));
    }

    /// Adds what ours reached in one setting: without sign-in (a), with it (b), and with a signed
    /// statement to the API besides (c).
    pub(super) fn add_sign_in(
        &mut self,
        connections: usize,
        revision: Revision,
        a: &Sample,
        b: &Sample,
        c: &Sample,
    ) {
        for (name, sample) in [("a ours", a), ("b signed in", b), ("c on behalf of", c)] {
            self.add_row(connections, revision, name, sample);
        }
        let open = a.calls_per_second();
        self.rows.push(format!(
            "{:>5}  {:<10}  b/a {:.2}  c/a {:.2}",
            "",
            "",
            b.calls_per_second() / open,
            c.calls_per_second() / open,
        ));
    }

    fn add_row(&mut self, connections: usize, revision: Revision, name: &str, sample: &Sample) {
        self.rows.push(format!(
            "{connections:>5}  {:<10}  {name:<16}  {:>9.0}  {:>8}  {:>8}  {:>8.1}",
            revision.name(),
            sample.calls_per_second(),
            milliseconds(sample.percentile(0.50)),
            milliseconds(sample.percentile(0.99)),
            sample.processor_micros_a_call(),
        ));
    }

    pub(super) fn print(&self) {
        println!(
            "{:>5}  {:<10}  {:<16}  {:>9}  {:>8}  {:>8}  {:>8}",
            "conns", "revision", "server", "calls/s", "p50 ms", "p99 ms", "cpu µs"
        );
        for row in &self.rows {
            println!("{row}");
        }
    }
}

/// Prints the resident memory of a server before and after the load.
pub(super) fn memory(name: &str, before_kib: u64, after_kib: u64) {
    println!(
        "memory of {name}: {:.1} MB before, {:.1} MB after",
        before_kib as f64 / 1024.0,
        after_kib as f64 / 1024.0
    );
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64() * 1e3)
}
