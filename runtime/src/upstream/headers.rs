//! Header fields that every call carries, whatever the description says of them.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue};

use super::settings::SettingsError;
use crate::secret::Source;

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

/// Fetches the configured fields.
///
/// # Errors
/// Where a name or value is none that can be sent, or the value cannot be had.
pub(super) fn read(
    configured: &BTreeMap<String, Source>,
) -> Result<Vec<(HeaderName, HeaderValue)>, SettingsError> {
    let fields = configured.iter().map(|(name, source)| {
        field(name, source).map_err(|message| SettingsError {
            key: format!("headers.{name}"),
            message,
        })
    });
    fields.collect()
}

fn field(name: &str, source: &Source) -> Result<(HeaderName, HeaderValue), String> {
    let field = HeaderName::try_from(name).map_err(|_| "is no name of a header".to_owned())?;
    if OF_THE_MESSAGE.contains(&field.as_str()) {
        return Err("is set by the request itself".to_owned());
    }
    let secret = source.read().map_err(|error| error.to_string())?;
    let value = HeaderValue::from_str(secret.expose());
    let mut value = value.map_err(|_| "its value is none that a header can have".to_owned())?;
    value.set_sensitive(true);
    Ok((field, value))
}
