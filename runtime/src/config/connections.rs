//! `[[connections]]`: further URLs of the same server.

use serde::{Deserialize, Serialize};

use super::ConfigError;

const KEY: &str = "connections.name";
/// The longest name, in bytes.
const LONGEST: usize = 40;

/// A further URL of this server: that of the endpoint with `/as/NAME`. Assistants refuse a URL that they
/// are connected to already; with a URL each, a person connects two workspaces side by side.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSettings {
    /// The name of the connection in the URL: lower-case letters, digits and `-`, at most 40. The
    /// consent page, the portal and the instructions for assistants show it.
    pub name: String,
}

impl ConnectionSettings {
    /// Checks that names can be parts of paths, and that each is there once.
    pub(super) fn check_all(connections: &[ConnectionSettings]) -> Result<(), ConfigError> {
        for (place, ConnectionSettings { name }) in connections.iter().enumerate() {
            let is_allowed =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || name.len() > LONGEST || !name.bytes().all(is_allowed) {
                let message = "write 1 to 40 lower-case letters, digits and `-`";
                return Err(ConfigError::new(KEY, message));
            }
            if connections.iter().take(place).any(|it| it.name == *name) {
                return Err(ConfigError::new(KEY, format!("`{name}` is there twice")));
            }
        }
        Ok(())
    }
}
