//! How the API is reached, as configuration says it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

use super::headers::FieldValue;
use super::missing::MissingCredentials;
use super::stream;
use crate::credential::{Credential, MintSettings, OnBehalfOfSettings};
use crate::http::Limits;
use crate::text;

/// The table `[upstream]` of the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Base URL of the API; replaces every server the description names.
    #[serde(deserialize_with = "base_url")]
    pub url: Option<Url>,
    /// Values for the variables of the description's server URLs.
    pub variables: BTreeMap<String, String>,
    /// Credentials by name of the security scheme they are for.
    pub credentials: BTreeMap<String, Credential>,
    /// Header fields that every call of a tool carries, in place of what it would send under the
    /// same name. For what a description does not declare as a credential. A value counts as a
    /// secret, and is taken out of answers that repeat it, unless it is written as
    /// `{ public = "TEXT" }` or stands in a field that holds none, such as `Accept` or
    /// `X-Api-Version`.
    pub headers: BTreeMap<String, FieldValue>,
    /// What is done about operations that no credential is configured for.
    pub missing_credentials: MissingCredentials,
    /// How long a whole call may take, in seconds.
    pub timeout_seconds: u64,
    /// How long connecting may take, in seconds.
    pub connect_timeout_seconds: u64,
    /// How much of an answer is read, in bytes after decompression.
    pub max_response_bytes: usize,
    /// How long an answer is read that may never end (an event stream, lines of JSON), in seconds.
    pub stream_seconds: u64,
    /// How many items of such an answer are kept.
    pub max_stream_items: usize,
    /// Whether the proxy the environment names (`HTTPS_PROXY`, `NO_PROXY` …) is used.
    pub proxy: bool,
    /// The workspace that arguments bound to it are filled with.
    pub workspace: Option<String>,
    /// Whether, and how, the API is told on whose behalf a signed-in caller calls.
    pub on_behalf_of: Option<OnBehalfOfSettings>,
    /// Whether, and how, each connection of a signed-in caller gets a key of its own.
    pub mint: Option<MintSettings>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            url: None,
            variables: BTreeMap::new(),
            credentials: BTreeMap::new(),
            headers: BTreeMap::new(),
            missing_credentials: MissingCredentials::default(),
            timeout_seconds: 60,
            connect_timeout_seconds: 10,
            max_response_bytes: 8 * 1024 * 1024,
            stream_seconds: 20,
            max_stream_items: 1000,
            proxy: false,
            workspace: None,
            on_behalf_of: None,
            mint: None,
        }
    }
}

/// The longest time limit, in seconds: a day.
const MAX_SECONDS: u64 = 86_400;

impl Settings {
    /// The bounds of every exchange with the API.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            total: Duration::from_secs(self.timeout_seconds),
            connect: Duration::from_secs(self.connect_timeout_seconds),
            body: self.max_response_bytes,
            stream: Duration::from_secs(self.stream_seconds),
            may_be_endless: stream::may_be_endless,
        }
    }

    /// Refuses limits under which no call could succeed, or none would ever end, and an id of the
    /// workspace that cannot be one.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        let seconds = [
            ("timeout_seconds", self.timeout_seconds),
            ("connect_timeout_seconds", self.connect_timeout_seconds),
            ("stream_seconds", self.stream_seconds),
        ];
        for (key, value) in seconds {
            if !(1..=MAX_SECONDS).contains(&value) {
                return Err(SettingsError {
                    key: key.to_owned(),
                    message: format!("has to be between 1 and {MAX_SECONDS}"),
                });
            }
        }
        let workspace = self.workspace.as_deref();
        if workspace.is_some_and(|id| id.trim().is_empty() || text::hides(id)) {
            return Err(SettingsError {
                key: "workspace".to_owned(),
                message: "is empty, or hides characters that cannot be seen; write the API's id \
                          of the workspace, or leave it out"
                    .to_owned(),
            });
        }
        let sizes = [
            ("max_response_bytes", self.max_response_bytes),
            ("max_stream_items", self.max_stream_items),
        ];
        for (key, value) in sizes {
            if value == 0 {
                return Err(SettingsError {
                    key: key.to_owned(),
                    message: "has to be at least 1".to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(&text).map_err(D::Error::custom)?;
    check_base_url(&url).map_err(D::Error::custom)?;
    Ok(Some(url))
}

/// Refuses a base URL that requests cannot be built on. The message never repeats the URL, which
/// may hold a password.
pub(super) fn check_base_url(url: &Url) -> Result<(), &'static str> {
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("the base URL of the API has to be an absolute http or https URL");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the base URL of the API holds a user name or password; use `credentials`");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the base URL of the API can have neither query nor fragment");
    }
    Ok(())
}

/// Why the API cannot be called as configured.
#[derive(Debug, thiserror::Error)]
#[error("upstream.{key}: {message}")]
pub struct SettingsError {
    /// The key under `[upstream]` that is wrong or missing.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub message: String,
}
