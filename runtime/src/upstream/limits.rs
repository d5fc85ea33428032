//! What an answer's headers say about waiting, rate limits and its own id.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use http::HeaderMap;
use serde::Serialize;

/// The API's rate limit, as the header fields of its answer state it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RateLimit {
    /// Requests allowed in a window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// Requests left in this window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remaining: Option<u64>,
    /// When the window ends (RFC 3339, UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_at: Option<String>,
}

/// Header fields in which APIs send the id of a request, the most usual first.
const REQUEST_IDS: &[&str] = &[
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-ms-request-id",
    "x-github-request-id",
    "x-trace-id",
    "cf-ray",
];

/// A number of seconds above this is a point in time, not a span (2001-09-09).
const EPOCH_SECONDS: u64 = 1_000_000_000;
/// The same in milliseconds.
const EPOCH_MILLISECONDS: u64 = EPOCH_SECONDS * 1000;

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// The API's own id of a request.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    REQUEST_IDS
        .iter()
        .find_map(|name| text(headers, name))
        .map(|id| id.chars().take(200).collect())
}

/// `Retry-After` in seconds: as a number or as a date (RFC 9110 §10.2.3), which counts from `now`.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<u64> {
    let value = text(headers, "retry-after")?;
    if let Some(seconds) = whole(value) {
        return Some(seconds);
    }
    let date = httpdate::parse_http_date(value).ok()?;
    // Rounded up: waiting a little too long is right, too short is wrong.
    let wait = date.duration_since(now).unwrap_or_default();
    Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
}

/// The rate limit, from `RateLimit` and `RateLimit-Policy` (structured fields of the IETF draft),
/// its older `RateLimit-Limit` … or the customary `X-RateLimit-Limit` ….
pub(super) fn rate_limit(headers: &HeaderMap, now: SystemTime) -> Option<RateLimit> {
    let one = |suffix: &str| {
        ["ratelimit-", "x-ratelimit-", "x-rate-limit-"]
            .iter()
            .find_map(|prefix| text(headers, &format!("{prefix}{suffix}")))
    };
    let structured = text(headers, "ratelimit")
        .map(first_item)
        .unwrap_or_default();
    let policy = text(headers, "ratelimit-policy")
        .map(first_item)
        .unwrap_or_default();
    let limit = one("limit")
        .and_then(whole)
        .or_else(|| parameter(structured, "limit"))
        .or_else(|| parameter(policy, "q"));
    let remaining = one("remaining")
        .and_then(whole)
        .or_else(|| parameter(structured, "remaining"))
        .or_else(|| parameter(structured, "r"));
    let reset = match one("reset") {
        Some(value) => moment(value, now),
        None => parameter(structured, "reset")
            .or_else(|| parameter(structured, "t"))
            .and_then(|seconds| now.checked_add(Duration::from_secs(seconds))),
    };
    let limit = RateLimit {
        limit,
        remaining,
        reset_at: reset.and_then(rfc_3339),
    };
    (limit != RateLimit::default()).then_some(limit)
}

/// A number without sign, its fraction (and anything after a comma or semicolon) left out.
fn whole(text: &str) -> Option<u64> {
    let number = text.split([',', ';']).next()?.trim();
    let digits = number.split('.').next()?;
    digits.parse().ok()
}

/// The first item of a list of structured fields (RFC 9651).
fn first_item(list: &str) -> &str {
    list.split(", \"").next().unwrap_or(list)
}

/// A parameter of an item, or a member of a dictionary: `;r=5`, `limit=5`.
fn parameter(item: &str, name: &str) -> Option<u64> {
    item.split([';', ','])
        .filter_map(|part| part.trim().split_once('='))
        .find(|(key, _)| key.trim() == name)
        .and_then(|(_, value)| whole(value))
}

/// A point in time given as seconds or milliseconds since 1970, as a date, or as seconds from now.
fn moment(text: &str, now: SystemTime) -> Option<SystemTime> {
    if let Some(number) = whole(text) {
        return match number {
            EPOCH_MILLISECONDS.. => UNIX_EPOCH.checked_add(Duration::from_millis(number)),
            EPOCH_SECONDS.. => UNIX_EPOCH.checked_add(Duration::from_secs(number)),
            _ => now.checked_add(Duration::from_secs(number)),
        };
    }
    httpdate::parse_http_date(text).ok().or_else(|| {
        DateTime::parse_from_rfc3339(text)
            .ok()
            .map(SystemTime::from)
    })
}

fn rfc_3339(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    let timestamp = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    Some(timestamp.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    /// 2026-01-01T00:00:00Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    fn limit(pairs: &[(&'static str, &'static str)]) -> RateLimit {
        rate_limit(&headers(pairs), now()).unwrap()
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        for (value, seconds) in [
            ("120", Some(120)),
            ("Thu, 01 Jan 2026 00:00:30 GMT", Some(30)),
            ("Wed, 01 Jan 2025 00:00:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(
                retry_after(&headers(&[("retry-after", value)]), now()),
                seconds,
                "{value}"
            );
        }
    }

    #[test]
    fn every_spelling_of_a_reset_is_a_moment() {
        for value in [
            "60",
            "1767225660",
            "1767225660000",
            "2026-01-01T00:01:00Z",
            "Thu, 01 Jan 2026 00:01:00 GMT",
        ] {
            assert_eq!(
                limit(&[("x-ratelimit-reset", value)]).reset_at.as_deref(),
                Some("2026-01-01T00:01:00Z"),
                "{value}"
            );
        }
    }

    #[test]
    fn both_forms_of_the_draft_are_read() {
        let expected = RateLimit {
            limit: Some(100),
            remaining: Some(5),
            reset_at: Some("2026-01-01T00:01:00Z".to_owned()),
        };
        let separate = [
            ("ratelimit-limit", "100, 100;w=60"),
            ("ratelimit-remaining", "5"),
            ("ratelimit-reset", "60"),
        ];
        assert_eq!(limit(&separate), expected);
        assert_eq!(
            limit(&[("ratelimit", "limit=100, remaining=5, reset=60")]),
            expected
        );
        let structured = [
            ("ratelimit-policy", "\"a\";q=100;w=60, \"b\";q=9"),
            ("ratelimit", "\"a\";r=5;t=60"),
        ];
        assert_eq!(limit(&structured), expected);
    }

    #[test]
    fn silence_is_no_limit() {
        assert_eq!(rate_limit(&HeaderMap::new(), now()), None);
    }

    #[test]
    fn huge_numbers_do_not_overflow() {
        let pairs = [
            ("x-ratelimit-reset", "18446744073709551615"),
            ("x-ratelimit-limit", "999999999999999999999"),
        ];
        assert_eq!(rate_limit(&headers(&pairs), now()), None);
    }

    #[test]
    fn the_most_usual_id_is_taken() {
        let headers = headers(&[("cf-ray", "c"), ("x-request-id", "a")]);
        assert_eq!(request_id(&headers).as_deref(), Some("a"));
    }
}
