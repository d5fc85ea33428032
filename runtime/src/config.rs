//! The configuration: `connector.toml`, and what environment and command line put in its place.

mod position;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use url::Url;

pub use crate::account::{AccountSettings, WorkspaceScope};
use crate::nearest::nearest;
pub use crate::oauth::{ClientSettings, OAuthSettings, StoreSettings};
use crate::upstream;
pub(crate) use position::Positions;

/// The file that is read where none is named, in the current directory.
pub const DEFAULT_FILE: &str = "connector.toml";

/// All settings of one server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How MCP is served.
    pub server: ServerSettings,
    /// How the API is reached.
    pub upstream: upstream::Settings,
    /// What is logged.
    pub log: LogSettings,
    /// How clients are given access, where people sign in.
    pub oauth: OAuthSettings,
    /// Who may have an account.
    pub accounts: AccountSettings,
    /// Where accounts, clients and keys are kept.
    pub store: StoreSettings,
    /// Where in its file each of these stands.
    #[serde(skip)]
    pub(crate) positions: Option<Arc<Positions>>,
}

/// The table `[server]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerSettings {
    /// The address to listen on; port 0 picks a free one.
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// The URL under which clients reach this server, without the path of the endpoint, where it
    /// is not the address it listens on.
    #[serde(deserialize_with = "public_url")]
    pub public_url: Option<Url>,
    /// The path of the MCP endpoint.
    #[serde(deserialize_with = "from_text")]
    pub path: EndpointPath,
    /// How callers sign in.
    pub auth: Auth,
    /// Host names that requests may be addressed to, beside that of `public_url`.
    pub allowed_hosts: Vec<String>,
    /// Origins whose web pages may send requests, beside that of `public_url`.
    pub allowed_origins: Vec<String>,
    /// Addresses of proxies, one by one or as ranges, that tell in `X-Forwarded-For` where a request
    /// comes from.
    pub trusted_proxies: Vec<String>,
    /// The longest message accepted, in bytes.
    pub max_request_bytes: usize,
    /// How many connections are open at once at most. Where there are more, the one that has waited
    /// longest for its next request is closed.
    pub max_connections: usize,
    /// How many of them come from one address at most, or from one /64 of IPv6. Trusted proxies may
    /// have any number.
    pub max_connections_per_address: usize,
    /// How long a client may take to send a request's head, and again its body, in seconds, and how
    /// long it may leave an answer unread. A connection that waits for its next request is closed
    /// after the same time. Behind a proxy this has to be longer than the proxy keeps such
    /// connections, or it sends requests into ones that are being closed; most keep them for 60
    /// seconds.
    pub request_seconds: u64,
    /// Whether tools that may change something are hidden and refused.
    pub read_only: bool,
    /// Whether calls are answered from the description's examples instead of the API.
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

/// How callers sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Auth {
    /// Not at all: everybody who reaches the server is its operator.
    None,
    /// By OAuth 2.1, with accounts that are kept here.
    #[default]
    Oauth,
}

/// The table `[log]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// How a line is written.
    pub format: LogFormat,
    /// The least that is written.
    pub level: LogLevel,
}

/// How a line of the log is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The least that is written to the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// Faults of this server.
    Error,
    /// What its operator should look at.
    Warn,
    /// A line for each call.
    #[default]
    Info,
    /// A line for each request, and what was done about arguments and answers.
    Debug,
}

/// The path of the MCP endpoint: absolute, without query, and not one the server needs itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointPath(String);

