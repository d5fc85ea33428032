//! The API's rate limit, from the header fields of its answer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use http::HeaderMap;
use serde::Serialize;
use sfv::{Dictionary, Item, List, ListEntry, Parameters, Parser};

use super::wait;

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

/// One of the limits that an API applies at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Window {
    limit: Option<u64>,
    remaining: Option<u64>,
    resets: Option<SystemTime>,
}

/// Returns the tightest limit: the one with the smallest share left, and of several the one that
/// resets last. It reads `RateLimit` and `RateLimit-Policy` (structured fields of the IETF draft,
/// RFC 9651), and else the customary fields, such as `X-RateLimit-Remaining`.
pub(in crate::upstream) fn rate_limit(headers: &HeaderMap, now: SystemTime) -> Option<RateLimit> {
    let mut windows = structured(headers, now);
    if windows.is_empty() {
        windows = customary(headers, now);
    }
    let tightest = windows
        .into_iter()
        .filter(|it| *it != Window::default())
        .min_by(|a, b| {
            let share = a.share().total_cmp(&b.share());
            share.then_with(|| b.resets.cmp(&a.resets))
        })?;
    Some(RateLimit {
        limit: tightest.limit,
        remaining: tightest.remaining,
        reset_at: tightest.resets.and_then(rfc_3339),
    })
}

impl RateLimit {
    /// Returns the seconds until the window ends, where no request is left in it.
    pub(in crate::upstream) fn wait(&self, now: SystemTime) -> Option<u64> {
        if self.remaining.is_some_and(|remaining| remaining > 0) {
            return None;
        }
        let reset = DateTime::parse_from_rfc3339(self.reset_at.as_deref()?).ok()?;
        let wait = SystemTime::from(reset)
            .duration_since(now)
            .unwrap_or_default();
        wait::bounded(wait)
    }
}

impl Window {
    /// The share of the limit that is left; where no limit is known, that of a limit of a million.
    fn share(&self) -> f64 {
        match (self.remaining, self.limit) {
            (Some(remaining), Some(limit)) => remaining as f64 / limit.max(1) as f64,
            (Some(remaining), None) => remaining as f64 / 1e6,
            (None, _) => f64::MAX,
        }
    }
}

/// The windows of `RateLimit`, in any form that the draft had: a list of items such as
/// `"day";r=5;t=60`, or a dictionary such as `limit=100, remaining=5, reset=60`.
fn structured(headers: &HeaderMap, now: SystemTime) -> Vec<Window> {
    let policies: BTreeMap<String, u64> = items(&joined(headers, "ratelimit-policy"))
        .into_iter()
        .filter_map(|item| Some((name(&item), number(&item.params, "q")?)))
        .collect();
    let field = joined(headers, "ratelimit");
    let resets = |seconds| now.checked_add(Duration::from_secs(seconds));
    if let Ok(members) = Parser::new(&field).parse::<Dictionary>() {
        let member = |name| match members.get(name) {
            Some(ListEntry::Item(item)) => item.bare_item.as_integer().and_then(whole),
            _ => None,
        };
        let window = Window {
            limit: member("limit"),
            remaining: member("remaining"),
            resets: member("reset").and_then(resets),
        };
        if window != Window::default() {
            return vec![window];
        }
    }
    let windows = items(&field).into_iter().map(|item| Window {
        limit: policies.get(&name(&item)).copied(),
        remaining: number(&item.params, "r"),
        resets: number(&item.params, "t").and_then(resets),
    });
    windows.collect()
}

/// The values of all fields of this name, as one.
fn joined(headers: &HeaderMap, name: &str) -> String {
    let values = headers.get_all(name).iter();
    let values: Vec<_> = values.filter_map(|value| value.to_str().ok()).collect();
    values.join(", ")
}

fn items(list: &str) -> Vec<Item> {
    let list = Parser::new(list).parse::<List>().unwrap_or_default();
    let items = list.into_iter().filter_map(|entry| match entry {
        ListEntry::Item(item) => Some(item),
        ListEntry::InnerList(_) => None,
    });
    items.collect()
}

/// The name of a policy, which is a string, and was a token in older drafts.
fn name(item: &Item) -> String {
    let text = item.bare_item.as_string().map(|it| it.as_str().to_owned());
    let token = || item.bare_item.as_token().map(|it| it.as_str().to_owned());
    text.or_else(token).unwrap_or_default()
}

fn number(parameters: &Parameters, name: &str) -> Option<u64> {
    whole(parameters.get(name)?.as_integer()?)
}

