//! `[agents]`: programs that act for a workspace without a person.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use super::value::within;

/// Lets people link agents to their workspaces: programs that sign in with a wallet (EIP-4361) or with a
/// key (RFC 7523), and get access tokens that are JSON Web Tokens (RFC 9068). Without this section, no agent
/// can be linked, and none can sign in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentSettings {
    /// The file of the key that signs access tokens of agents: Ed25519, PKCS #8 in base64. The server
    /// makes it where it does not exist; servers of one store need the same one. `agents.key` where it is not
    /// set.
    pub key_file: PathBuf,
    /// How long an access token is valid, in seconds: 60 to 86,400; 3,600 where it is not set. The agent
    /// signs in again after that; there is no refresh token.
    pub token_seconds: u64,
    /// Whether agents sign in with wallets; they do where it is not set.
    pub wallets: bool,
    /// The chains that a challenge for a wallet can name (EIP-155): 1 and 8453 where it is not set.
    pub chain_ids: Vec<u64>,
    /// Whether agents sign in with keys (`client_credentials` with `private_key_jwt`); they do
    /// where it is not set.
    pub keys: bool,
}

/// The longest that an access token is valid, in seconds.
const LONGEST: u64 = 24 * 60 * 60;

impl AgentSettings {
    /// Checks that there is a way to sign in, and the lifetime.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        within("agents.token_seconds", self.token_seconds, 60..=LONGEST)?;
        if !self.wallets && !self.keys {
            let message = "is false, and so is agents.keys: no agent could sign in";
            return Err(ConfigError::new("agents.wallets", message));
        }
        if self.wallets && self.chain_ids.is_empty() {
            let message = "names no chain; 1 is that of Ethereum, 8453 that of Base";
            return Err(ConfigError::new("agents.chain_ids", message));
        }
        Ok(())
    }
}

impl Default for AgentSettings {
    fn default() -> AgentSettings {
        AgentSettings {
            key_file: PathBuf::from("agents.key"),
            token_seconds: 60 * 60,
            wallets: true,
            chain_ids: vec![1, 8453],
            keys: true,
        }
    }
}
