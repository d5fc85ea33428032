//! The configuration: `connector.toml`, and what environment and command line put in its place.
//!
//! One file a section. A value that is wrong by itself is an error of reading; what several values
//! have to do with each other, and with the description, shows when the server starts or by
//! `config check`. Either way the error is a [`ConfigError`].

mod accounts;
mod agents;
mod audit;
mod connections;
mod credential;
mod enterprise;
pub(crate) mod environment;
mod error;
mod exchange;
mod files;
mod identity;
mod limits;
mod metrics;
mod mint;
mod oauth;
mod on_behalf_of;
mod openid;
mod position;
mod quota;
mod retries;
mod server;
mod site;
mod store;
mod tls;
mod traces;
mod upstream;
mod value;

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use crate::log::{LogFormat, LogLevel, LogSettings};
use crate::nearest::nearest;

pub use crate::model::QuotaPeriod;
pub use crate::seal::SealingKeySettings;
pub use accounts::{AccountSettings, WorkspaceScope};
pub use agents::AgentSettings;
pub use audit::{AuditSettings, MeteringSettings};
pub use connections::ConnectionSettings;
pub use credential::Credential;
pub use enterprise::{
    EnterpriseClientSettings, EnterpriseIssuerSettings, EnterpriseLevel, EnterpriseSettings,
};
pub use error::ConfigError;
pub use exchange::{ClientAuthentication, ExchangeForm, ExchangeSettings, SubjectKind};
pub use files::FileSettings;
pub use identity::{GroupRole, GroupSettings, IdentitySettings, ProviderPreset};
pub use limits::LimitSettings;
pub use metrics::MetricsSettings;
pub use mint::{
    CreateSettings, FindSettings, HeaderField, Levels, MintSettings, Pointer, RequestLine,
    RevokeSettings,
};
pub use oauth::{ClientSettings, OAuthSettings};
pub use on_behalf_of::OnBehalfOfSettings;
pub use openid::OpenIdSettings;
pub(crate) use position::Positions;
pub(crate) use quota::MOST_OF_A_QUOTA;
pub use quota::{PlanFrom, QuotaPlan, QuotaSettings};
pub use retries::{CircuitBreakerSettings, RetrySettings};
pub use server::{Auth, EndpointPath, ServerSettings};
pub use site::SiteSettings;
pub use store::StoreSettings;
pub use tls::TlsSettings;
pub use traces::TraceSettings;
pub(crate) use upstream::check_base_url;
pub use upstream::{
    FailureRule, FailureValue, FieldValue, MissingCredentials, Public, UpstreamSettings,
};
pub(crate) use value::{parse_listen, parse_public_url};

/// The file that is read where none is named, in the current directory.
pub const DEFAULT_FILE: &str = "connector.toml";