fn whole(number: sfv::Integer) -> Option<u64> {
    u64::try_from(i64::from(number)).ok()
}

/// The windows of fields whose names contain `ratelimit`, grouped by the other words of the name:
/// `X-RateLimit-Remaining-Minute` and `X-RateLimit-Limit-Minute` belong together.
fn customary(headers: &HeaderMap, now: SystemTime) -> Vec<Window> {
    let mut windows: BTreeMap<String, Window> = BTreeMap::new();
    for (field, value) in headers {
        let field = field.as_str().replace("rate-limit", "ratelimit");
        let Ok(value) = value.to_str().map(str::trim) else {
            continue;
        };
        if field.ends_with("-call-limit")
            && let Some((used, limit)) = value.split_once('/')
            && let (Some(used), Some(limit)) = (count(used), count(limit))
        {
            let window = windows.entry(field).or_default();
            window.limit = Some(limit);
            window.remaining = Some(limit.saturating_sub(used));
            continue;
        }
        let words: Vec<_> = field.split(['-', '_']).collect();
        if !words.contains(&"ratelimit") {
            continue;
        }
        let is_member = |word: &&str| matches!(*word, "limit" | "max" | "remaining" | "reset");
        let Some(member) = words.iter().copied().find(|word| is_member(word)) else {
            continue;
        };
        const UNITS: [&str; 6] = ["x", "ratelimit", "after", "ms", "milliseconds", "seconds"];
        let of_group = |word: &&str| !is_member(word) && !UNITS.contains(word);
        let group: Vec<_> = words.iter().copied().filter(of_group).collect();
        let window = windows.entry(group.join("-")).or_default();
        match member {
            "remaining" => window.remaining = count(value).or(window.remaining),
            "reset" => window.resets = reset(&words, value, now).or(window.resets),
            _ => window.limit = count(value).or(window.limit),
        }
    }
    windows.into_values().collect()
}

/// When a window ends, by a field with these words in its name.
fn reset(words: &[&str], value: &str, now: SystemTime) -> Option<SystemTime> {
    let first = value.split([';', ',']).next().unwrap_or(value).trim();
    let is_in = |unit: &&str| matches!(*unit, "ms" | "milliseconds");
    // A vendor's prefix, as in `x-ms-ratelimit-reset`, is not a unit.
    let mut after = words.iter().skip_while(|word| **word != "reset");
    match first.parse::<f64>() {
        Ok(number) if number < 1e9 && after.any(is_in) => {
            now.checked_add(wait::span(number / 1000.0)?)
        }
        Ok(_) => wait::moment(first, now),
        Err(_) => wait::moment(value, now),
    }
}

/// A number without sign. Its fraction, and anything after a comma or semicolon, is left out.
fn count(text: &str) -> Option<u64> {
    let number = text.split([',', ';']).next()?.trim();
    number.split('.').next()?.parse().ok()
}

