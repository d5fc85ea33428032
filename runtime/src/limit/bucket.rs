//! Token buckets.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

/// What a bucket holds, and how fast it fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Tokens of a full bucket.
    pub(crate) burst: u32,
    /// How long one token takes to come.
    pub(crate) every: Duration,
}

impl Rate {
    /// `burst` tokens at once, and one more each `every`.
    pub(crate) const fn new(burst: u32, every: Duration) -> Rate {
        Rate { burst, every }
    }

    /// The same, for so many sources together.
    pub(super) fn times(self, factor: u32) -> Rate {
        Rate {
            burst: self.burst.saturating_mul(factor),
            every: self.every / factor.max(1),
        }
    }
}

/// The tokens in one bucket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens {
    left: u32,
    /// Up to when tokens that came are counted.
    counted: SystemTime,
}

impl Tokens {
    /// A full bucket.
    pub(super) fn full(rate: Rate) -> Tokens {
        Tokens {
            left: rate.burst,
            counted: SystemTime::UNIX_EPOCH,
        }
    }

    /// Adds the tokens that came up to `now`.
    fn fill(&mut self, rate: Rate, now: SystemTime) {
        // A clock that was set back is believed at once, or no token would come until it is where
        // it was.
        self.counted = self.counted.min(now);
        let passed = now.duration_since(self.counted).unwrap_or_default();
        let came = passed.as_nanos() / rate.every.as_nanos().max(1);
        match u32::try_from(came) {
            Ok(came) if came < rate.burst.saturating_sub(self.left) => {
                self.left += came;
                self.counted += rate.every * came;
            }
            _ => {
                self.left = rate.burst;
                self.counted = now;
            }
        }
    }

    /// Looks whether `cost` tokens can be taken and leave at least `keep`. More than a full bucket
    /// holds is never asked for.
    ///
    /// # Errors
    /// Where they cannot: how long it takes until they can.
    pub(super) fn check(
        &mut self,
        rate: Rate,
        cost: u32,
        keep: u32,
        now: SystemTime,
    ) -> Result<(), Duration> {
        self.fill(rate, now);
        let needed = cost.saturating_add(keep).min(rate.burst);
        let missing = needed.saturating_sub(self.left);
        if missing == 0 {
            return Ok(());
        }
        let passed = now.duration_since(self.counted).unwrap_or_default();
        Err((rate.every * missing).saturating_sub(passed))
    }

    /// Takes `cost` tokens, or all there are.
    pub(super) fn take(&mut self, cost: u32) {
        self.left = self.left.saturating_sub(cost);
    }

    /// Puts `cost` tokens back.
    pub(super) fn give_back(&mut self, rate: Rate, cost: u32) {
        self.left = self.left.saturating_add(cost).min(rate.burst);
    }

    /// Returns how many tokens are missing, and how long it takes until none is.
    pub(super) fn missing(&mut self, rate: Rate, now: SystemTime) -> (u32, Duration) {
        self.fill(rate, now);
        let missing = rate.burst.saturating_sub(self.left);
        let passed = now.duration_since(self.counted).unwrap_or_default();
        (missing, (rate.every * missing).saturating_sub(passed))
    }

    /// How many tokens are missing.
    pub(super) fn used(self, rate: Rate) -> u32 {
        rate.burst.saturating_sub(self.left)
    }
}

/// A bucket for each of many keys. Of more than `most`, those are remembered that were asked for
/// last.
#[derive(Debug)]
pub(crate) struct Keyed<K: Eq + Hash> {
    rate: Rate,
    buckets: Mutex<LruCache<K, Tokens>>,
}

impl<K: Eq + Hash> Keyed<K> {
    /// Full buckets.
    pub(crate) fn new(rate: Rate, most: usize) -> Keyed<K> {
        Keyed {
            rate,
            buckets: Mutex::new(LruCache::new(most)),
        }
    }

    /// Takes `cost` tokens of a key.
    ///
    /// # Errors
    /// Where there are not so many: how long it takes until there are.
    pub(crate) fn take(&self, key: K, cost: u32, now: SystemTime) -> Result<(), Duration> {
        self.take_leaving(key, cost, 0, now)
    }

    /// Takes `cost` tokens of a key and leaves at least `keep`.
    ///
    /// # Errors
    /// Where there are not so many: how long it takes until there are.
    pub(super) fn take_leaving(
        &self,
        key: K,
        cost: u32,
        keep: u32,
        now: SystemTime,
    ) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets
            .entry(key)
            .or_insert_with(|| Tokens::full(self.rate));
        bucket.check(self.rate, cost, keep, now)?;
        bucket.take(cost);
        Ok(())
    }

    pub(super) fn rate(&self) -> Rate {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;

    fn at(seconds: u64) -> SystemTime {
        NOON + Duration::from_hours(12) + Duration::from_secs(seconds)
    }

    fn bucket(burst: u32) -> Keyed<&'static str> {
        Keyed::new(Rate::new(burst, Duration::from_secs(10)), 2)
    }

    #[test]
    fn bucket_grants_the_burst_and_then_one_token_at_a_time() {
        let bucket = bucket(2);
        let mut take = |seconds| bucket.take("a", 1, at(seconds));
        assert_eq!([0, 0].map(&mut take), [Ok(()); 2]);
        assert_eq!(take(0), Err(Duration::from_secs(10)));
        assert_eq!(take(9), Err(Duration::from_secs(1)));
        assert_eq!(take(10), Ok(()));
        assert_eq!(take(19), Err(Duration::from_secs(1)));
        assert_eq!([3600, 3600].map(&mut take), [Ok(()); 2]);
        assert!(take(3600).is_err());
    }

    #[test]
    fn clock_that_is_set_back_grants_neither_more_nor_less() {
        let bucket = bucket(1);
        assert_eq!(bucket.take("a", 1, at(3600)), Ok(()));
        assert!(bucket.take("a", 1, at(0)).is_err());
        assert_eq!(bucket.take("a", 1, at(10)), Ok(()));
    }

    #[test]
    fn cost_beyond_a_full_bucket_takes_the_whole_bucket() {
        let bucket = bucket(2);
        assert_eq!(bucket.take("a", 5, at(0)), Ok(()));
        assert_eq!(bucket.take("a", 5, at(10)), Err(Duration::from_secs(10)));
        assert_eq!(bucket.take("a", 5, at(20)), Ok(()));
    }

    #[test]
    fn keys_are_forgotten_that_were_asked_for_the_longest_ago() {
        let bucket = bucket(1);
        for key in ["a", "b", "a", "c", "a"] {
            let taken = bucket.take(key, 1, at(0));
            assert_eq!(
                taken.is_ok(),
                matches!(key, "b" | "c") || key == "a" && taken.is_ok()
            );
        }
        // `a` was asked for since `b`, which made room for `c`.
        assert!(bucket.take("a", 1, at(0)).is_err());
        assert!(bucket.take("b", 1, at(0)).is_ok());
    }
}
