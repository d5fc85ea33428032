//! Where the store is.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Args;

use crate::config::{StoreSettings, environment};
use crate::secret::{Secret, Source};

#[derive(Args)]
pub(super) struct StorePlace {
    /// File of accounts, clients and keys [default: connector.db beside the configuration file]
    #[arg(long, value_name = "FILE", env = environment::STORE)]
    store: Option<PathBuf>,
    /// PostgreSQL database in place of the file; other people on this machine can read it here, and
    /// cannot in the environment
    #[arg(long, value_name = "URL", env = environment::STORE_URL, hide_env_values = true, value_parser = secret)]
    store_url: Option<Secret>,
}

impl StorePlace {
    /// Puts what command line and environment say in the place of what the configuration says.
    pub(super) fn settle(self, settings: &mut StoreSettings) {
        if let Some(path) = self.store {
            settings.path = path;
        }
        if let Some(url) = self.store_url {
            settings.url = Some(Source::Literal(url));
        }
    }
}

/// Takes any text: an error of the command line would repeat it.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}
