//! `[audit]` and `[metering]`: where events and calls are sent as they happen.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use super::ConfigError;
use super::value;
use crate::secret::Source;

/// Where the rows of the audit are sent as they are written: to a file or to a URL. Each is one line of
/// JSON. All servers on one store have the same settings.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSettings {
    /// The file that rows are appended to. A relative path starts at the configuration file.
    pub file: Option<PathBuf>,
    /// The URL that rows are posted to, in batches and signed.
    #[serde(
        deserialize_with = "value::endpoint",
        serialize_with = "value::url_as_text"
    )]
    pub url: Option<Url>,
    /// The secret that signs batches, in the form of Standard Webhooks: `whsec_` and 24 to 64 random
    /// bytes in base64. The text itself, `{ env = "NAME" }` or `{ file = "PATH" }`.
    pub secret: Option<Source>,
}

/// Where each call of a tool is sent, to be counted or billed: its id, time, workspace, tool, cost and
/// outcome as one line of JSON. All servers on one store have the same settings.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MeteringSettings {
    /// The URL that calls are posted to, in batches and signed.
    #[serde(
        deserialize_with = "value::endpoint",
        serialize_with = "value::url_as_text"
    )]
    pub url: Option<Url>,
    /// The secret that signs batches, as `audit.secret`.
    pub secret: Option<Source>,
}

impl AuditSettings {
    /// Checks that there is one place, and a secret where it is a URL.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.file.is_some() && self.url.is_some() {
            let message = "is set, and audit.file is, too; write one of them";
            return Err(ConfigError::new("audit.url", message));
        }
        check("audit", self.url.as_ref(), self.secret.as_ref())
    }
}

impl MeteringSettings {
    /// Checks that there is a secret.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check("metering", self.url.as_ref(), self.secret.as_ref())
    }
}

fn check(section: &str, url: Option<&Url>, secret: Option<&Source>) -> Result<(), ConfigError> {
    let Some(url) = url else {
        return Ok(());
    };
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if url.scheme() != "https" && !is_here {
        let message = "is no https URL; plain http is for a loopback address";
        return Err(ConfigError::new(format!("{section}.url"), message));
    }
    match secret {
        Some(_) => Ok(()),
        None => {
            let message = format!("is missing; what is sent to {section}.url is signed with it");
            Err(ConfigError::new(format!("{section}.secret"), message))
        }
    }
}
