//! How long the API asks to wait before the same request is sent again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDateTime};
use http::HeaderMap;

/// A number of seconds from this one on is a point in time, not a span (2001-09-09).
const EPOCH_SECONDS: f64 = 1e9;
/// The same in milliseconds.
const EPOCH_MILLISECONDS: f64 = 1e12;
/// The longest wait that is reported, in seconds: 31 days. What is longer is taken for a mistake.
const LONGEST: u64 = 31 * 24 * 60 * 60;

/// Header fields that say how long to wait in milliseconds.
const IN_MILLISECONDS: [&str; 2] = ["retry-after-ms", "x-ms-retry-after-ms"];

/// Returns how long to wait in whole seconds, rounded up, since waiting too short is wrong:
/// `Retry-After` as a number or as a date (RFC 9110 §10.2.3), or its customary forms in
/// milliseconds. A wait of more than 31 days is ignored.
pub(in crate::upstream) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let milliseconds = IN_MILLISECONDS.iter().find_map(|name| {
        let number: f64 = text(headers, name)?.parse().ok()?;
        bounded(span(number / 1000.0)?)
    });
    milliseconds.or_else(|| {
        let until = moment(text(headers, "retry-after")?, now)?;
        bounded(until.duration_since(now).unwrap_or_default())
    })
}

/// Rounds a wait up to whole seconds, and ignores one that is longer than 31 days.
pub(super) fn bounded(wait: Duration) -> Option<u64> {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    (seconds <= LONGEST).then_some(seconds)
}

/// The value of a header field without the blanks around it.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty()).then_some(value)
}

/// Reads a point in time: seconds or milliseconds since 1970, seconds from now, a span such as
/// `6m0s` or `250ms`, an HTTP date, or a date of RFC 3339, also one without seconds.
pub(super) fn moment(value: &str, now: SystemTime) -> Option<SystemTime> {
    if let Ok(number) = value.parse::<f64>() {
        return match number {
            _ if number >= EPOCH_MILLISECONDS => UNIX_EPOCH.checked_add(span(number / 1000.0)?),
            _ if number >= EPOCH_SECONDS => UNIX_EPOCH.checked_add(span(number)?),
            _ => now.checked_add(span(number)?),
        };
    }
    if let Some(span) = span_with_units(value) {
        return now.checked_add(span);
    }
    let date = httpdate::parse_http_date(value).ok();
    let date = date.or_else(|| {
        let date = DateTime::parse_from_rfc3339(value).ok()?;
        Some(SystemTime::from(date))
    });
    date.or_else(|| {
        let date = NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%MZ").ok()?;
        Some(SystemTime::from(date.and_utc()))
    })
}

/// A span of seconds that is neither negative nor beyond what a clock can add.
pub(super) fn span(seconds: f64) -> Option<Duration> {
    let seconds = (0.0..EPOCH_MILLISECONDS)
        .contains(&seconds)
        .then_some(seconds)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// A span as numbers with units, such as `1h2m3.5s`, `250ms` or `30s`.
pub(super) fn span_with_units(value: &str) -> Option<Duration> {
    let mut rest = value;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit() && it != '.')?;
        let (number, units) = rest.split_at(digits);
        let end = units
            .find(|it: char| !it.is_ascii_alphabetic())
            .unwrap_or(units.len());
        let (unit, next) = units.split_at(end);
        let factor = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = next;
    }
    (!value.is_empty()).then(|| span(seconds)).flatten()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    /// 2026-01-01T00:00:00Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    fn wait(name: &'static str, value: &'static str) -> Option<u64> {
        let name = HeaderName::from_static(name);
        let headers = [(name, HeaderValue::from_static(value))];
        retry_after(&headers.into_iter().collect(), now())
    }

    #[test]
    fn every_form_of_retry_after_is_a_number_of_seconds() {
        for (value, seconds) in [
            ("120", Some(120)),
            ("1.2", Some(2)),
            ("0", Some(0)),
            ("Thu, 01 Jan 2026 00:00:30 GMT", Some(30)),
            ("Wed, 01 Jan 2025 00:00:00 GMT", Some(0)),
            ("2026-01-01T00:00:30Z", Some(30)),
            ("1767225630", Some(30)),
            ("30s", Some(30)),
            ("soon", None),
            ("-1", None),
            ("NaN", None),
            ("inf", None),
            ("", None),
            ("99999999", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(wait("retry-after", value), seconds, "{value}");
        }
    }

    #[test]
    fn milliseconds_are_rounded_up_to_seconds() {
        assert_eq!(wait("retry-after-ms", "1500"), Some(2));
        assert_eq!(wait("x-ms-retry-after-ms", "20"), Some(1));
    }

    #[test]
    fn spans_with_units_are_added_up() {
        for (value, seconds) in [("6m0s", 360.0), ("1h2m3.5s", 3723.5), ("250ms", 0.25)] {
            assert_eq!(span_with_units(value), span(seconds), "{value}");
        }
        for broken in ["", "s", "5", "5x", "1.2.3s", "é"] {
            assert_eq!(span_with_units(broken), None, "{broken}");
        }
    }
}
