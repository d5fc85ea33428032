//! What the header fields of an answer without content say: where there is nothing to read, they
//! are the answer.

use http::HeaderMap;

use crate::credential::Redactor;

/// What fields say of an answer to any method: where the thing is, its version, its relations,
/// what may be done with it and when (RFC 9110 §8.7, §8.8, §10.2; RFC 8288; RFC 7240).
const TOLD: &[&str] = &[
    "location",
    "content-location",
    "etag",
    "last-modified",
    "link",
    "allow",
    "retry-after",
    "preference-applied",
];

/// What an answer to HEAD says beside the thing itself: of the connection, of cookies, and to
/// browsers.
const NOT_TOLD: &[&str] = &[
    "alt-svc",
    "connection",
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

/// How many fields are told, and how many characters of each.
const MAX_FIELDS: usize = 50;
const MAX_CHARACTERS: usize = 1000;

/// The fields of an answer without content to a request of `method` that its caller needs: of
/// HEAD, whose answer they are (RFC 9110 §9.3.2), all that are about the thing asked for.
/// A field with a secret in its name is left out.
pub(super) fn told(
    method: &str,
    headers: &HeaderMap,
    redactor: &Redactor,
) -> Vec<(String, String)> {
    let is_told = |name: &str| match method {
        "HEAD" => {
            !NOT_TOLD.contains(&name)
                && !name.starts_with("access-control-")
                && !redactor.is_in_name(name)
        }
        _ => TOLD.contains(&name),
    };
    let fields = headers.iter().filter(|(name, _)| is_told(name.as_str()));
    let fields = fields.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = value.chars().take(MAX_CHARACTERS).collect();
        (name.as_str().to_owned(), value)
    });
    fields.take(MAX_FIELDS).collect()
}
