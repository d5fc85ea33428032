//! The meaning of an API's own error code, where its HTTP status says less.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// A reason that HTTP statuses do not distinguish, or that an API reports under another status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// Too many requests in a short time.
    RateLimited,
    /// Too many requests: in a short time, or of the allowance of a day, as the status says.
    RequestLimit,
    /// The allowance of a day, a month or a plan is used up.
    QuotaExceeded,
    /// The credential lacks a scope.
    InsufficientScope,
    /// The credential is missing, wrong or no longer good.
    Unauthenticated,
    /// Credits or a payment are missing.
    PaymentRequired,
    /// The object does not exist.
    NotFound,
    /// The request does not fit the current state.
    Conflict,
    /// The credential is not allowed to do this.
    Forbidden,
    /// The API failed.
    Failed,
}

/// Parts of codes, without case and punctuation, the most specific first.
const PARTS: &[(&str, Meaning)] = &[
    ("quota", Meaning::QuotaExceeded),
    ("dailylimit", Meaning::QuotaExceeded),
    ("monthlylimit", Meaning::QuotaExceeded),
    ("usagelimit", Meaning::QuotaExceeded),
    ("usagecap", Meaning::QuotaExceeded),
    ("planlimit", Meaning::QuotaExceeded),
    ("ratelimit", Meaning::RateLimited),
    ("toomanyrequests", Meaning::RateLimited),
    ("throttl", Meaning::RateLimited),
    ("throughputexceeded", Meaning::RateLimited),
    ("requestlimitexceeded", Meaning::RequestLimit),
    ("resourceexhausted", Meaning::RateLimited),
    ("insufficientscope", Meaning::InsufficientScope),
    ("scopeinsufficient", Meaning::InsufficientScope),
    ("missingscope", Meaning::InsufficientScope),
    ("paymentrequired", Meaning::PaymentRequired),
    ("insufficientcredit", Meaning::PaymentRequired),
    ("outofcredit", Meaning::PaymentRequired),
    ("insufficientfunds", Meaning::PaymentRequired),
    ("insufficientbalance", Meaning::PaymentRequired),
    ("unauthenticated", Meaning::Unauthenticated),
    ("unauthorized", Meaning::Unauthenticated),
    ("notauthed", Meaning::Unauthenticated),
    ("invalidauth", Meaning::Unauthenticated),
    ("authenticationfailed", Meaning::Unauthenticated),
    ("authenticationrequired", Meaning::Unauthenticated),
    ("invalidtoken", Meaning::Unauthenticated),
    ("expiredtoken", Meaning::Unauthenticated),
    ("tokenexpired", Meaning::Unauthenticated),
    ("tokenrevoked", Meaning::Unauthenticated),
    ("invalidapikey", Meaning::Unauthenticated),
    ("apikeyinvalid", Meaning::Unauthenticated),
    ("notfound", Meaning::NotFound),
    ("doesnotexist", Meaning::NotFound),
    ("nosuch", Meaning::NotFound),
    ("alreadyexists", Meaning::Conflict),
    ("conflict", Meaning::Conflict),
    ("duplicate", Meaning::Conflict),
    ("conditionalcheckfailed", Meaning::Conflict),
    ("nopermission", Meaning::Forbidden),
    ("permissiondenied", Meaning::Forbidden),
    ("accessdenied", Meaning::Forbidden),
    ("internalerror", Meaning::Failed),
    ("fatalerror", Meaning::Failed),
    ("serviceunavailable", Meaning::Failed),
];

/// Beginnings of codes about a value that the request has, such as `invalid_rate_limit`.
const OF_A_VALUE: [&str; 4] = ["invalidrate", "invalidquota", "missingrate", "missingquota"];

/// Whole codes that are too short to be looked for within others.
const WHOLE: &[(&str, Meaning)] = &[("slowdown", Meaning::RateLimited)];

/// Header fields that hold a code.
const CODES: [&str; 2] = ["x-amzn-errortype", "x-ms-error-code"];

