//! How long something takes, counted in buckets by additions to atomic numbers: the library's own
//! histogram takes a lock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the buckets, in seconds; beyond them is one more.
pub(super) const BOUNDS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];

#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    /// The sum of all, in microseconds.
    micros: AtomicU64,
}

/// What a histogram holds at one time.
pub(super) struct Counted {
    /// In seconds.
    pub(super) sum: f64,
    pub(super) count: u64,
    /// Upper bounds and how many are in each bucket alone.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl Histogram {
    pub(super) fn observe(&self, elapsed: Duration) {
        let seconds = elapsed.as_secs_f64();
        let at = BOUNDS.iter().position(|bound| seconds <= *bound);
        let bucket = self.buckets.get(at.unwrap_or(BOUNDS.len()));
        if let Some(bucket) = bucket {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn counted(&self) -> Counted {
        let bounds = BOUNDS.into_iter().chain([f64::MAX]);
        let counts = self.buckets.iter().map(|it| it.load(Ordering::Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        Counted {
            sum: Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64(),
            // Of the buckets as they were read, so that the two never contradict each other.
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}