fn rfc_3339(time: SystemTime) -> Option<String> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    let seconds = since.as_secs() + u64::from(since.subsec_nanos() > 0);
    let timestamp = DateTime::from_timestamp(i64::try_from(seconds).ok()?, 0)?;
    Some(timestamp.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    type Pairs<'a> = &'a [(&'static str, &'static str)];

    /// 2026-01-01T00:00:00Z.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    fn read(pairs: Pairs) -> Option<RateLimit> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        rate_limit(&headers, now())
    }

    fn limit(limit: u64, remaining: u64, reset: &str) -> Option<RateLimit> {
        Some(RateLimit {
            limit: Some(limit),
            remaining: Some(remaining),
            reset_at: Some(format!("2026-01-01T{reset}Z")),
        })
    }

    #[test]
    fn every_spelling_of_a_reset_is_a_moment() {
        for value in [
            "60",
            "59.2",
            "1767225660",
            "1767225660000",
            "1767225660.0",
            "1m0s",
            "2026-01-01T00:01:00Z",
            "2026-01-01T00:01Z",
            "Thu, 01 Jan 2026 00:01:00 GMT",
            "60;w=60",
        ] {
            let read = read(&[("x-ratelimit-reset", value)]).unwrap();
            let reset = read.reset_at.as_deref();
            assert_eq!(reset, Some("2026-01-01T00:01:00Z"), "{value}");
        }
    }

    #[test]
    fn all_forms_of_the_draft_are_read() {
        let expected = limit(100, 5, "00:01:00");
        let forms: [Pairs; 4] = [
            &[
                ("ratelimit-limit", "100, 100;w=60"),
                ("ratelimit-remaining", "5"),
                ("ratelimit-reset", "60"),
            ],
            &[("ratelimit", "limit=100, remaining=5, reset=60")],
            &[
                ("ratelimit-policy", "\"a\";q=100;w=60, \"b\";q=9"),
                ("ratelimit", "\"a\";r=5;t=60"),
            ],
            &[
                ("ratelimit-policy", "a;q=100"),
                ("ratelimit-policy", "b;q=10"),
                ("ratelimit", "b;r=9;t=5"),
                ("ratelimit", "a;r=5;t=60"),
            ],
        ];
        for form in forms {
            assert_eq!(read(form), expected, "{form:?}");
        }
    }

    #[test]
    fn the_tightest_item_counts() {
        let policy = ("ratelimit-policy", "\"hour\";q=1000, \"day\";q=5000");
        let day = [
            policy,
            ("ratelimit", "\"hour\";r=900;t=9, \"day\";r=0;t=60"),
        ];
        assert_eq!(read(&day), limit(5000, 0, "00:01:00"));
        let both = [policy, ("ratelimit", "\"hour\";r=0;t=9, \"day\";r=0;t=60")];
        assert_eq!(read(&both), limit(5000, 0, "00:01:00"));
    }

    #[test]
    fn customary_families_are_grouped_by_name() {
        let families: [(Pairs, Option<RateLimit>); 7] = [
            (
                &[
                    ("x-rate-limit-limit", "9"),
                    ("x-rate-limit-remaining", "3"),
                    ("x-rate-limit-reset", "1767225660"),
                ],
                limit(9, 3, "00:01:00"),
            ),
            (
                &[
                    ("x-ratelimit-limit-requests", "60"),
                    ("x-ratelimit-remaining-requests", "59"),
                    ("x-ratelimit-reset-requests", "1s"),
                    ("x-ratelimit-limit-tokens", "150000"),
                    ("x-ratelimit-remaining-tokens", "0"),
                    ("x-ratelimit-reset-tokens", "6m0s"),
                ],
                limit(150_000, 0, "00:06:00"),
            ),
            (
                &[
                    ("vendor-ratelimit-requests-limit", "50"),
                    ("vendor-ratelimit-requests-remaining", "0"),
                    ("vendor-ratelimit-requests-reset", "2026-01-01T00:00:30Z"),
                ],
                limit(50, 0, "00:00:30"),
            ),
            (
                &[
                    ("x-ratelimit-limit", "5"),
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1767225661.5"),
                    ("x-ratelimit-reset-after", "1.5"),
                    ("x-ratelimit-bucket", "abcd"),
                ],
                limit(5, 0, "00:00:02"),
            ),
            (
                &[
                    ("x-ratelimit-limit-minute", "20"),
                    ("x-ratelimit-remaining-minute", "0"),
                    ("x-ratelimit-limit-hour", "500"),
                    ("x-ratelimit-remaining-hour", "499"),
                    ("ratelimit-reset", "30"),
                ],
                Some(RateLimit {
                    limit: Some(20),
                    remaining: Some(0),
                    reset_at: None,
                }),
            ),
            (
                &[
                    ("x-ratelimit-max", "100"),
                    ("x-ratelimit-remaining", "7"),
                    ("x-ratelimit-reset-ms", "1500"),
                ],
                limit(100, 7, "00:00:02"),
            ),
            (
                &[("x-shop-api-call-limit", "39/40")],
                Some(RateLimit {
                    limit: Some(40),
                    remaining: Some(1),
                    reset_at: None,
                }),
            ),
        ];
        for (headers, expected) in families {
            assert_eq!(read(headers), expected, "{headers:?}");
        }
    }

    #[test]
    fn silence_and_nonsense_are_no_limit() {
        assert_eq!(read(&[]), None);
        for value in ["", "soon", "-5", "99999999999999999999999", "\"a\";r"] {
            for name in ["x-ratelimit-reset", "x-ratelimit-limit", "ratelimit"] {
                let name: &'static str = name;
                assert_eq!(read(&[(name, value)]), None, "{name}: {value}");
            }
        }
    }

    #[test]
    fn an_exhausted_window_says_how_long_to_wait() {
        let wait = |pairs: Pairs| read(pairs).unwrap().wait(now());
        let reset = ("x-ratelimit-reset", "42");
        assert_eq!(wait(&[reset]), Some(42));
        assert_eq!(wait(&[reset, ("x-ratelimit-remaining", "0")]), Some(42));
        assert_eq!(wait(&[reset, ("x-ratelimit-remaining", "1")]), None);
    }
}
