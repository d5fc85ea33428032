//! The numbers as text.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet, prometheus_text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use super::histogram::Histogram;
use super::{LIMITS, Metrics, OUTCOMES};

/// What the name of every metric begins with.
const PREFIX: &str = "drawbridge";

pub(super) fn text(metrics: &Metrics) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(metrics.clone()));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry)?;
    Ok(text)
}

/// The name and the value of a label.
type Label = (&'static str, &'static str);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let numbers = &*self.0;
        let by_access = [("read", &numbers.reads), ("write", &numbers.writes)];
        let calls = by_access.iter().flat_map(|(access, counters)| {
            let counters = OUTCOMES.iter().zip(counters.iter());
            counters.map(move |(outcome, counter)| {
                ([("access", *access), ("outcome", *outcome)], counter)
            })
        });
        counters(&mut encoder, ("calls", "Calls of tools that ended"), calls)?;
        histogram(
            &mut encoder,
            ("call_duration_seconds", "How long calls of tools took"),
            &numbers.call_seconds,
        )?;
        histogram(
            &mut encoder,
            (
                "upstream_duration_seconds",
                "How long the API took to answer calls",
            ),
            &numbers.upstream_seconds,
        )?;
        let limited = LIMITS.iter().zip(&numbers.limited);
        counters(
            &mut encoder,
            ("limited_calls", "Calls that a limit of this server refused"),
            limited.map(|((_, name), counter)| ([("limit", *name)], counter)),
        )?;
        let sign_ins = [
            ("ok", &numbers.sign_ins),
            ("failed", &numbers.failed_sign_ins),
        ];
        counters(
            &mut encoder,
            ("sign_ins", "Sign-ins of people, and wrong passwords"),
            sign_ins.map(|(outcome, counter)| ([("outcome", outcome)], counter)),
        )?;
        let help = "Requests to the store that failed";
        let errors = numbers.store_errors.load(Ordering::Relaxed);
        encoder
            .encode_descriptor("store_errors", help, None, MetricType::Counter)?
            .encode_counter::<NoLabelSet, u64, f64>(&errors, None)?;
        let help = "Calls of tools that run";
        let in_flight = numbers.in_flight.load(Ordering::Relaxed);
        encoder
            .encode_descriptor("calls_in_flight", help, None, MetricType::Gauge)?
            .encode_gauge(&in_flight)
    }
}

fn counters<'a, const LABELS: usize>(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    series: impl IntoIterator<Item = ([Label; LABELS], &'a AtomicU64)>,
) -> Result<(), fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, counter) in series {
        let value = counter.load(Ordering::Relaxed);
        family
            .encode_family(&labels)?
            .encode_counter::<NoLabelSet, u64, f64>(&value, None)?;
    }
    Ok(())
}

fn histogram(
    encoder: &mut DescriptorEncoder<'_>,
    (name, help): (&str, &str),
    histogram: &Histogram,
) -> Result<(), fmt::Error> {
    let counted = histogram.counted();
    encoder
        .encode_descriptor(name, help, None, MetricType::Histogram)?
        .encode_histogram::<NoLabelSet>(counted.sum, counted.count, &counted.buckets, None)
}
