//! `[upstream.on_behalf_of]`: a signed statement on whose behalf a call is made.

use std::path::PathBuf;

use http::HeaderName;
use serde::{Deserialize, Serialize};

use super::ConfigError;

/// A signed statement with each call that says for whom it is made.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OnBehalfOfSettings {
    /// The header field of the statement.
    #[serde(default = "default_header")]
    pub header: String,
    /// The `aud` claim (RFC 7519 §4.1.3): the API that accepts the statement.
    pub audience: String,
    /// The file of the signing key: PKCS #8 in base64. The server makes it where it does not exist.
    #[serde(default = "default_key_file")]
    pub key_file: PathBuf,
    /// How long one statement serves the calls of a grant, in seconds, at most 30. With 0, each call
    /// has a statement of its own.
    #[serde(default)]
    pub reuse_seconds: u64,
}

/// The most of `reuse_seconds`.
const MOST_REUSE: u64 = 30;

fn default_header() -> String {
    "X-On-Behalf-Of".to_owned()
}

fn default_key_file() -> PathBuf {
    PathBuf::from("connector.key")
}

impl OnBehalfOfSettings {
    /// Checks `reuse_seconds`.
    ///
    /// # Errors
    /// Where a statement would be reused for too long.
    pub(crate) fn check_reuse(&self) -> Result<(), ConfigError> {
        if self.reuse_seconds <= MOST_REUSE {
            return Ok(());
        }
        let seconds = self.reuse_seconds;
        let message = format!(
            "{seconds} seconds are too long for a statement that may have been overheard; write at \
             most {MOST_REUSE}"
        );
        Err(ConfigError::new(
            "upstream.on_behalf_of.reuse_seconds",
            message,
        ))
    }

    /// Reads `header`.
    ///
    /// # Errors
    /// Where it is no name of a header field.
    pub(crate) fn header_name(&self) -> Result<HeaderName, ConfigError> {
        HeaderName::try_from(self.header.as_str()).map_err(|_| {
            let message = format!("`{}` is no name of a header field", self.header);
            ConfigError::new("upstream.on_behalf_of.header", message)
        })
    }
}
