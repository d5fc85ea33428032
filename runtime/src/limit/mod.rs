//! How much of something there may be in a while.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

/// A token bucket: `burst` at once, one more each `every`.
#[derive(Debug)]
pub(crate) struct Bucket {
    burst: u32,
    every: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: u32,
    /// Up to when refills are counted.
    counted: SystemTime,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn new(burst: u32, every: Duration) -> Bucket {
        Bucket {
            burst,
            every,
            state: Mutex::new(State {
                left: burst,
                counted: SystemTime::UNIX_EPOCH,
            }),
        }
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&self, now: SystemTime) -> bool {
        let Ok(mut state) = self.state.lock() else {
            return false;
        };
        // A clock that was set back is believed at once, or nothing would be refilled until it
        // is where it was.
        state.counted = state.counted.min(now);
        let passed = now.duration_since(state.counted).unwrap_or_default();
        let refills = passed.as_nanos() / self.every.as_nanos().max(1);
        match u32::try_from(refills) {
            Ok(refills) if state.left + refills.min(self.burst) < self.burst => {
                state.left += refills;
                state.counted += self.every * refills;
            }
            _ => {
                state.left = self.burst;
                state.counted = now;
            }
        }
        let taken = state.left > 0;
        state.left -= u32::from(taken);
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_gives_the_burst_and_then_one_at_a_time() {
        let bucket = Bucket::new(2, Duration::from_secs(10));
        let noon = SystemTime::UNIX_EPOCH + Duration::from_hours(12);
        assert_eq!([0, 0, 0].map(|_| bucket.take(noon)), [true, true, false]);
        assert!(!bucket.take(noon + Duration::from_secs(9)));
        assert!(bucket.take(noon + Duration::from_secs(10)));
        assert!(!bucket.take(noon + Duration::from_secs(19)));
        let later = noon + Duration::from_hours(1);
        assert_eq!([0, 0, 0].map(|_| bucket.take(later)), [true, true, false]);
    }

    #[test]
    fn a_clock_that_is_set_back_gives_neither_more_nor_less() {
        let bucket = Bucket::new(1, Duration::from_secs(10));
        let noon = SystemTime::UNIX_EPOCH + Duration::from_hours(12);
        assert!(bucket.take(noon));
        let earlier = noon - Duration::from_hours(1);
        assert!(!bucket.take(earlier));
        assert!(bucket.take(earlier + Duration::from_secs(10)));
    }
}
