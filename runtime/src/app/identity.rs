//! The names of a server with sign-in: where clients find it, who signs people in, and which clients
//! it knows.

use url::Url;

use crate::config::{Config, ConfigError, environment};
use crate::http::is_loopback;
use crate::oauth::KnownClients;

/// By which names clients know the server, and by which it knows clients.
#[derive(Clone, Debug)]
pub(super) struct ServerIdentity {
    /// The origin of the MCP endpoint.
    pub(super) origin: String,
    /// Who signs people in: the issuer identifier (RFC 8414 §2).
    pub(super) issuer: String,
    /// The clients that need no registration.
    pub(super) clients: KnownClients,
}

impl ServerIdentity {
    /// Decides the names of a server whose endpoint is at `url`.
    ///
    /// # Errors
    /// Where the endpoint or the issuer has an address that people cannot sign in at.
    pub(super) fn decide(config: &Config, url: &Url) -> Result<ServerIdentity, ConfigError> {
        let path = config.server.path.as_str();
        if url.path() != path {
            // Clients look for the metadata of sign-in below the origin.
            let message = format!(
                "with sign-in it can have no path; write the whole path of the endpoint, {}, as \
                 server.path",
                url.path()
            );
            return Err(ConfigError::new("server.public_url", message));
        }
        let origin = url.origin().ascii_serialization();
        let issuer = match &config.oauth.issuer {
            Some(issuer) => issuer.origin().ascii_serialization(),
            None => origin.clone(),
        };
        check_https("server.public_url", &origin, config)?;
        check_https("oauth.issuer", &issuer, config)?;
        Ok(ServerIdentity {
            origin,
            issuer,
            clients: KnownClients::read(&config.oauth)?,
        })
    }
}

/// Over anything but https, anyone on the way could read passwords and tokens. There is no way
/// where server and browser are on one machine.
fn check_https(key: &str, origin: &str, config: &Config) -> Result<(), ConfigError> {
    let listen = config.server.listen;
    if origin.starts_with("https://") || is_loopback(origin) && listen.ip().is_loopback() {
        return Ok(());
    }
    if config.server.public_url.is_none() && !listen.ip().is_loopback() {
        let message = format!(
            "is not set. This server listens on {listen}, where others reach it and sign in, so it \
             has to know the https URL that they use: set `public_url` in connector.toml, {} or \
             --public-url, for example to https://mcp.example.com, and put a proxy before it that \
             ends TLS. To try it on this machine alone, listen on 127.0.0.1",
            environment::PUBLIC_URL
        );
        return Err(ConfigError::new("server.public_url", message));
    }
    let message = format!(
        "`{origin}` is no https URL, so that anyone on the way could read passwords and tokens; set \
         it to the https URL that people reach this server at. Plain http is for a loopback URL of \
         a server that listens on a loopback address only"
    );
    Err(ConfigError::new(key, message))
}
