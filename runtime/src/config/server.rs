//! `[server]`: how MCP is served.

use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ConfigError;
use super::value;
use crate::address::Ranges;
use crate::capacity::memory;

/// How MCP is served.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// The IP address and port to listen on. `localhost` is 127.0.0.1; port 0 picks a free port.
    #[serde(deserialize_with = "value::listen")]
    pub listen: SocketAddr,
    /// The URL under which clients reach this server, without the path of the endpoint. It is needed
    /// where clients do not connect to `listen` directly, as behind a proxy that ends TLS.
    #[serde(
        deserialize_with = "value::public_url",
        serialize_with = "value::url_as_text"
    )]
    pub public_url: Option<Url>,
    /// The path of the MCP endpoint. It cannot be one at which the server answers itself, such as
    /// `/oauth` or `/portal`.
    #[serde(deserialize_with = "value::from_text")]
    pub path: EndpointPath,
    /// How callers sign in.
    pub auth: Auth,
    /// Host names, with or without a port, that requests may be addressed to, beside that of
    /// `public_url`.
    pub allowed_hosts: Vec<String>,
    /// Origins whose web pages may send requests, beside that of `public_url`.
    pub allowed_origins: Vec<String>,
    /// Addresses of proxies, single ones or ranges, whose `X-Forwarded-For` is believed. Without them,
    /// everybody behind a proxy counts as one address.
    pub trusted_proxies: Vec<String>,
    /// The longest request body that is accepted, in bytes.
    pub max_request_bytes: usize,
    /// The most JSON values that a message holds, each name of a member as one more.
    pub max_request_nodes: usize,
    /// The most calls that run at once.
    pub max_calls: usize,
    /// The most calls of one connection that run at once.
    pub max_calls_per_grant: usize,
    /// The most calls of one workspace that run at once, of all its connections together.
    pub max_calls_per_workspace: usize,
    /// The most tokens that a client receives of an answer in one view, its text or its structured
    /// content: 2,000 to 25,000, with four bytes to a token. Of a longer answer it receives a part, and
    /// how to call for the next one.
    pub max_answer_tokens: usize,
    /// The most characters of both views of an answer together: 16,000 to 150,000.
    pub max_answer_characters: usize,
    /// How much memory large messages and answers take together, in bytes, at least 1,048,576. Those
    /// that come when it is taken wait; one connection takes at most half of it.
    pub max_message_memory: usize,
    /// The most connections that are open at once. When there are more, the one that has waited
    /// longest for its next request is closed.
    pub max_connections: usize,
    /// The most connections from one IPv4 address, or from one IPv6 network of 64 bits. Trusted
    /// proxies and the assistants of `oauth.shared_egress` are exempt.
    pub max_connections_per_address: usize,
    /// How long a client may take to send the head of a request, to send its body, and to read the
    /// answer, in seconds each. An idle connection is closed after the same time. Behind a proxy,
    /// choose more seconds than the proxy keeps idle connections (most keep them for 60), or the
    /// proxy sends requests into connections that are being closed.
    pub request_seconds: u64,
    /// Hides and refuses the tools that may change something.
    pub read_only: bool,
    /// Answers calls from the examples of the description instead of the API.
    pub mock: bool,
    /// How long calls in flight may take to finish when the server is stopped, in seconds.
    pub shutdown_seconds: u64,
}

impl Default for ServerSettings {
    fn default() -> ServerSettings {
        ServerSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public_url: None,
            path: EndpointPath("/mcp".to_owned()),
            auth: Auth::Oauth,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            max_request_bytes: 4 * 1024 * 1024,
            max_request_nodes: 100_000,
            max_calls: 256,
            max_calls_per_grant: 32,
            max_calls_per_workspace: 64,
            max_answer_tokens: 20_000,
            max_answer_characters: 150_000,
            max_message_memory: memory::DEFAULT,
            max_connections: 2048,
            max_connections_per_address: 512,
            request_seconds: 75,
            read_only: false,
            mock: false,
            shutdown_seconds: 30,
        }
    }
}

