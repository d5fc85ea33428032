//! Slows down guessing of passwords, without revealing whether there is such an account.
//!
//! Wrong passwords count three times: for the account and the browser or network they came from, for
//! the account, and for the network. Guessing does not keep an owner out: what counts for the
//! account alone is not asked of a browser or a network that signed in to it before (OWASP, "Slow
//! Down Online Guessing Attacks with Device Cookies"), and what counts for the network is not asked
//! of such a browser.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;

use crate::limit::{Rate, Source, Sources};
use crate::model::{Recognised, Refused, WaitReason, email_key};
use crate::token::Digest;

/// Wrong passwords in a row that cost nothing, of one account from one browser or network.
const FREE: u32 = 5;
/// The same of one account from everywhere else.
const FREE_OF_ACCOUNT: u32 = 20;
/// The wait after the first one more; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// After this long without a try all is forgotten.
const FORGET: Duration = Duration::from_hours(1);
/// Tries of one address, whatever the account. Right passwords do not count.
const OF_ADDRESS: Rate = Rate::new(30, Duration::from_secs(30));
/// The most accounts, and accounts with a browser or network, that are remembered: of more, those
/// that were tried last.
const MOST: usize = 10_000;

/// Counts wrong passwords. The e-mail address counts as it was typed, whether there is an account
/// or not.
#[derive(Debug)]
pub(crate) struct Throttle {
    tries: Mutex<Tries>,
    sources: Sources,
}

#[derive(Debug)]
struct Tries {
    pairs: LruCache<Digest, Failures>,
    accounts: LruCache<Digest, Failures>,
}

impl Default for Throttle {
    fn default() -> Throttle {
        Throttle {
            tries: Mutex::new(Tries {
                pairs: LruCache::new(MOST),
                accounts: LruCache::new(MOST),
            }),
            sources: Sources::new(OF_ADDRESS),
        }
    }
}

/// A try of a password that may be compared. It counts as a wrong one until
/// [`Throttle::succeeded`], so that tries at the same time count, too.
#[derive(Debug)]
pub(crate) struct Try {
    pair: Digest,
    account: Option<Digest>,
    source: Option<Source>,
    /// How many tries there were lately from the same browser or network: who made fewer is served
    /// first.
    pub(crate) rank: u32,
}

/// Why a try has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waits {
    /// What was tried too often.
    pub(crate) reason: WaitReason,
    /// How long.
    pub(crate) wait: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: SystemTime,
}

impl Failures {
    /// How long the next try has to wait, after so many `free` ones.
    fn wait(self, free: u32, now: SystemTime) -> Duration {
        let doublings = self.count.saturating_sub(free + 1).min(10);
        let until = match self.count > free {
            true => self.last + (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT),
            false => self.last,
        };
        until.duration_since(now).unwrap_or_default()
    }
}

impl Throttle {
    /// Takes a try, unless there is still a wait.
    ///
    /// # Errors
    /// Where there is: why, and how long.
    pub(crate) fn take(
        &self,
        email: &str,
        recognised: Recognised,
        source: &Source,
        now: SystemTime,
    ) -> Result<Try, Waits> {
        let email = email_key(email);
        let pair = match recognised {
            Recognised::Browser(browser) => format!("{} {email}", browser.hex(32)),
            Recognised::Network | Recognised::No => format!("{} {email}", source.network()),
        };
        let pair = Digest::of(&pair);
        let account = (recognised == Recognised::No).then(|| Digest::of(&email));
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = &mut *tries;
        let pairs = recent(&mut tries.pairs, pair, now);
        let accounts = account.map(|account| recent(&mut tries.accounts, account, now));
        check(WaitReason::Pair, pairs, FREE, now)?;
        if let Some(accounts) = accounts {
            check(WaitReason::Account, accounts, FREE_OF_ACCOUNT, now)?;
        }
        let (source, rank) = match recognised {
            Recognised::Browser(_) => (None, pairs.count),
            Recognised::Network | Recognised::No => {
                let taken = self.sources.take(source, 1, now);
                let taken = taken.map_err(|Refused { wait, .. }| Waits {
                    reason: WaitReason::Network,
                    wait,
                })?;
                (Some(*source), taken.used)
            }
        };
        let more = |failures: Failures| Failures {
            count: failures.count.saturating_add(1),
            last: now,
        };
        tries.pairs.insert(pair, more(pairs));
        if let (Some(account), Some(accounts)) = (account, accounts) {
            tries.accounts.insert(account, more(accounts));
        }
        Ok(Try {
            pair,
            account,
            source,
            rank,
        })
    }

    /// Forgets the failures of the account at the browser or network that just signed in. What
    /// others tried still counts.
    pub(crate) fn succeeded(&self, right: &Try) {
        self.give_back(right);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.pairs.remove(&right.pair);
    }

    /// Forgets a try whose password was not compared.
    pub(crate) fn not_compared(&self, skipped: &Try) {
        self.give_back(skipped);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        less(&mut tries.pairs, skipped.pair);
    }

    fn give_back(&self, returned: &Try) {
        if let Some(source) = &returned.source {
            self.sources.give_back(source, 1);
        }
        if let Some(account) = returned.account {
            let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
            less(&mut tries.accounts, account);
        }
    }
}

