//! `[upstream]`: how the API is reached.

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use url::Url;

use super::mint::{HeaderField, Pointer};
use super::value::{at_least_one, url_as_text, within};
use super::{
    CircuitBreakerSettings, ConfigError, Credential, ExchangeSettings, MintSettings,
    OnBehalfOfSettings, RetrySettings,
};
use crate::secret::Source;
use crate::text;

/// How the API is reached.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct UpstreamSettings {
    /// The base URL of the API, in place of all servers that the description names.
    #[serde(deserialize_with = "base_url", serialize_with = "url_as_text")]
    pub url: Option<Url>,
    /// Values for the variables of the description's server URLs.
    pub variables: BTreeMap<String, String>,
    /// One credential for each security scheme of the description, by its name.
    pub credentials: BTreeMap<String, Credential>,
    /// Header fields that every call carries, in place of fields of the same name. A value is a
    /// secret, and is removed from answers that repeat it, unless it is written as
    /// `{ public = "TEXT" }` or the field never holds a secret, as `Accept` and `X-Api-Version`.
    pub headers: BTreeMap<String, FieldValue>,
    /// What happens with operations whose credential is not configured.
    pub missing_credentials: MissingCredentials,
    /// Header fields in which the API sends its id of a request, where it has names of its own.
    /// They are looked at before the usual ones, such as `X-Request-Id`.
    pub request_id_headers: Vec<HeaderField>,
    /// A value in the body by which the API reports a failure under a successful status.
    pub failure: Option<FailureRule>,
    /// How long a call may take in all, in seconds: 1 to 86,400.
    pub timeout_seconds: u64,
    /// How long connecting may take, in seconds: 1 to 86,400.
    pub connect_timeout_seconds: u64,
    /// How many bytes of an answer are read, after decompression.
    pub max_response_bytes: usize,
    /// The most JSON values that are taken from an answer, each name of a member as one more.
    pub max_response_nodes: usize,
    /// How long an event stream or lines of JSON are read, in seconds: 1 to 86,400.
    pub stream_seconds: u64,
    /// How many items of an event stream or lines of JSON are kept.
    pub max_stream_items: usize,
    /// Uses the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name.
    pub proxy: bool,
    /// The API's id of the workspace that this server acts for. Arguments that are bound to the
    /// workspace are filled with it, and the first account's workspace is linked to it.
    pub workspace: Option<String>,
    /// When a request is sent again.
    pub retries: RetrySettings,
    /// When calls fail at once because the API has failed repeatedly.
    pub circuit_breaker: CircuitBreakerSettings,
    /// Sends with each call a signed statement that says for whom it is made.
    pub on_behalf_of: Option<OnBehalfOfSettings>,
    /// Makes a key at the API for each connection that a person approves.
    pub mint: Option<MintSettings>,
    /// Calls the API in the name of the person of each connection.
    pub exchange: Option<ExchangeSettings>,
}

impl Default for UpstreamSettings {
    fn default() -> UpstreamSettings {
        UpstreamSettings {
            url: None,
            variables: BTreeMap::new(),
            credentials: BTreeMap::new(),
            headers: BTreeMap::new(),
            missing_credentials: MissingCredentials::default(),
            request_id_headers: Vec::new(),
            failure: None,
            timeout_seconds: 60,
            connect_timeout_seconds: 10,
            max_response_bytes: 8 * 1024 * 1024,
            max_response_nodes: 250_000,
            stream_seconds: 20,
            max_stream_items: 1000,
            proxy: false,
            workspace: None,
            retries: RetrySettings::default(),
            circuit_breaker: CircuitBreakerSettings::default(),
            on_behalf_of: None,
            mint: None,
            exchange: None,
        }
    }
}

/// The longest time limit, in seconds: a day.
const MAX_SECONDS: u64 = 86_400;

impl UpstreamSettings {
    /// Checks time limits and bounds, the workspace, and how the API learns for whom a call is made.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within(
            "upstream.timeout_seconds",
            self.timeout_seconds,
            1..=MAX_SECONDS,
        )?;
        let key = "upstream.connect_timeout_seconds";
        within(key, self.connect_timeout_seconds, 1..=MAX_SECONDS)?;
        within(
            "upstream.stream_seconds",
            self.stream_seconds,
            1..=MAX_SECONDS,
        )?;
        let sizes = [
            ("upstream.max_response_bytes", self.max_response_bytes),
            ("upstream.max_response_nodes", self.max_response_nodes),
            ("upstream.max_stream_items", self.max_stream_items),
        ];
        for (key, value) in sizes {
            at_least_one(key, u64::try_from(value).unwrap_or(u64::MAX))?;
        }
        self.retries.check()?;
        self.circuit_breaker.check()?;
        let workspace = self.workspace.as_deref();
        if workspace.is_some_and(|id| id.trim().is_empty() || text::hides(id)) {
            let message = "is empty, or hides characters that cannot be seen; write the API's id \
                           of the workspace, or leave it out";
            return Err(ConfigError::new("upstream.workspace", message));
        }
        if let Some(statement) = &self.on_behalf_of {
            statement.header_name()?;
            statement.check_reuse()?;
        }
        if self.mint.is_some() && self.on_behalf_of.is_some() {
            let message = "this and upstream.on_behalf_of are two ways to act for a person; write \
                           one of them";
            return Err(ConfigError::new("upstream.mint", message));
        }
        match &self.mint {
            Some(mint) => mint.placeholders().map(|_| ()),
            None => Ok(()),
        }
    }
}

/// A value in the body of an answer by which an API reports a failure under a successful status, such
/// as `{ pointer = "/ok", equals = false }`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FailureRule {
    /// The JSON Pointer (RFC 6901) of the value.
    pub pointer: Pointer,
    /// The value that means a failure: a boolean, a number, or a text.
    pub equals: FailureValue,
}

/// The value of a [`FailureRule`].
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub enum FailureValue {
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl FailureRule {
    /// Returns true where `body` has the value at the pointer.
    pub(crate) fn is_met_by(&self, body: &Value) -> bool {
        let found = body.pointer(&self.pointer.0);
        found.is_some_and(|found| match &self.equals {
            FailureValue::Boolean(value) => found.as_bool() == Some(*value),
            FailureValue::Number(value) => found.as_i64() == Some(*value),
            FailureValue::Text(value) => found.as_str() == Some(value),
        })
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
pub(crate) fn check_base_url(url: &Url) -> Result<(), &'static str> {
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

/// The value of a header field that every call carries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "a text, { env = \"NAME\" }, { file = \"PATH\" } or { public = \"TEXT\" }"
)]
pub enum FieldValue {
    /// A text that is no secret: answers may repeat it.
    Public(Public),
    /// A text that is taken for a secret, unless the field is one that never holds any.
    Secret(Source),
}

/// A text that is no secret, as configuration writes it: `{ public = "TEXT" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// The text.
    pub public: String,
}

/// What happens with operations whose credential is not configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MissingCredentials {
    /// The server does not start, and names what is missing.
    #[default]
    Refuse,
    /// Their tools are left out.
    Hide,
    /// They are called without it: the API accepts that, or something before it adds the credential.
    Send,
}