impl ServerSettings {
    /// Checks the bounds of numbers, and addresses.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let at_least_one = |key: &str, value: usize| {
            value::at_least_one(key, u64::try_from(value).unwrap_or(u64::MAX))
        };
        at_least_one("server.max_request_bytes", self.max_request_bytes)?;
        at_least_one("server.max_request_nodes", self.max_request_nodes)?;
        at_least_one("server.max_calls", self.max_calls)?;
        at_least_one("server.max_calls_per_grant", self.max_calls_per_grant)?;
        let key = "server.max_calls_per_workspace";
        at_least_one(key, self.max_calls_per_workspace)?;
        let key = "server.max_answer_tokens";
        let tokens = u64::try_from(self.max_answer_tokens).unwrap_or(u64::MAX);
        value::within(key, tokens, 2_000..=25_000)?;
        let key = "server.max_answer_characters";
        let characters = u64::try_from(self.max_answer_characters).unwrap_or(u64::MAX);
        value::within(key, characters, 16_000..=150_000)?;
        value::within(
            "server.max_message_memory",
            u64::try_from(self.max_message_memory).unwrap_or(u64::MAX),
            LEAST_MEMORY..=MAX_MEMORY,
        )?;
        at_least_one("server.max_connections", self.max_connections)?;
        let key = "server.max_connections_per_address";
        at_least_one(key, self.max_connections_per_address)?;
        value::within(
            "server.request_seconds",
            self.request_seconds,
            1..=MAX_SECONDS,
        )?;
        value::within(
            "server.shutdown_seconds",
            self.shutdown_seconds,
            0..=MAX_SECONDS,
        )?;
        self.trusted_ranges().map(|_| ())
    }

    /// Reads `trusted_proxies`.
    ///
    /// # Errors
    /// Where an entry is neither an address nor a range of them.
    pub(crate) fn trusted_ranges(&self) -> Result<Ranges, ConfigError> {
        Ranges::parse(&self.trusted_proxies)
            .map_err(|message| ConfigError::new("server.trusted_proxies", message))
    }

    /// The URL of the MCP endpoint of a server that listens on `addr`.
    ///
    /// # Errors
    /// Where public URL and path together are no URL.
    pub fn endpoint(&self, addr: SocketAddr) -> Result<Url, url::ParseError> {
        let path = self.path.as_str();
        match &self.public_url {
            Some(base) => Url::parse(&format!("{}{path}", base.as_str().trim_end_matches('/'))),
            None => Url::parse(&format!("http://{addr}{path}")),
        }
    }
}

/// The least and the most memory for large messages, in bytes: 1 MiB and 1 TiB.
const LEAST_MEMORY: u64 = 1 << 20;
const MAX_MEMORY: u64 = 1 << 40;

/// The longest time limit, in seconds: a day.
const MAX_SECONDS: u64 = 86_400;

/// How callers sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// No sign-in: every caller acts with the operator's credentials. The server then listens on
    /// loopback addresses only.
    None,
    /// OAuth 2.1, with accounts that this server keeps.
    #[default]
    Oauth,
}

/// The path of the MCP endpoint: absolute, without query, and not one the server needs itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndpointPath(String);

/// The first segments of paths at which the server answers itself, beside `.well-known`.
const OF_THE_SERVER: &[&str] = &[
    "account",
    "assets",
    "authorize",
    "docs",
    "docs.md",
    "files",
    "healthz",
    "index.md",
    "login",
    "oauth",
    "portal",
    "readyz",
    "register",
    "token",
];

impl EndpointPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EndpointPath {
    type Err = String;

    fn from_str(text: &str) -> Result<EndpointPath, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        if !text.starts_with('/') || !text.bytes().all(plain) || text.contains("/.") {
            return Err(format!(
                "`{text}` is no path for the endpoint; write one like /mcp, of letters, digits, \
                 `-`, `_` and `/`"
            ));
        }
        let first = text.split('/').nth(1).unwrap_or_default();
        if OF_THE_SERVER.contains(&first) {
            return Err(format!(
                "`{text}` is no path for the endpoint: everything at and below /{first} is the \
                 server's own"
            ));
        }
        Ok(EndpointPath(text.to_owned()))
    }
}
