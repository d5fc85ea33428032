//! Header fields that every call carries, whatever the description says of them.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};

use crate::config::{ConfigError, FieldValue};
use crate::secret::Secret;

/// Fields that never hold a secret (RFC 9110 §10.1, §12.5, §13.1, §14.2; RFC 9111 §5; RFC 7240).
/// Neither does one whose name ends in `-version`.
const WITHOUT_SECRETS: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "expect",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "prefer",
    "range",
    "referer",
    "user-agent",
];

/// What the message itself decides (RFC 9110 §6.4, §7.2, §7.6.1, §8.3; RFC 9112 §6).
const OF_THE_MESSAGE: &[&str] = &[
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Fetches the configured fields. The value of one that holds a secret is marked as sensitive.
///
/// # Errors
/// Where a name or value is none that can be sent, or the value cannot be had.
pub(super) fn read(
    configured: &BTreeMap<String, FieldValue>,
) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    let fields = configured.iter().map(|(name, value)| {
        field(name, value)
            .map_err(|message| ConfigError::new(format!("upstream.headers.{name}"), message))
    });
    fields.collect()
}

fn field(name: &str, value: &FieldValue) -> Result<(HeaderName, HeaderValue), String> {
    let field = HeaderName::try_from(name).map_err(|_| "is no name of a header".to_owned())?;
    if OF_THE_MESSAGE.contains(&field.as_str()) {
        return Err("is set by the request itself".to_owned());
    }
    let (text, is_public) = match value {
        FieldValue::Public(text) => (Secret::new(&text.public), true),
        FieldValue::Secret(source) => (source.read().map_err(|error| error.to_string())?, false),
    };
    let value = HeaderValue::from_str(text.expose());
    let mut value = value.map_err(|_| "its value is none that a header can have".to_owned())?;
    let name = field.as_str();
    value.set_sensitive(
        !is_public && !WITHOUT_SECRETS.contains(&name) && !name.ends_with("-version"),
    );
    Ok((field, value))
}

/// The secrets in configured fields: each value as a whole, without the name of an authentication
/// scheme, and the password of Basic authentication (RFC 7617).
pub(super) fn secrets(fields: &[(HeaderName, HeaderValue)]) -> Vec<Secret> {
    let values = fields.iter().map(|(_, value)| value);
    let values = values.filter(|value| value.is_sensitive());
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(parts)
        .map(|part| Secret::new(&part))
        .collect()
}

fn parts(value: &str) -> Vec<String> {
    let mut parts = vec![value.to_owned()];
    if let Some((scheme, credentials)) = value.split_once(' ') {
        parts.push(credentials.trim().to_owned());
        parts.extend(value.rsplit(' ').next().map(str::to_owned));
        let pair = STANDARD.decode(credentials.trim()).ok();
        let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
        if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':'))
            && scheme.eq_ignore_ascii_case("basic")
        {
            parts.push(password.to_owned());
        }
    }
    parts
}
