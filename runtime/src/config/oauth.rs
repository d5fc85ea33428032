//! `[oauth]`: how clients are given access.

use serde::{Deserialize, Serialize};
use url::Url;

use super::value::{self, within};
use super::{ConfigError, OpenIdSettings};
use crate::address::Ranges;

/// The longest that tokens last, in seconds: ten years.
const LONGEST: u64 = 10 * 365 * 24 * 60 * 60;
/// The longest that a refresh token still answers after its first use, in seconds.
const LONGEST_OVERLAP: u64 = 24 * 60 * 60;

/// How clients get access, where people sign in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OAuthSettings {
    /// The issuer identifier (RFC 8414 §2), an origin: needed where people sign in at another host
    /// than the one that clients call.
    #[serde(
        deserialize_with = "value::public_url",
        serialize_with = "value::url_as_text"
    )]
    pub issuer: Option<Url>,
    /// The prefix of access tokens: 2 to 16 lower-case letters and digits.
    pub key_prefix: String,
    /// The lifetime of an access token, in seconds: 1 to 315,360,000 (ten years).
    pub access_token_seconds: u64,
    /// The lifetime of an unused refresh token, in seconds: 1 to 315,360,000.
    pub refresh_token_seconds: u64,
    /// How long a used refresh token still gets the answer of its first use, in seconds: 0 to 86,400.
    /// It covers clients that lost that answer, or that refresh twice at once.
    pub refresh_overlap_seconds: u64,
    /// Issues access tokens that last until they are revoked, and no refresh tokens.
    pub until_revoked: bool,
    /// Lets clients register themselves (RFC 7591).
    pub registration: bool,
    /// The most registered clients that are kept, and the most metadata documents of clients. When
    /// there are more, those without a connection are removed.
    pub registered_clients: u64,
    /// Accepts clients whose `client_id` is the URL of a metadata document.
    pub client_metadata_documents: bool,
    /// Addresses, single ones or ranges, from which an assistant calls for many people. Each entry
    /// has limits of its own, twenty times those of an address.
    pub shared_egress: Vec<String>,
    /// Clients that need no registration.
    pub clients: Vec<ClientSettings>,
    /// Reports to clients who signed in, where it is there.
    pub openid: Option<OpenIdSettings>,
}

/// The addresses that Claude calls from, as its publisher documents them.
const CLAUDE_EGRESS: &str = "160.79.104.0/21";

impl OAuthSettings {
    /// Checks the prefix of keys, lifetimes and addresses.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let prefix = self.key_prefix.as_str();
        if !(2..=16).contains(&prefix.len()) || !prefix.bytes().all(plain) {
            let message = "write 2 to 16 lower-case letters and digits";
            return Err(ConfigError::new("oauth.key_prefix", message));
        }
        if let Some(issuer) = &self.issuer
            && (issuer.path() != "/" || issuer.query().is_some())
        {
            let message = "write an origin like https://auth.example.com";
            return Err(ConfigError::new("oauth.issuer", message));
        }
        within(
            "oauth.access_token_seconds",
            self.access_token_seconds,
            1..=LONGEST,
        )?;
        within(
            "oauth.refresh_token_seconds",
            self.refresh_token_seconds,
            1..=LONGEST,
        )?;
        let key = "oauth.refresh_overlap_seconds";
        within(key, self.refresh_overlap_seconds, 0..=LONGEST_OVERLAP)?;
        self.shared_ranges().map(|_| ())
    }

    /// Reads `shared_egress`.
    ///
    /// # Errors
    /// Where an entry is neither an address nor a range of them.
    pub(crate) fn shared_ranges(&self) -> Result<Ranges, ConfigError> {
        Ranges::parse(&self.shared_egress)
            .map_err(|message| ConfigError::new("oauth.shared_egress", message))
    }
}

impl Default for OAuthSettings {
    fn default() -> OAuthSettings {
        OAuthSettings {
            issuer: None,
            key_prefix: "mcpk".to_owned(),
            access_token_seconds: 24 * 60 * 60,
            refresh_token_seconds: 90 * 24 * 60 * 60,
            refresh_overlap_seconds: 30,
            until_revoked: false,
            registration: true,
            registered_clients: 10_000,
            client_metadata_documents: true,
            shared_egress: vec![CLAUDE_EGRESS.to_owned()],
            clients: Vec::new(),
            openid: None,
        }
    }
}

/// A client that needs no registration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// Its `client_id` (RFC 6749 §2.2).
    pub client_id: String,
    /// Its name on the consent page.
    #[serde(default)]
    pub client_name: Option<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<String>,
}
