//! Takes the addresses of machines behind an API out of its words.

use std::borrow::Cow;
use std::net::IpAddr;

use serde_json::Value;

/// Written in place of an address.
const REMOVED: &str = "[internal address]";

/// Endings of host names that only an internal network resolves (RFC 6762 §3, RFC 8375, and what
/// clusters and clouds use).
const INTERNAL: &[&str] = &[
    ".internal",
    ".local",
    ".localdomain",
    ".localhost",
    ".home.arpa",
    ".lan",
    ".intranet",
    ".corp",
    ".svc",
];

/// Removes internal addresses from every text of a value.
pub(super) fn remove_from_value(value: &mut Value) {
    match value {
        Value::String(text) => remove(text),
        Value::Array(items) => items.iter_mut().for_each(remove_from_value),
        Value::Object(members) => {
            if members
                .keys()
                .any(|name| matches!(without(name), Cow::Owned(_)))
            {
                let named = std::mem::take(members).into_iter();
                let cleaned = named.map(|(name, value)| (without(&name).into_owned(), value));
                *members = cleaned.collect();
            }
            members.values_mut().for_each(remove_from_value);
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Removes internal addresses from a text.
pub(in crate::upstream) fn remove(text: &mut String) {
    if let Cow::Owned(cleaned) = without(text) {
        *text = cleaned;
    }
}

fn without(text: &str) -> Cow<'_, str> {
    let of_address = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | ':' | '-' | '_');
    let mut cleaned = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(start) = text[at..].find(of_address) {
        let start = at + start;
        let rest = &text[start..];
        let length = rest.find(|it| !of_address(it)).unwrap_or(rest.len());
        at = start + length;
        let word = rest[..length].trim_end_matches(['.', ':', '-']);
        if is_internal(word) {
            cleaned.push_str(&text[kept..start]);
            cleaned.push_str(REMOVED);
            kept = start + word.len();
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    cleaned.push_str(&text[kept..]);
    Cow::Owned(cleaned)
}

fn is_internal(word: &str) -> bool {
    if let Ok(address) = word.parse::<IpAddr>() {
        return is_private(address);
    }
    let (host, port) = match word.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, true),
        _ => (word, false),
    };
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_private(address);
    }
    let host = host.to_ascii_lowercase();
    (port && host == "localhost")
        || INTERNAL
            .iter()
            .any(|it| host.len() > it.len() && host.ends_with(it))
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_private()
                || address.is_loopback()
                || address.is_link_local()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|it| is_private(it.into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(text: &str) -> String {
        let mut text = text.to_owned();
        remove(&mut text);
        text
    }

    #[test]
    fn addresses_of_internal_networks_are_removed() {
        for (text, expected) in [
            (
                "connect ECONNREFUSED 10.0.3.4:5432",
                "connect ECONNREFUSED [internal address]",
            ),
            (
                "no route to 192.168.1.9.",
                "no route to [internal address].",
            ),
            (
                "upstream http://db-1.prod.internal:80/x",
                "upstream http://[internal address]/x",
            ),
            (
                "dial tcp [fd12::7]:443: i/o",
                "dial tcp [[internal address]]:443: i/o",
            ),
            ("orders.default.svc: timeout", "[internal address]: timeout"),
            ("localhost:3000 refused", "[internal address] refused"),
            (
                "100.64.0.1, 169.254.169.254",
                "[internal address], [internal address]",
            ),
        ] {
            assert_eq!(cleaned(text), expected);
        }
    }

    #[test]
    fn other_words_stay() {
        for text in [
            "Version 10.0.3 of https://api.example.com/v1:8080 at 12:30:05",
            "203.0.113.7 and 2001:db8::1",
            "a local network, localhost, .internal",
            "é: 1.2.3.4",
            "",
        ] {
            assert_eq!(cleaned(text), text);
        }
    }
}
