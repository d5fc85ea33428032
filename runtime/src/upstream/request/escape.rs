//! How characters are protected that would mean something where a value goes.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What is encoded where reserved characters may stay. `#` would end the query, `&` the pair, `+`
/// is read as a space, and square brackets are no query characters (RFC 3986 §3.4): they are
/// encoded even here.
const ALLOWED_IN_QUERY: &AsciiSet = &RESERVED
    .remove(b':')
    .remove(b'/')
    .remove(b'?')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The same in a path, where `/` and `?` have a meaning, and `+` and `&` have none.
const ALLOWED_IN_PATH: &AsciiSet = &ALLOWED_IN_QUERY
    .add(b'/')
    .add(b'?')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'+');

/// The same in a cookie, where `;` and `,` end a value (RFC 6265 §4.1.1) and no other does.
const ALLOWED_IN_COOKIE: &AsciiSet = &ALLOWED_IN_QUERY
    .add(b';')
    .add(b',')
    .remove(b'#')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'+')
    .remove(b'[')
    .remove(b']');

/// How characters are protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// Percent-encoding of all but unreserved characters.
    Percent,
    /// Percent-encoding that keeps reserved characters and percent-encoded triplets (`{+var}` of
    /// RFC 6570) as far as a query can hold them.
    KeepReservedInQuery,
    /// The same, as far as one path segment can hold them.
    KeepReservedInPath,
    /// The same, as far as a cookie can hold them.
    KeepReservedInCookie,
    /// None: header fields and the parts of multipart bodies have no escape.
    None,
}

impl Escape {
    pub(super) fn apply(self, text: &str) -> String {
        match self {
            Escape::Percent => utf8_percent_encode(text, RESERVED).to_string(),
            Escape::KeepReservedInQuery => keep_triplets(text, ALLOWED_IN_QUERY),
            Escape::KeepReservedInPath => keep_triplets(text, ALLOWED_IN_PATH),
            Escape::KeepReservedInCookie => keep_triplets(text, ALLOWED_IN_COOKIE),
            Escape::None => text.to_owned(),
        }
    }

    /// A name or key: reserved characters are never kept in these.
    pub(super) fn name(self, name: &str) -> String {
        match self {
            Escape::None => name.to_owned(),
            _ => percent(name),
        }
    }
}

/// Percent-encodes all but unreserved characters.
pub(super) fn percent(text: &str) -> String {
    Escape::Percent.apply(text)
}

fn keep_triplets(text: &str, set: &'static AsciiSet) -> String {
    let mut encoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        encoded.extend(utf8_percent_encode(before, set));
        let is_triplet = matches!(from.as_bytes(), [_, a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        let (sign, after) = from.split_at(if is_triplet { 3 } else { 1 });
        encoded.push_str(if is_triplet { sign } else { "%25" });
        rest = after;
    }
    encoded.extend(utf8_percent_encode(rest, set));
    encoded
}
