//! Why a server does not start.

use std::net::SocketAddr;

use crate::config::{Config, ConfigError};
use crate::mcp::CatalogueError;
use crate::store::StoreError;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address to listen on cannot be had.
    #[error("cannot listen on {address}: {error}; another address is chosen with `{key}`")]
    Listen {
        /// The address, as configured.
        address: SocketAddr,
        /// The key of the configuration.
        key: &'static str,
        /// What the system says.
        error: std::io::Error,
    },
    /// The configuration is not one that can be served.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be used.
    #[error("the store: {0}")]
    Store(String),
    /// An argument of a command is wrong.
    #[error("{0}")]
    Argument(String),
    /// The generated catalogue is broken.
    #[error("{0}")]
    Catalogue(String),
}

impl StartError {
    /// The same error with its place in the configuration file, where it has one.
    pub(super) fn located(self, config: &Config) -> StartError {
        match self {
            StartError::Config(error) => {
                StartError::Config(error.located(config.positions.as_deref()))
            }
            StartError::Store(message) => {
                let error = ConfigError::new(config.store.key(), message);
                StartError::Config(error.located(config.positions.as_deref()))
            }
            error => error,
        }
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> StartError {
        StartError::Store(error.0.to_string())
    }
}

impl From<CatalogueError> for StartError {
    fn from(error: CatalogueError) -> StartError {
        StartError::Catalogue(error.to_string())
    }
}
