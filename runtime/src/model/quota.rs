//! Quotas: how much a workspace may use in a day or a month, and the portions in which servers take
//! it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike as _, Months, NaiveDate, SecondsFormat};
use serde::{Deserialize, Serialize};

/// The most of a quota that a server takes at once.
const PORTION: u64 = 64;
/// A server takes at most this part of what is left, so that little of it is held by one server
/// while another one needs it.
const PART: u64 = 16;

/// How long a period of a quota is. Periods begin at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaPeriod {
    /// A day.
    Day,
    /// A calendar month.
    Month,
}

/// One period of a quota: from a time on, and up to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) starts: SystemTime,
    pub(crate) ends: SystemTime,
}

/// What a server asks for of the quota of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct QuotaRequest {
    /// The quota.
    pub(crate) limit: u64,
    /// What it needs now.
    pub(crate) least: u64,
}

impl QuotaPeriod {
    /// Returns the period that contains a time.
    pub(crate) fn at(self, now: SystemTime) -> Period {
        const DAY: Duration = Duration::from_hours(24);

        let passed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let midnight =
            UNIX_EPOCH + Duration::from_secs(passed.as_secs() / DAY.as_secs() * DAY.as_secs());
        let day = Period {
            starts: midnight,
            ends: midnight + DAY,
        };
        match self {
            QuotaPeriod::Day => day,
            // A time beyond those that a calendar is made for has days alone.
            QuotaPeriod::Month => month(now).unwrap_or(day),
        }
    }
}

fn month(now: SystemTime) -> Option<Period> {
    let passed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(passed.as_secs()).ok()?;
    let today = DateTime::from_timestamp(seconds, 0)?.date_naive();
    let first = today.with_day(1)?;
    Some(Period {
        starts: midnight(first)?,
        ends: midnight(first.checked_add_months(Months::new(1))?)?,
    })
}

fn midnight(date: NaiveDate) -> Option<SystemTime> {
    let seconds = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
    Some(UNIX_EPOCH + Duration::from_secs(seconds.try_into().ok()?))
}

impl Period {
    /// Reports whether a time is in the period.
    pub(crate) fn contains(&self, now: SystemTime) -> bool {
        self.starts <= now && now < self.ends
    }

    /// Returns the end of the period (RFC 3339, UTC).
    pub(crate) fn ends_at(&self) -> String {
        DateTime::<chrono::Utc>::from(self.ends).to_rfc3339_opts(SecondsFormat::Secs, true)
    }
}

impl QuotaRequest {
    /// Returns how much a server is granted where `used` was granted before: nothing where less is
    /// left than it needs, and near the end of a quota no more than that.
    pub(crate) fn granted(self, used: u64) -> u64 {
        let left = self.limit.saturating_sub(used);
        match self.least <= left {
            true => (left / PART).min(PORTION).max(self.least),
            false => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        DateTime::parse_from_rfc3339(text).unwrap().into()
    }

    #[test]
    fn day_and_month_begin_at_midnight_utc() {
        for (period, now, starts, ends) in [
            (
                QuotaPeriod::Day,
                "2026-02-28T23:59:59Z",
                "2026-02-28T00:00:00Z",
                "2026-03-01T00:00:00Z",
            ),
            (
                QuotaPeriod::Day,
                "2026-03-01T00:00:00Z",
                "2026-03-01T00:00:00Z",
                "2026-03-02T00:00:00Z",
            ),
            (
                QuotaPeriod::Month,
                "2028-02-29T12:00:00Z",
                "2028-02-01T00:00:00Z",
                "2028-03-01T00:00:00Z",
            ),
            (
                QuotaPeriod::Month,
                "2026-12-31T23:59:59Z",
                "2026-12-01T00:00:00Z",
                "2027-01-01T00:00:00Z",
            ),
        ] {
            let found = period.at(at(now));
            assert_eq!((found.starts, found.ends), (at(starts), at(ends)), "{now}");
            assert_eq!(found.ends_at(), ends);
            assert!(found.contains(at(now)) && !found.contains(at(ends)));
        }
    }

    #[test]
    fn portions_are_smaller_the_less_is_left_and_never_exceed_it() {
        let granted = |least, used| {
            QuotaRequest {
                limit: 10_000,
                least,
            }
            .granted(used)
        };
        assert_eq!(granted(1, 0), 64);
        assert_eq!(granted(1, 9_840), 10);
        assert_eq!(granted(1, 9_990), 1);
        assert_eq!(granted(1, 10_000), 0);
        assert_eq!(granted(100, 0), 100);
        assert_eq!(granted(11, 9_990), 0);
        // A quota that was lowered has nothing left.
        assert_eq!(granted(1, 20_000), 0);
    }
}
