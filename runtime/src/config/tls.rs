//! `[tls]`: the certificate of a server without a proxy.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use url::Url;

use super::{ConfigError, value};

/// The certificate with which this server speaks HTTPS itself. Without this section it speaks HTTP, and
/// a proxy ends TLS.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TlsSettings {
    /// The PEM file of the certificate, followed by those of the authorities between it and a public
    /// one. A relative path starts at the configuration file.
    pub certificate_file: PathBuf,
    /// The PEM file of the certificate's private key: PKCS #8, PKCS #1 or SEC 1. A relative path starts at
    /// the configuration file.
    pub key_file: PathBuf,
    /// How often both files are looked at, in seconds: 1 to 86,400. A new certificate is used for the
    /// connections that are opened from then on; one that cannot be used is logged, and the one before
    /// stays.
    #[serde(default = "a_minute")]
    pub reload_seconds: u64,
}

fn a_minute() -> u64 {
    60
}

impl TlsSettings {
    /// Checks the bounds of numbers, and that the URL which people paste is one of HTTPS.
    pub(super) fn check(&self, public_url: Option<&Url>) -> Result<(), ConfigError> {
        value::within("tls.reload_seconds", self.reload_seconds, 1..=86_400)?;
        match public_url {
            Some(url) if url.scheme() == "https" => Ok(()),
            _ => {
                let message = "is no https URL, and with [tls] the server speaks HTTPS alone; write \
                               the URL that the certificate is for, such as https://mcp.example.com";
                Err(ConfigError::new("server.public_url", message))
            }
        }
    }
}
