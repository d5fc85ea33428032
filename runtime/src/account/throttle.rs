//! Slows down who guesses passwords, without telling whether there is such an account.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use crate::token::Digest;

/// Wrong passwords in a row that cost nothing.
const FREE: u32 = 5;
/// The wait after the first one more; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// After this long without a try all is forgotten.
const FORGET: Duration = Duration::from_hours(1);
/// The most accounts and addresses that are remembered: of more, those that were tried last.
const MOST: usize = 10_000;

/// Counts wrong passwords by account and address. The e-mail address counts as it was typed,
/// whether there is an account or not.
#[derive(Debug)]
pub(crate) struct Throttle(Mutex<LruCache<Digest, Failures>>);

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle(Mutex::new(LruCache::new(MOST)))
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: SystemTime,
}

impl Failures {
    fn until(self) -> SystemTime {
        let doublings = self.count.saturating_sub(FREE + 1).min(10);
        match self.count > FREE {
            true => self.last + (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT),
            false => self.last,
        }
    }
}

impl Throttle {
    /// Takes a try, unless there is still a wait: then how long. A try counts as a failure until
    /// [`Throttle::succeeded`], so that tries at the same time count, too.
    pub(crate) fn take(
        &self,
        email: &str,
        address: Option<IpAddr>,
        now: SystemTime,
    ) -> Result<(), Duration> {
        let Ok(mut failures) = self.0.lock() else {
            return Err(LONGEST_WAIT);
        };
        let key = key(email, address);
        let known = failures.get(&key).copied();
        let known = known.filter(|it| it.last + FORGET > now);
        if let Some(known) = known
            && let Ok(wait) = known.until().duration_since(now)
            && !wait.is_zero()
        {
            return Err(wait);
        }
        let count = known.map_or(0, |it| it.count).saturating_add(1);
        failures.insert(key, Failures { count, last: now });
        Ok(())
    }

    /// Forgets the failures of who signed in.
    pub(crate) fn succeeded(&self, email: &str, address: Option<IpAddr>) {
        if let Ok(mut failures) = self.0.lock() {
            failures.remove(&key(email, address));
        }
    }
}

fn key(email: &str, address: Option<IpAddr>) -> Digest {
    let address = address.map(|it| it.to_string()).unwrap_or_default();
    Digest::of(&format!("{address} {}", email.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;

    fn tries(throttle: &Throttle, count: u32, at: SystemTime) -> Option<Duration> {
        (0..count).find_map(|_| throttle.take("Ada@example.com", None, at).err())
    }

    #[test]
    fn the_sixth_wrong_password_makes_the_next_one_wait_and_each_further_one_longer() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, 6, NOON), None);
        assert_eq!(tries(&throttle, 1, NOON), Some(FIRST_WAIT));
        let later = NOON + FIRST_WAIT;
        assert_eq!(tries(&throttle, 2, later), Some(FIRST_WAIT * 2));
    }

    #[test]
    fn the_letter_case_of_the_address_makes_no_new_account() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, 6, NOON), None);
        assert!(throttle.take("ada@EXAMPLE.com", None, NOON).is_err());
        assert!(throttle.take("grace@example.com", None, NOON).is_ok());
    }

    #[test]
    fn however_many_were_tried_one_more_can_be() {
        let throttle = Throttle::default();
        for number in 0..=MOST {
            let email = format!("{number}@example.com");
            assert_eq!(throttle.take(&email, None, NOON), Ok(()));
        }
        assert_eq!(tries(&throttle, 6, NOON), None);
        assert_eq!(tries(&throttle, 1, NOON), Some(FIRST_WAIT));
    }

    #[test]
    fn signing_in_makes_up_for_it() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, 6, NOON), None);
        throttle.succeeded("ada@example.com", None);
        assert_eq!(tries(&throttle, 1, NOON), None);
    }
}
