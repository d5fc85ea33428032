//! Budgets of strangers: one for each source, and one for all of them.
//!
//! A flood from one address uses up the budget of that address. A flood from many addresses uses up
//! the budgets of the networks around them, and then the first half of the budget for everybody. The
//! second half is kept for sources that ask for the first time in a while, so that only a flood from
//! thousands of networks at once keeps a person out.

use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use hashlink::LruCache;
use ipnet::IpNet;

use super::bucket::{Keyed, Rate, Tokens};
use super::source::Source;
use crate::model::{Refused, Whose};

/// The most networks that are remembered.
const NETWORKS: usize = 16_384;
/// How many times the budget of an address the networks around it have, narrowest first. Neighbours
/// in IPv4 are different customers, so that a few of them must not use up the budget of the rest; an
/// IPv6 /48 or /32 usually belongs to one.
const AROUND_IPV4: [u32; 3] = [1, 64, 256];
const AROUND_IPV6: [u32; 3] = [1, 10, 100];
/// How many times the budget of an address a range has that many people share.
const SHARED: u32 = 20;
/// How often an address counts as one that asks for the first time in a while.
const FIRST: Rate = Rate::new(10, Duration::from_mins(1));

/// Whether a source asks for the first time in a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It does, or many people share it.
    First,
    /// It asked a while ago.
    Again,
}

/// Tokens of a source that were taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Whether the source asked for the first time in a while.
    pub(crate) standing: Standing,
    /// How many tokens of its own were gone before.
    pub(crate) used: u32,
}

/// The budgets of sources.
#[derive(Debug)]
pub(crate) struct Sources {
    rate: Rate,
    networks: Mutex<LruCache<IpNet, Network>>,
}

#[derive(Clone, Copy, Debug)]
struct Network {
    own: Tokens,
    first: Tokens,
}

impl Sources {
    /// Budgets of which an address has `rate`.
    pub(crate) fn new(rate: Rate) -> Sources {
        Sources {
            rate,
            networks: Mutex::new(LruCache::new(NETWORKS)),
        }
    }

    /// Takes `cost` tokens of a source and of the networks around it, or none.
    ///
    /// # Errors
    /// Where one of them has not so many.
    pub(crate) fn take(
        &self,
        source: &Source,
        cost: u32,
        now: SystemTime,
    ) -> Result<Taken, Refused> {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Taken {
            standing: Standing::First,
            used: 0,
        };
        let mut wait = Duration::ZERO;
        for (network, factor) in around(source).rev() {
            let (rate, first) = (self.rate.times(factor), FIRST.times(factor));
            let network = networks.entry(network).or_insert_with(|| Network {
                own: Tokens::full(rate),
                first: Tokens::full(first),
            });
            if let Err(missing) = network.own.check(rate, cost, 0, now) {
                wait = wait.max(missing);
            }
            if !source.is_shared() && network.first.check(first, 1, 0, now).is_err() {
                taken.standing = Standing::Again;
            }
            // The last one is the narrowest.
            taken.used = network.own.used(rate);
        }
        if !wait.is_zero() {
            let whose = Whose::Network;
            return Err(Refused { whose, wait });
        }
        for (network, _) in around(source) {
            if let Some(network) = networks.get_mut(&network) {
                network.own.take(cost);
                network.first.take(1);
            }
        }
        Ok(taken)
    }

    /// Returns tokens that were taken in vain.
    pub(crate) fn give_back(&self, source: &Source, cost: u32) {
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        for (network, factor) in around(source) {
            if let Some(network) = networks.get_mut(&network) {
                network.own.give_back(self.rate.times(factor), cost);
            }
        }
    }
}

/// The networks of a source, the narrowest first, and how many times the budget of an address each
/// has.
fn around(source: &Source) -> impl DoubleEndedIterator<Item = (IpNet, u32)> {
    let (networks, factors) = match source {
        Source::Address(networks) => (networks.as_slice(), factors(networks).as_slice()),
        Source::Shared(range) => (std::slice::from_ref(range), [SHARED].as_slice()),
    };
    networks.iter().copied().zip(factors.iter().copied())
}

fn factors(networks: &[IpNet; 3]) -> &'static [u32; 3] {
    match networks[0] {
        IpNet::V4(_) => &AROUND_IPV4,
        IpNet::V6(_) => &AROUND_IPV6,
    }
}

/// A budget of many sources together, half of which is for those who ask for the first time in a
/// while.
#[derive(Debug)]
pub(crate) struct Common<K: Eq + Hash = ()>(Keyed<K>);

impl<K: Eq + Hash> Common<K> {
    /// Budgets of this rate, for at most so many keys.
    pub(crate) fn new(rate: Rate, most: usize) -> Common<K> {
        Common(Keyed::new(rate, most))
    }