impl Meaning {
    /// Returns the meaning of a code such as `rateLimitExceeded`, `insufficient_quota` or
    /// `com.example#ThrottlingException`.
    pub(super) fn of_code(code: &str) -> Option<Meaning> {
        let code = code.trim_end_matches('/');
        let name = code.rsplit(['#', '/']).next().unwrap_or(code);
        let plain = |it: char| it.is_ascii_alphanumeric();
        let name: String = name.chars().filter(|it| plain(*it)).collect();
        let name = name.to_ascii_lowercase();
        if OF_A_VALUE.iter().any(|part| name.starts_with(part)) {
            return None;
        }
        let whole = WHOLE.iter().find(|(code, _)| *code == name);
        let found = whole.or_else(|| PARTS.iter().find(|(part, _)| name.contains(part)));
        found.map(|(_, meaning)| *meaning)
    }

    /// Returns the meaning of header fields: a challenge for another scope (RFC 6750 §3.1), or a code
    /// in a field of its own.
    pub(in crate::upstream) fn of_headers(headers: &HeaderMap) -> Option<Meaning> {
        let mut challenges = headers.get_all(WWW_AUTHENTICATE).iter();
        let lacks_scope = |value: &http::HeaderValue| {
            value
                .to_str()
                .is_ok_and(|it| it.contains("insufficient_scope"))
        };
        if challenges.any(lacks_scope) {
            return Some(Meaning::InsufficientScope);
        }
        CODES.iter().find_map(|name| {
            let code = headers.get(*name)?.to_str().ok()?;
            Meaning::of_code(code.split(':').next()?)
        })
    }

    /// Returns the meaning of a sentence, which is less certain than a code: that there were too
    /// many requests.
    pub(super) fn of_message(message: &str) -> Option<Meaning> {
        let message = message.to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
        let is_certain = [
            "rate limited",
            "rate-limited",
            "rate exceeded",
            "too many requests",
            "request was throttled",
        ];
        // A rule or an argument may be called a rate limit, too.
        let is_reached = has(&["rate limit"]) && has(&["exceed", "reached", "hit "]);
        (has(&is_certain) || is_reached).then_some(Meaning::RateLimited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_about_a_rate_limit_are_not_all_about_this_request() {
        let meaning = Meaning::of_message;
        assert_eq!(
            meaning("You are being rate limited."),
            Some(Meaning::RateLimited)
        );
        assert_eq!(
            meaning("API rate limit exceeded"),
            Some(Meaning::RateLimited)
        );
        assert_eq!(meaning("the rate limit rule is invalid"), None);
    }

    #[test]
    fn codes_have_a_meaning_in_any_spelling() {
        for (code, meaning) in [
            ("rateLimitExceeded", Some(Meaning::RateLimited)),
            ("RATE_LIMIT_EXCEEDED", Some(Meaning::RateLimited)),
            (
                "com.example#ThrottlingException",
                Some(Meaning::RateLimited),
            ),
            ("SlowDown", Some(Meaning::RateLimited)),
            ("ratelimited", Some(Meaning::RateLimited)),
            ("insufficient_quota", Some(Meaning::QuotaExceeded)),
            ("dailyLimitExceeded", Some(Meaning::QuotaExceeded)),
            (
                "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                Some(Meaning::InsufficientScope),
            ),
            ("missing_scope", Some(Meaning::InsufficientScope)),
            ("not_authed", Some(Meaning::Unauthenticated)),
            ("channel_not_found", Some(Meaning::NotFound)),
            ("NoSuchKey", Some(Meaning::NotFound)),
            ("already_exists", Some(Meaning::Conflict)),
            (
                "https://example.com/problems/quota-exceeded/",
                Some(Meaning::QuotaExceeded),
            ),
            ("invalid_rate_limit", None),
            ("validation_failed", None),
            ("", None),
        ] {
            assert_eq!(Meaning::of_code(code), meaning, "{code}");
        }
    }
}
