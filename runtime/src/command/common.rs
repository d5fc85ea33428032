//! What several commands take.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use url::Url;

use crate::config::{Config, LogFormat, LogLevel, environment};

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
