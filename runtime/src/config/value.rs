//! How single values are read, written and bounded.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serializer};
use url::{Host, Url};

use super::ConfigError;

/// Reads a text that a type parses.
pub(super) fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

/// Writes a URL as the text that it is read from.
pub(super) fn url_as_text<S: Serializer>(
    url: &Option<Url>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match url {
        Some(url) => serializer.serialize_some(url.as_str()),
        None => serializer.serialize_none(),
    }
}

/// Reports whether only its owner can answer at a URL: by https, or on this machine.
pub(super) fn is_guarded(url: &Url) -> bool {
    url.scheme() == "https" || (url.scheme() == "http" && is_local(url))
}

pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_listen(&text).map_err(D::Error::custom)
}

/// Reads an address to listen on.
///
/// # Errors
/// Where it is no IP address with a port.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.to_owned(),
    };
    numeric
        .parse()
        .map_err(|_| format!("`{text}` is no address; write one like 127.0.0.1:8080"))
}

pub(super) fn public_url<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_public_url(&text).map(Some).map_err(D::Error::custom)
}

/// Reads a public URL.
///
/// # Errors
/// Where it is none that clients could be given.
pub(crate) fn parse_public_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    let plain = url.username().is_empty() && url.query().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
        return Err("write a URL like https://mcp.example.com".to_owned());
    }
    Ok(url)
}

/// Reads the URL of a page that people open.
pub(super) fn link<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let error = "write an https URL like https://example.com/terms";
    url_of(deserializer, &["https"], error)
}

/// Reads the URL at which people reach somebody.
pub(super) fn contact<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let error = "write a URL like https://example.com/help or mailto:help@example.com";
    url_of(deserializer, &["https", "mailto"], error)
}

/// Reads the URL of a service that receives requests.
pub(super) fn endpoint<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Url>, D::Error> {
    let error = "write an https URL like https://example.com/events";
    url_of(deserializer, &["https", "http"], error)
}

/// Reads the URL of a set of keys.
pub(super) fn keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let error = "write an https URL like https://example.com/jwks.json";
    let url = url_of(deserializer, &["https", "http"], error)?;
    match url {
        Some(url) if url.scheme() == "http" && !is_local(&url) => Err(D::Error::custom(format!(
            "`{url}` is no https URL; {error}"
        ))),
        url => Ok(url),
    }
}

/// Reports whether a URL is at a loopback address, for which https is not asked.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn url_of<'de, D: Deserializer<'de>>(
    deserializer: D,
    schemes: &[&str],
    error: &str,
) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(&text).ok().filter(|url| {
        let has_user = !url.username().is_empty() || url.password().is_some();
        schemes.contains(&url.scheme()) && !has_user
    });
    url.map(Some)
        .ok_or_else(|| D::Error::custom(format!("`{text}` cannot be linked; {error}")))
}

/// Checks that a number is not 0.
pub(super) fn at_least_one(key: &str, value: u64) -> Result<(), ConfigError> {
    match value {
        0 => Err(ConfigError::new(key, "0 is out of bounds; write 1 or more")),
        _ => Ok(()),
    }
}

/// Checks that a number is within bounds.
pub(super) fn within(
    key: &str,
    value: u64,
    bounds: RangeInclusive<u64>,
) -> Result<(), ConfigError> {
    match bounds.contains(&value) {
        true => Ok(()),
        false => Err(ConfigError::new(
            key,
            format!(
                "{value} is out of bounds; write {} to {}",
                bounds.start(),
                bounds.end()
            ),
        )),
    }
}
