//! `[traces]`: where traces are sent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, HeaderField, value};
use crate::secret::Source;

/// Traces of requests, calls and exchanges with the API, for a collector of OpenTelemetry. They have names,
/// methods, statuses and times, and no argument, answer, token or query.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceSettings {
    /// The URL that traces are posted to, by OTLP over HTTP in its JSON encoding. Without it, there are no
    /// traces.
    #[serde(
        deserialize_with = "value::endpoint",
        serialize_with = "value::url_as_text"
    )]
    pub url: Option<Url>,
    /// Header fields for the collector, such as its key.
    pub headers: BTreeMap<String, Source>,
    /// The share of requests whose traces are recorded: 0 to 1.
    pub sample_ratio: f64,
}

impl Default for TraceSettings {
    fn default() -> TraceSettings {
        TraceSettings {
            url: None,
            headers: BTreeMap::new(),
            sample_ratio: 1.0,
        }
    }
}

impl TraceSettings {
    /// Checks the names of header fields and the share.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for name in self.headers.keys() {
            let key = format!("traces.headers.{name}");
            HeaderField::try_from(name.clone()).map_err(|error| ConfigError::new(key, error))?;
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            let message = format!("{} is out of bounds; write 0 to 1", self.sample_ratio);
            return Err(ConfigError::new("traces.sample_ratio", message));
        }
        Ok(())
    }
}