/// What is remembered of a key.
fn recent(tries: &mut LruCache<Digest, Failures>, key: Digest, now: SystemTime) -> Failures {
    let known = tries.get(&key).copied();
    let known = known.filter(|it| it.last + FORGET > now);
    known.unwrap_or(Failures {
        count: 0,
        last: now,
    })
}

fn less(tries: &mut LruCache<Digest, Failures>, key: Digest) {
    if let Some(failures) = tries.get_mut(&key) {
        failures.count = failures.count.saturating_sub(1);
    }
}

fn check(reason: WaitReason, failures: Failures, free: u32, now: SystemTime) -> Result<(), Waits> {
    let wait = failures.wait(free, now);
    match wait.is_zero() {
        true => Ok(()),
        false => Err(Waits { reason, wait }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Ranges;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;

    fn source(number: usize) -> Source {
        let address = format!("10.{}.{}.1", number / 250, number % 250);
        Source::of(address.parse().unwrap(), &Ranges::default())
    }

    fn take(throttle: &Throttle, email: &str, from: usize, at: SystemTime) -> Result<Try, Waits> {
        throttle.take(email, Recognised::No, &source(from), at)
    }

    fn tries(throttle: &Throttle, count: u32, at: SystemTime) -> Option<Waits> {
        (0..count).find_map(|_| take(throttle, "Ada@example.com", 0, at).err())
    }

    fn pair(wait: Duration) -> Option<Waits> {
        let reason = WaitReason::Pair;
        Some(Waits { reason, wait })
    }

    #[test]
    fn sixth_wrong_password_makes_the_next_one_wait_and_each_further_one_longer() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, 6, NOON), None);
        assert_eq!(tries(&throttle, 1, NOON), pair(FIRST_WAIT));
        let later = NOON + FIRST_WAIT;
        assert_eq!(tries(&throttle, 2, later), pair(FIRST_WAIT * 2));
    }

    #[test]
    fn letter_case_of_the_email_address_makes_no_new_account() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, 6, NOON), None);
        assert!(take(&throttle, "ada@EXAMPLE.com", 0, NOON).is_err());
        assert!(take(&throttle, "grace@example.com", 0, NOON).is_ok());
    }

    #[test]
    fn one_more_account_can_be_tried_however_many_were_tried() {
        let throttle = Throttle::default();
        for number in 0..=MOST {
            let email = format!("{number}@example.com");
            assert!(take(&throttle, &email, number, NOON).is_ok());
        }
        let throttled = |number| take(&throttle, "ada@example.com", number, NOON).err();
        assert_eq!((0..6).find_map(|_| throttled(MOST + 1)), None);
        assert_eq!(throttled(MOST + 1), pair(FIRST_WAIT));
    }

    #[test]
    fn signing_in_makes_up_for_wrong_passwords() {
        let throttle = Throttle::default();
        assert_eq!(tries(&throttle, 5, NOON), None);
        let right = take(&throttle, "ada@example.com", 0, NOON).unwrap();
        throttle.succeeded(&right);
        assert_eq!(tries(&throttle, 6, NOON), None);
    }

    #[test]
    fn account_that_is_guessed_from_many_networks_waits_but_not_for_who_is_known_there() {
        let throttle = Throttle::default();
        let email = "ada@example.com";
        let waits = (0..60).find_map(|from| take(&throttle, email, from, NOON).err());
        let reason = waits.unwrap().reason;
        assert_eq!(reason, WaitReason::Account);
        let known = |recognised| throttle.take(email, recognised, &source(99), NOON);
        assert!(known(Recognised::Network).is_ok());
        assert!(known(Recognised::Browser(Digest::of("secret"))).is_ok());
        assert!(known(Recognised::No).is_err());
    }

    #[test]
    fn right_password_of_a_stranger_leaves_the_guesses_of_others_counted() {
        let throttle = Throttle::default();
        let email = "ada@example.com";
        let wrong = (1..=20).filter_map(|from| take(&throttle, email, from, NOON).ok());
        assert_eq!(wrong.count(), 20);
        for _ in 0..5 {
            let right = take(&throttle, email, 0, NOON).unwrap();
            throttle.succeeded(&right);
        }
        assert!(take(&throttle, email, 30, NOON).is_ok());
        assert!(take(&throttle, email, 31, NOON).is_err());
    }

    #[test]
    fn network_that_tries_many_accounts_waits_but_not_for_a_browser_that_is_known() {
        let throttle = Throttle::default();
        let spray = |number: u32| take(&throttle, &format!("{number}@example.com"), 0, NOON).err();
        let waits = (0..100).find_map(spray).unwrap();
        assert_eq!(waits.reason, WaitReason::Network);
        let known = Recognised::Browser(Digest::of("secret"));
        assert!(
            throttle
                .take("ada@example.com", known, &source(0), NOON)
                .is_ok()
        );
    }

    #[test]
    fn rank_is_the_number_of_tries_of_the_same_network() {
        let throttle = Throttle::default();
        let rank = |from| take(&throttle, "ada@example.com", from, NOON).unwrap().rank;
        assert_eq!([rank(0), rank(0), rank(1), rank(0)], [0, 1, 0, 2]);
    }

    #[test]
    fn try_that_was_not_compared_does_not_count() {
        let throttle = Throttle::default();
        for _ in 0..100 {
            let skipped = take(&throttle, "ada@example.com", 0, NOON).unwrap();
            throttle.not_compared(&skipped);
        }
    }
}
