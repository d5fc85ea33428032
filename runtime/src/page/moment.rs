//! Points in time as a person reads them.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use serde::Serialize;

/// A point in time, for a machine and for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Moment {
    /// RFC 3339, UTC.
    datetime: String,
    /// `21 Nov 2026, 09:43 UTC`.
    text: String,
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Moment {
        // A time outside the years that `chrono` knows is shown as 1970.
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).ok();
        let time = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let time = time.unwrap_or(DateTime::UNIX_EPOCH);
        Moment {
            datetime: time.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            text: time.format("%-d %b %Y, %H:%M UTC").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_utc() {
        let moment = Moment::from(SystemTime::UNIX_EPOCH);
        assert_eq!(moment.datetime, "1970-01-01T00:00:00Z");
        assert_eq!(moment.text, "1 Jan 1970, 00:00 UTC");
    }
}
