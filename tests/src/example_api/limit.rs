//! A token bucket for each key: so many requests at once, refilled over a minute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

/// What a request found in its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// When the bucket is full again, in whole seconds since 1970-01-01 UTC, rounded up.
    pub(super) reset_at: i64,
    /// Seconds until the next request may pass; none if this one did.
    pub(super) retry_after_seconds: Option<u64>,
}

struct Bucket {
    tokens: f64,
    filled_at: Timestamp,
}

/// The buckets of all keys.
pub(super) struct Limiter {
    per_minute: u32,
    buckets: Mutex<HashMap<String, Bucket>>,
}

impl Limiter {
    pub(super) fn new(per_minute: u32) -> Self {
        Self {
            per_minute: per_minute.max(1),
            buckets: Mutex::default(),
        }
    }

    /// Takes one token out of the bucket `name`, if there is one.
    pub(super) fn take(&self, name: &str, now: Timestamp) -> Allowance {
        let capacity = f64::from(self.per_minute);
        let per_second = capacity / 60.0;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(name.to_owned()).or_insert_with(|| Bucket {
            tokens: capacity,
            filled_at: now,
        });
        let elapsed = bucket.filled_at.duration_until(now).as_secs_f64().max(0.0);
        bucket.tokens = (bucket.tokens + elapsed * per_second).min(capacity);
        bucket.filled_at = now;
        // A hair's breadth of tolerance: sums of fractions do not always reach the whole.
        let passes = bucket.tokens > 1.0 - 1e-9;
        if passes {
            bucket.tokens = (bucket.tokens - 1.0).max(0.0);
        }
        let until_next = ((1.0 - bucket.tokens) / per_second - 1e-9).ceil().max(1.0);
        let until_full = (capacity - bucket.tokens) / per_second;
        let now_seconds = now.as_millisecond() as f64 / 1000.0;
        Allowance {
            limit: self.per_minute,
            remaining: bucket.tokens as u32,
            reset_at: (now_seconds + until_full).ceil() as i64,
            retry_after_seconds: (!passes).then_some(until_next as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn later(seconds: i64) -> Timestamp {
        START + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_burst_passes_up_to_the_capacity() {
        let limiter = Limiter::new(2);
        assert_eq!(limiter.take("a", START).remaining, 1);
        assert_eq!(limiter.take("a", START).remaining, 0);
        assert_eq!(limiter.take("a", START).retry_after_seconds, Some(30));
    }

    #[test]
    fn a_token_comes_back_when_it_was_promised() {
        let limiter = Limiter::new(1);
        limiter.take("a", START);
        assert_eq!(limiter.take("a", later(59)).retry_after_seconds, Some(1));
        assert_eq!(limiter.take("a", later(60)).retry_after_seconds, None);
    }

    #[test]
    fn each_key_has_a_bucket_of_its_own() {
        let limiter = Limiter::new(1);
        limiter.take("a", START);
        assert_eq!(limiter.take("b", START).retry_after_seconds, None);
    }

    #[test]
    fn the_reset_is_when_the_bucket_is_full() {
        let limiter = Limiter::new(60);
        limiter.take("a", START);
        assert_eq!(limiter.take("a", START).reset_at, 2);
    }
}
