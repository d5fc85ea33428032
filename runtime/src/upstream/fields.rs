//! The header fields of an answer that carry meaning: beside a body they say what it does not, and
//! where there is none, they are the answer.

use http::HeaderMap;

use crate::credential::Redactor;
use crate::operation::Operation;

/// Fields that carry meaning in an answer to any method: where the thing is, its version, its
/// relations, its name, which part of it this is, what may be done with it and when
/// (RFC 9110 §8.7, §8.8, §10.2, §14.4; RFC 6266; RFC 7240; RFC 8288; RFC 8594; RFC 9745).
const WITH_MEANING: &[&str] = &[
    "allow",
    "content-disposition",
    "content-location",
    "content-range",
    "deprecation",
    "etag",
    "last-modified",
    "link",
    "location",
    "preference-applied",
    "retry-after",
    "sunset",
    "warning",
];

/// Words in the names of fields that carry meaning and that no RFC defines, such as `X-Total-Count`,
/// `X-WP-TotalPages`, `X-Next-Page`, `Pagination-Cursor` and `Operation-Location`.
const WORDS: &[&str] = &[
    "asyncoperation",
    "continuation",
    "count",
    "cursor",
    "location",
    "next",
    "offset",
    "page",
    "pages",
    "pagination",
    "per",
    "prev",
    "previous",
    "total",
    "totalcount",
    "totalpages",
];

/// What an answer to HEAD says beside the thing itself: of the connection, of cookies, and to
/// browsers. No answer of any method shows these.
const NOT_REPORTED: &[&str] = &[
    "alt-svc",
    "connection",
    "content-encoding",
    "content-security-policy",
    "content-security-policy-report-only",
    "date",
    "referrer-policy",
    "server",
    "set-cookie",
    "strict-transport-security",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    "keep-alive",
    "nel",
    "permissions-policy",
    "report-to",
    "x-powered-by",
];

/// Header fields that describe the body beside them.
const OF_THE_BODY: &[&str] = &["content-length", "content-type"];

/// How many fields are shown, and how many characters of each.
const MAX_FIELDS: usize = 50;
const MAX_CHARACTERS: usize = 4_000;

/// The fields of an answer that its caller needs, each name once: those that carry meaning, those
/// that the description declares, and of the answer to HEAD, which has nothing else
/// (RFC 9110 §9.3.2), all that are about the thing asked for. A field with a secret in its name is
/// left out.
pub(super) fn with_meaning(
    operation: &Operation,
    headers: &HeaderMap,
    redactor: &Redactor,
) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in headers {
        let name = name.as_str();
        if !has_meaning(operation, name, redactor) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        // RFC 9110 §5.3: several fields of one name are one list. They follow each other here.
        if let Some((last, list)) = fields.last_mut()
            && last == name
        {
            list.push_str(", ");
            list.push_str(&value);
        } else if fields.len() < MAX_FIELDS {
            fields.push((name.to_owned(), value.into_owned()));
        }
    }
    for (_, value) in &mut fields {
        if let Some((end, _)) = value.char_indices().nth(MAX_CHARACTERS) {
            value.truncate(end);
            value.push('…');
        }
    }
    fields
}

fn has_meaning(operation: &Operation, name: &str, redactor: &Redactor) -> bool {
    if WITH_MEANING.contains(&name) {
        return true;
    }
    if NOT_REPORTED.contains(&name) || name.starts_with("access-control-") {
        return false;
    }
    if operation.method == "HEAD" {
        return !redactor.is_in_name(name);
    }
    if OF_THE_BODY.contains(&name) {
        return false;
    }
    operation.response_headers.contains(&name) || (has_word(name) && !redactor.is_in_name(name))
}

/// Whether a name has one of [`WORDS`], and is not about how many requests may be made.
fn has_word(name: &str) -> bool {
    let mut words = name.split(['-', '_']);
    !name.contains("rate") && words.any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{HeaderName, HeaderValue};

    use super::*;

    fn shown(operation: &Operation, headers: &[(&'static str, &'static str)]) -> Vec<String> {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        let fields = with_meaning(operation, &map, &Redactor::new(Arc::default()));
        let fields = fields.into_iter();
        fields
            .map(|(name, value)| format!("{name}: {value}"))
            .collect()
    }

    #[test]
    fn header_fields_of_counts_and_pages_have_meaning() {
        for name in [
            "x-total-count",
            "x-total",
            "x-wp-totalpages",
            "x-next-page",
            "x-per-page",
            "x-pagination",
            "operation-location",
            "x-next-cursor",
        ] {
            assert_eq!(shown(&Operation::BASE, &[(name, "1")]).len(), 1, "{name}");
        }
    }

    #[test]
    fn header_fields_of_the_connection_have_none() {
        for name in [
            "date",
            "server",
            "set-cookie",
            "content-type",
            "content-length",
            "x-ratelimit-limit-count",
            "x-request-id",
            "cf-ray",
            "content-encoding",
        ] {
            assert!(shown(&Operation::BASE, &[(name, "1")]).is_empty(), "{name}");
        }
    }

    #[test]
    fn header_fields_that_the_description_declares_have_meaning() {
        let operation = Operation {
            response_headers: &["content-type", "x-shade"],
            ..Operation::BASE
        };
        let headers = [
            ("x-shade", "green"),
            ("x-other", "1"),
            ("content-type", "a/b"),
        ];
        assert_eq!(shown(&operation, &headers), ["x-shade: green"]);
    }

    #[test]
    fn header_fields_of_one_name_are_one_list() {
        let headers = [
            ("link", "<a>; rel=next"),
            ("etag", "x"),
            ("link", "<b>; rel=prev"),
        ];
        let list = "link: <a>; rel=next, <b>; rel=prev";
        assert_eq!(shown(&Operation::BASE, &headers), [list, "etag: x"]);
    }
}