    /// Takes `cost` tokens of a key for a source of this standing.
    ///
    /// # Errors
    /// Where there are not so many.
    pub(crate) fn take(
        &self,
        key: K,
        standing: Standing,
        cost: u32,
        now: SystemTime,
    ) -> Result<(), Refused> {
        let keep = match standing {
            Standing::First => 0,
            Standing::Again => self.0.rate().burst / 2,
        };
        let taken = self.0.take_leaving(key, cost, keep, now);
        taken.map_err(|wait| Refused {
            whose: Whose::Everybody,
            wait,
        })
    }
}

/// The rates of a [`Budget`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Of one address.
    pub(crate) address: Rate,
    /// Of all together.
    pub(crate) everybody: Rate,
}

/// A budget for each source, and then one for all. A range that many people share has only its own,
/// so that no flood from elsewhere stops an assistant.
#[derive(Debug)]
pub(crate) struct Budget {
    sources: Sources,
    everybody: Common,
}

impl Budget {
    /// Full budgets.
    pub(crate) fn new(limits: Limits) -> Budget {
        Budget {
            sources: Sources::new(limits.address),
            everybody: Common::new(limits.everybody, 1),
        }
    }

    /// Takes `cost` tokens.
    ///
    /// # Errors
    /// Where there are not so many.
    pub(crate) fn take(&self, source: &Source, cost: u32, now: SystemTime) -> Result<(), Refused> {
        let taken = self.sources.take(source, cost, now)?;
        match source.is_shared() {
            true => Ok(()),
            false => self.everybody.take((), taken.standing, cost, now),
        }
    }

    /// Returns tokens of a source that were taken, which stay taken from all together.
    pub(crate) fn give_back(&self, source: &Source, cost: u32) {
        self.sources.give_back(source, cost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Ranges;

    const NOON: SystemTime = SystemTime::UNIX_EPOCH;
    const LIMITS: Limits = Limits {
        address: Rate::new(20, Duration::from_secs(1)),
        everybody: Rate::new(200, Duration::from_secs(1)),
    };
    const WIDE: Limits = Limits {
        everybody: Rate::new(100_000, Duration::from_secs(1)),
        ..LIMITS
    };

    fn source(address: &str) -> Source {
        let shared = Ranges::parse(&["160.79.104.0/21".to_owned()]).unwrap();
        Source::of(address.parse().unwrap(), &shared)
    }

    fn taken(budget: &Budget, address: &str, times: u32) -> u32 {
        let taken = |_: &u32| budget.take(&source(address), 1, NOON).is_ok();
        (0..times).filter(taken).count().try_into().unwrap()
    }

    #[test]
    fn address_at_full_speed_uses_up_its_own_budget() {
        let budget = Budget::new(LIMITS);
        assert_eq!(taken(&budget, "203.0.113.1", 1000), 20);
        assert_eq!(taken(&budget, "203.0.113.2", 20), 20);
        let refused = budget.take(&source("203.0.113.1"), 1, NOON).unwrap_err();
        assert_eq!((refused.whose, refused.retry_after()), (Whose::Network, 1));
    }

    #[test]
    fn few_addresses_do_not_use_up_the_budget_of_their_neighbours() {
        let budget = Budget::new(WIDE);
        for last in 1..=32 {
            taken(&budget, &format!("203.0.113.{last}"), 1000);
        }
        assert_eq!(taken(&budget, "203.0.113.200", 20), 20);
    }

    #[test]
    fn addresses_of_one_network_use_up_its_budget() {
        let budget = Budget::new(WIDE);
        let ipv4: u32 = (0..200)
            .map(|last| taken(&budget, &format!("203.0.113.{last}"), 20))
            .sum();
        assert_eq!(ipv4, 64 * 20);
        assert_eq!(taken(&budget, "203.0.112.1", 1), 1);
        let ipv6: u32 = (0..200)
            .map(|net| taken(&budget, &format!("2001:db8:7:{net}::1"), 20))
            .sum();
        assert_eq!(ipv6, 10 * 20);
        assert_eq!(taken(&budget, "2001:db8:8::1", 1), 1);
    }

    #[test]
    fn sources_that_ask_again_leave_half_of_the_common_budget() {
        let budget = Budget::new(LIMITS);
        let all: u32 = (0..8)
            .map(|net| taken(&budget, &format!("{net}.0.0.1"), 100))
            .sum();
        // Five use up the first half, and the others are let in as often as for the first time.
        assert_eq!(all, 5 * 20 + 3 * 10);
        assert_eq!(taken(&budget, "203.0.113.1", 20), 10);
    }

    #[test]
    fn shared_range_has_a_larger_budget_of_its_own_and_no_other() {
        let budget = Budget::new(LIMITS);
        for net in 0..100 {
            taken(&budget, &format!("{net}.0.0.1"), 100);
        }
        let all = taken(&budget, "160.79.104.1", 300) + taken(&budget, "160.79.105.1", 300);
        assert_eq!(all, 20 * 20);
    }
}
