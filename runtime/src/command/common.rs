//! What several commands take.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use url::Url;

use super::store::StorePlace;
use crate::config::{self, Auth, Config, EndpointPath, LogFormat, LogLevel, environment};

/// Errors are reported to the person at the terminal, each in a sentence.
pub(super) type Failure = Box<dyn std::error::Error>;

#[derive(Args)]
pub(super) struct Common {
    /// Configuration file [default: connector.toml, where there is one]
    #[arg(long, value_name = "FILE", env = environment::CONFIG)]
    config: Option<PathBuf>,
    /// Base URL of the API, in place of those its description names
    #[arg(long, value_name = "URL", env = environment::UPSTREAM_URL)]
    upstream: Option<Url>,
    /// Answers from the description's examples instead of the API
    #[arg(long, value_name = "BOOL", env = environment::MOCK, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    mock: Option<bool>,
    /// Hides and refuses the tools that may change something
    #[arg(long, value_name = "BOOL", env = environment::READ_ONLY, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    read_only: Option<bool>,
    /// How the log is written, to standard error [default: text]
    #[arg(long, value_name = "FORMAT", env = environment::LOG)]
    log: Option<LogFormat>,
    /// The least that is logged [default: info]
    #[arg(long, value_name = "LEVEL", env = environment::LOG_LEVEL)]
    log_level: Option<LogLevel>,
}

#[derive(Args)]
pub(super) struct Serve {
    /// Address to listen on; port 0 picks a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", env = environment::LISTEN, value_parser = config::parse_listen)]
    listen: Option<SocketAddr>,
    /// URL under which clients reach this server, if not the address it listens on
    #[arg(long, value_name = "URL", env = environment::PUBLIC_URL, value_parser = config::parse_public_url)]
    public_url: Option<Url>,
    /// Path of the MCP endpoint [default: /mcp]
    #[arg(long, value_name = "PATH", env = environment::PATH)]
    path: Option<EndpointPath>,
    /// How callers sign in; `none` on loopback addresses only [default: oauth]
    #[arg(long, value_name = "MODE", env = environment::AUTH)]
    auth: Option<Auth>,
    #[command(flatten)]
    store: StorePlace,
    #[command(flatten)]
    common: Common,
}

/// How lists are printed.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Format {
    Table,
    Json,
}

impl Common {
    /// The configuration file's settings, with those of environment and command line in place.
    pub(super) fn settle(self) -> Result<Config, Failure> {
        let mut config = Config::load(self.config.as_deref())?;
        config.server.mock = self.mock.unwrap_or(config.server.mock);
        config.server.read_only = self.read_only.unwrap_or(config.server.read_only);
        config.upstream.url = self.upstream.or(config.upstream.url);
        config.log.format = self.log.unwrap_or(config.log.format);
        config.log.level = self.log_level.unwrap_or(config.log.level);
        Ok(config)
    }
}

impl Serve {
    /// The same for a server that listens.
    pub(super) fn settle(self) -> Result<Config, Failure> {
        let mut config = self.common.settle()?;
        self.store.settle(&mut config.store);
        let settings = &mut config.server;
        settings.listen = self.listen.unwrap_or(settings.listen);
        settings.public_url = self.public_url.or(settings.public_url.take());
        settings.auth = self.auth.unwrap_or(settings.auth);
        if let Some(path) = self.path {
            settings.path = path;
        }
        Ok(config)
    }
}