/// All settings of one server.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How MCP is served.
    pub server: ServerSettings,
    /// The certificate of a server that speaks HTTPS itself.
    pub tls: Option<TlsSettings>,
    /// How the API is reached.
    pub upstream: UpstreamSettings,
    /// What people see of the connector.
    pub site: SiteSettings,
    /// What is logged, to standard error.
    pub log: LogSettings,
    /// How clients get access, where people sign in.
    pub oauth: OAuthSettings,
    /// How people get accounts, and which workspaces reach the API.
    pub accounts: AccountSettings,
    /// How often connections and workspaces may call.
    pub limits: LimitSettings,
    /// How much workspaces may use in a day or a month.
    pub quota: QuotaSettings,
    /// Links by which people and programs fetch and send files beside the assistant.
    pub files: FileSettings,
    /// Where the rows of the audit are sent as they are written.
    pub audit: AuditSettings,
    /// Where each call of a tool is sent, to be counted or billed.
    pub metering: MeteringSettings,
    /// Numbers for Prometheus.
    pub metrics: MetricsSettings,
    /// Which agents can sign in: programs that act for a workspace without a person.
    pub agents: Option<AgentSettings>,
    /// Traces for a collector of OpenTelemetry.
    pub traces: TraceSettings,
    /// The identity provider at which people sign in.
    pub identity: Option<IdentitySettings>,
    /// Which clients connect by assertions of an identity provider.
    pub enterprise: Option<EnterpriseSettings>,
    /// Further URLs of the same server.
    pub connections: Vec<ConnectionSettings>,
    /// Where accounts, clients and connections are kept.
    pub store: StoreSettings,
    /// The places of these in the file.
    #[serde(skip)]
    pub(crate) positions: Option<Arc<Positions>>,
}

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
            Err(error) => {
                let message = format!("cannot be read: {error}");
                Err(ConfigError::of_file(path, None, message))
            }
        }
    }

    /// Reads the text of a configuration file; `file` names it in errors.
    ///
    /// # Errors
    /// Where the text is not TOML or says something that is no setting.
    pub fn parse(text: &str, file: &Path) -> Result<Config, ConfigError> {
        let fail = |error: &toml::de::Error| {
            let line = error.span().map(|span| line_of(text, span.start));
            ConfigError::of_file(file, line, suggest(error.message()))
        };
        let deserializer = toml::Deserializer::parse(text).map_err(|error| fail(&error))?;
        let config: Config = serde_path_to_error::deserialize(deserializer).map_err(|error| {
            let key = error.path().to_string();
            fail(error.inner()).about((key != ".").then_some(key))
        })?;
        Ok(Config {
            positions: Some(Arc::new(Positions::of(text, file))),
            ..config.beside(file)
        })
    }

    /// Checks what values have to do with each other, and their bounds.
    ///
    /// # Errors
    /// The first value that is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        let checked = self
            .server
            .check()
            .and_then(|()| self.check_tls())
            .and_then(|()| self.upstream.check())
            .and_then(|()| self.oauth.check())
            .and_then(|()| self.agents.as_ref().map_or(Ok(()), AgentSettings::check))
            .and_then(|()| self.limits.check())
            .and_then(|()| self.quota.check())
            .and_then(|()| self.files.check())
            .and_then(|()| self.audit.check())
            .and_then(|()| self.metering.check())
            .and_then(|()| self.traces.check())
            .and_then(|()| self.check_identity())
            .and_then(|()| match &self.enterprise {
                Some(settings) => settings.check(self.identity.as_ref()),
                None => Ok(()),
            })
            .and_then(|()| match &self.upstream.exchange {
                Some(settings) => settings.check(self),
                None => Ok(()),
            })
            .and_then(|()| ConnectionSettings::check_all(&self.connections))
            .and_then(|()| self.store.check())
            .and_then(|()| self.site.check());
        checked.map_err(|error| error.located(self.positions.as_deref()))
    }

    fn check_tls(&self) -> Result<(), ConfigError> {
        let public_url = self.server.public_url.as_ref();
        self.tls.as_ref().map_or(Ok(()), |it| it.check(public_url))
    }

    /// Checks how people sign in.
    fn check_identity(&self) -> Result<(), ConfigError> {
        match &self.identity {
            Some(settings) => {
                if self.accounts.sign_up && !self.accounts.passwords {
                    let message = "takes a password, which accounts.passwords switches off";
                    return Err(ConfigError::new("accounts.sign_up", message));
                }
                settings.check(self.accounts.sign_up)
            }
            None if !self.accounts.passwords => {
                let message = "is false, and there is no [identity]: no person could sign in";
                Err(ConfigError::new("accounts.passwords", message))
            }
            None => Ok(()),
        }
    }

    /// The effective values as TOML. Secrets are shown as `[secret]`.
    ///
    /// # Errors
    /// Where a value has no form in TOML.
    pub fn effective(&self) -> Result<String, ConfigError> {
        let text = toml::to_string(self);
        text.map_err(|error| ConfigError::new("config", error.to_string()))
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
        if let Some(settings) = &mut self.tls {
            settings.certificate_file = directory.join(&settings.certificate_file);
            settings.key_file = directory.join(&settings.key_file);
        }
        if let Some(file) = &mut self.audit.file {
            *file = directory.join(&file);
        }
        if let Some(logo) = &mut self.site.logo {
            *logo = directory.join(&logo);
        }
        if let Some(settings) = &mut self.upstream.on_behalf_of {
            settings.key_file = directory.join(&settings.key_file);
        }
        if let Some(settings) = &mut self.agents {
            settings.key_file = directory.join(&settings.key_file);
        }
        if let Some(settings) = &mut self.oauth.openid {
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

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
    fn what_the_server_makes_is_beside_its_configuration() {
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