/// The first segments of paths at which the server answers itself, beside `.well-known`.
const OF_THE_SERVER: &[&str] = &[
    "account",
    "assets",
    "authorize",
    "healthz",
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

/// Why a configuration file cannot be used.
#[derive(Debug)]
pub struct ConfigError {
    file: PathBuf,
    line: Option<usize>,
    key: Option<String>,
    message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if let Some(key) = &self.key {
            write!(formatter, ": {key}")?;
        }
        write!(formatter, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Reads `file`, or else [`DEFAULT_FILE`] where there is one, or else takes the defaults.
    ///
    /// # Errors
    /// Where a file cannot be read or says something that is no setting.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let path = file.unwrap_or(Path::new(DEFAULT_FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => Config::parse(&text, path),
            Err(error) if file.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Config::default())
            }
            Err(error) => Err(ConfigError {
                file: path.to_owned(),
                line: None,
                key: None,
                message: format!("cannot be read: {error}"),
            }),
        }
    }

    /// Reads the text of a configuration file; `file` names it in errors.
    ///
    /// # Errors
    /// Where the text is not TOML or says something that is no setting.
    pub fn parse(text: &str, file: &Path) -> Result<Config, ConfigError> {
        let fail = |key: Option<String>, error: &toml::de::Error| ConfigError {
            file: file.to_owned(),
            line: error.span().map(|span| line_of(text, span.start)),
            key,
            message: error.message().to_owned(),
        };
        let deserializer = toml::Deserializer::parse(text).map_err(|error| fail(None, &error))?;
        let config = serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let key = error.path().to_string();
            let mut error = fail((key != ".").then_some(key), error.inner());
            error.message = suggest(&error.message);
            error
        });
        config.map(|config: Config| Config {
            positions: Some(Arc::new(Positions::of(text, file))),
            ..config.beside(file)
        })
    }

    /// Takes the files that the server makes for itself as standing beside `file`, where their
    /// paths are relative.
    fn beside(mut self, file: &Path) -> Config {
        let Some(directory) = file.parent() else {
            return self;
        };
        if !self.store.is_in_memory() {
            self.store.path = directory.join(&self.store.path);
        }
        if let Some(settings) = &mut self.upstream.on_behalf_of {
            settings.key_file = directory.join(&settings.key_file);
        }
        self
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Adds to serde's words on an unknown key the known one that was probably meant.
fn suggest(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field ") else {
        return message.to_owned();
    };
    let mut names = rest.split('`').skip(1).step_by(2);
    let unknown = names.next().unwrap_or_default();
    match nearest(unknown, names) {
        Some(known) => format!("unknown key `{unknown}`; did you mean `{known}`?"),
        None => format!("unknown key {rest}"),
    }
}

fn from_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: fmt::Display>,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
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

pub(crate) fn public_url<'de, D: Deserializer<'de>>(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let file = Path::new("connector.toml");
        Config::parse(text, file).unwrap_err().to_string()
    }

    #[test]
    fn an_empty_file_means_the_defaults() {
        let config = Config::parse("", Path::new("connector.toml")).unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.server.path.as_str(), "/mcp");
    }

    #[test]
    fn a_server_that_says_nothing_signs_people_in() {
        let config = Config::parse("", Path::new("connector.toml")).unwrap();
        assert_eq!(config.server.auth, Auth::Oauth);
    }

    #[test]
    fn what_the_server_makes_stands_beside_its_configuration() {
        let store = |text: &str| {
            let config = Config::parse(text, Path::new("/etc/mcp/connector.toml")).unwrap();
            config.store.path
        };
        assert_eq!(store(""), Path::new("/etc/mcp/connector.db"));
        assert_eq!(
            store("[store]\npath = \"/var/a.db\"\n"),
            Path::new("/var/a.db")
        );
        assert_eq!(
            store("[store]\npath = \":memory:\"\n"),
            Path::new(":memory:")
        );
    }

    #[test]
    fn an_unknown_key_is_named_with_file_and_line_and_the_one_meant() {
        let expected =
            "connector.toml:2: server.lisen: unknown key `lisen`; did you mean `listen`?";
        assert_eq!(error("[server]\nlisen = \"127.0.0.1:1\"\n"), expected);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_file_line_and_key() {
        let error = error("[server]\n\nread_only = \"yes\"\n");
        assert!(
            error.starts_with("connector.toml:3: server.read_only: "),
            "{error}"
        );
    }

    #[test]
    fn text_that_is_not_toml_is_named_with_its_line() {
        let error = error("[server]\nlisten = \n");
        assert!(error.starts_with("connector.toml:2: "), "{error}");
    }

    #[test]
    fn localhost_is_an_address_to_listen_on() {
        let expected: SocketAddr = "127.0.0.1:9000".parse().unwrap();
        assert_eq!(parse_listen("localhost:9000"), Ok(expected));
    }

    #[test]
    fn a_path_that_the_server_needs_is_refused() {
        for path in [
            "/healthz",
            "/oauth",
            "/oauth/authorize",
            "/oauth/",
            "/portal/keys",
            "/token",
            "/account/x",
            "/assets/style.css",
        ] {
            let error = error(&format!("[server]\npath = \"{path}\"\n"));
            assert!(
                error.starts_with("connector.toml:2: server.path: ") && error.contains(path),
                "{error}"
            );
        }
        for path in ["/", "/mcp", "/oauth2/mcp", "/api/oauth"] {
            assert!(path.parse::<EndpointPath>().is_ok(), "{path}");
        }
    }

    #[test]
    fn a_path_has_to_be_absolute() {
        assert!("mcp".parse::<EndpointPath>().is_err());
    }

    #[test]
    fn the_endpoint_is_the_public_url_and_the_path() {
        let text = "[server]\npublic_url = \"https://example.com/api/\"\n";
        let config = Config::parse(text, Path::new("connector.toml")).unwrap();
        let url = config.server.endpoint(config.server.listen).unwrap();
        assert_eq!(url.as_str(), "https://example.com/api/mcp");
    }
}
