//! The clock of this machine, compared with the dates that others answer with.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::DATE;

use super::finding::{Finding, Subject};

/// How far the clock may be off: tokens of an identity provider with a time limit of a minute are
/// refused beyond.
const TOLERANCE: Duration = Duration::from_secs(60);

/// The dates of answers (RFC 9110 §6.6.1), each with when it came and whose it is.
#[derive(Debug, Default)]
pub(super) struct Dates {
    seen: Vec<(String, SystemTime, SystemTime)>,
}

impl Dates {
    /// Notes the date of an answer that came at `now`.
    pub(super) fn note(&mut self, whose: &str, headers: &HeaderMap, now: SystemTime) {
        let date = headers.get(DATE).and_then(|value| value.to_str().ok());
        if let Some(date) = date.and_then(|text| httpdate::parse_http_date(text).ok()) {
            self.seen.push((whose.to_owned(), date, now));
        }
    }

    /// Compares the clock with all of them. The largest difference counts.
    pub(super) fn finding(&self) -> Finding {
        let difference = |date: SystemTime, at: SystemTime| {
            let later = at.duration_since(date);
            later.unwrap_or_else(|earlier| earlier.duration())
        };
        let differences = self.seen.iter();
        let largest = differences.max_by_key(|(_, date, at)| difference(*date, *at));
        let Some((whose, date, at)) = largest else {
            return Finding::skipped(Subject::Clock, "no answer had a date to compare with");
        };
        let off = difference(*date, *at).as_secs();
        if off <= TOLERANCE.as_secs() {
            return Finding::sound(Subject::Clock, format!("within {off} s of {whose}"));
        }
        let word = if at > date { "ahead of" } else { "behind" };
        Finding::faulty(
            Subject::Clock,
            format!("is {off} s {word} the clock of {whose}"),
            "synchronize the clock of this machine, for example with systemd-timesyncd or chrony",
        )
    }
}
