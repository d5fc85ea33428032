//! How much strangers may begin: authorization requests and registrations. Documents of clients have
//! their own budgets, in `fetches`.

use std::time::{Duration, SystemTime};

use crate::account::Browser;
use crate::limit::{Budget, Keyed, Limits, Rate, Source};
use crate::model::{PersonId, Refused, Whose};
use crate::store::Share;
use crate::token::Digest;

/// Authorization requests of strangers.
const AUTHORIZATIONS: Limits = Limits {
    address: Rate::new(120, Duration::from_secs(2)),
    everybody: Rate::new(12_000, Duration::from_millis(50)),
};
/// Authorization requests of one browser that is not known, and of one person.
const OF_BROWSER: Rate = Rate::new(60, Duration::from_secs(5));
/// Registrations.
const REGISTRATIONS: Limits = Limits {
    address: Rate::new(60, Duration::from_secs(10)),
    everybody: Rate::new(3000, Duration::from_secs(1)),
};
/// The most browsers and people that are remembered.
const MOST: usize = 10_000;
/// Bytes of what is kept that cost as much as one request more.
const BYTES: usize = 1024;
/// The most that is kept of one source: authorization requests, registered clients and documents of
/// clients without a connection.
const KEPT: u32 = 200;
/// The same of a range that many people share.
const KEPT_OF_RANGE: u32 = 2000;

/// The budgets of what is kept for strangers.
#[derive(Debug)]
pub(super) struct Budgets {
    people: Keyed<PersonId>,
    browsers: Keyed<Digest>,
    authorizations: Budget,
    registrations: Budget,
}

impl Default for Budgets {
    fn default() -> Budgets {
        Budgets {
            people: Keyed::new(OF_BROWSER, MOST),
            browsers: Keyed::new(OF_BROWSER, MOST),
            authorizations: Budget::new(AUTHORIZATIONS),
            registrations: Budget::new(REGISTRATIONS),
        }
    }
}

impl Budgets {
    /// Takes an authorization request that is kept in so many bytes. One that is known to be of a
    /// person counts for that person alone, so that no flood stops them, not even one from their
    /// own network. Any other counts for its browser, its network, and then for everybody.
    ///
    /// # Errors
    /// Where there are too many.
    pub(super) fn authorization(
        &self,
        browser: &Browser,
        person: Option<PersonId>,
        bytes: usize,
    ) -> Result<(), Refused> {
        let (cost, now) = (cost(bytes), browser.at);
        let whose = Whose::Browser;
        let refused = |wait| Refused { whose, wait };
        if let Some(person) = person {
            return self.people.take(person, cost, now).map_err(refused);
        }
        if let Some(identity) = browser.identity() {
            self.browsers.take(identity, cost, now).map_err(refused)?;
        }
        self.authorizations.take(&browser.source, cost, now)
    }

    /// Takes a registration that is kept in so many bytes.
    ///
    /// # Errors
    /// Where there are too many.
    pub(super) fn registration(
        &self,
        source: &Source,
        bytes: usize,
        now: SystemTime,
    ) -> Result<(), Refused> {
        self.registrations.take(source, cost(bytes), now)
    }
}

fn cost(bytes: usize) -> u32 {
    u32::try_from(bytes / BYTES).map_or(u32::MAX, |more| more.saturating_add(1))
}

/// How much of what strangers have kept may be of one source.
pub(super) fn share(source: &Source) -> Share {
    Share {
        source: source.digest(),
        most: match source.is_shared() {
            true => KEPT_OF_RANGE,
            false => KEPT,
        },
    }
}
