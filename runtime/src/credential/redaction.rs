//! Secrets in what an API says, in every form in which it may repeat them.

use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::byte_serialize;

use crate::secret::Secret;

/// The shortest secret that is looked for, in bytes: a shorter one cannot be told from other text.
const SHORTEST: usize = 8;

/// What URIs keep as it is (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Takes out of a body every secret that it repeats ("invalid key …"): as it is, percent-encoded,
/// as a form has it, or escaped as in JSON.
pub(crate) fn redact<'a>(body: Bytes, secrets: impl Iterator<Item = &'a Secret>) -> Bytes {
    let Ok(text) = std::str::from_utf8(&body) else {
        return body;
    };
    let mut found: Vec<String> = secrets
        .filter(|secret| secret.expose().len() >= SHORTEST)
        .flat_map(|secret| forms(secret.expose()))
        .filter(|form| text.contains(form.as_str()))
        .collect();
    if found.is_empty() {
        return body;
    }
    // One secret may be a part of another.
    found.sort_by_key(|form| std::cmp::Reverse(form.len()));
    let redacted = found.iter().fold(text.to_owned(), |text, form| {
        text.replace(form, &Secret::new(form).to_string())
    });
    Bytes::from(redacted)
}

fn forms(secret: &str) -> [String; 4] {
    let json = serde_json::Value::from(secret).to_string();
    let json = json
        .strip_prefix('"')
        .and_then(|json| json.strip_suffix('"'));
    [
        secret.to_owned(),
        utf8_percent_encode(secret, RESERVED).to_string(),
        byte_serialize(secret.as_bytes()).collect(),
        json.unwrap_or(secret).to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_whatever_form_it_is_repeated() {
        let secret = Secret::new(r#"pa/ss "word"+1"#);
        for (body, expected) in [
            (r#"key pa/ss "word"+1!"#, "key [secret]!"),
            (r#"{"key":"pa/ss \"word\"+1"}"#, r#"{"key":"[secret]"}"#),
            ("?key=pa%2Fss%20%22word%22%2B1&a", "?key=[secret]&a"),
            ("key=pa%2Fss+%22word%22%2B1", "key=[secret]"),
            ("nothing of it", "nothing of it"),
        ] {
            let redacted = redact(
                Bytes::from_static(body.as_bytes()),
                std::iter::once(&secret),
            );
            assert_eq!(redacted, expected);
        }
    }

    #[test]
    fn what_is_too_short_to_be_told_from_other_text_stays() {
        let secret = Secret::new("short");
        let redacted = redact(Bytes::from_static(b"too short"), std::iter::once(&secret));
        assert_eq!(redacted, "too short");
    }
}
