//! The tables `[oauth]` and `[store]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use crate::limit::Ranges;
use crate::store::Retention;

/// How clients are given access.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OAuthSettings {
    /// Issuer identifier, where people sign in at another host than clients call: an origin.
    #[serde(deserialize_with = "crate::config::public_url")]
    pub issuer: Option<Url>,
    /// What keys begin with: lower-case letters and digits.
    pub key_prefix: String,
    /// How long an access token lasts, in seconds: 1 to ten years.
    pub access_token_seconds: u64,
    /// How long a refresh token lasts that is not used, in seconds: 1 to ten years.
    pub refresh_token_seconds: u64,
    /// How long a refresh token still gives the same answer after its first use, in seconds: at
    /// most a day; 0 for not at all.
    pub refresh_overlap_seconds: u64,
    /// Whether access tokens last until they are revoked; there are no refresh tokens then.
    pub until_revoked: bool,
    /// Whether clients may register themselves (RFC 7591).
    pub registration: bool,
    /// How many clients that registered themselves are kept at most, and how many documents of
    /// clients. Those that nobody is connected through give way to new ones.
    pub registered_clients: u64,
    /// Whether clients may be described by a document at their `client_id` (CIMD).
    pub client_metadata_documents: bool,
    /// Addresses from which assistants call for many people, one by one or as ranges. They share no
    /// limit with anybody else: each entry has one of its own, twenty times that of an address.
    pub shared_egress: Vec<String>,
    /// Clients that are known beforehand.
    pub clients: Vec<ClientSettings>,
}

/// The addresses that Claude calls from, as its publisher documents them.
const CLAUDE_EGRESS: &str = "160.79.104.0/21";

impl OAuthSettings {
    /// Reads `shared_egress`.
    ///
    /// # Errors
    /// Where an entry is neither an address nor a range of them; a sentence that names the setting.
    pub(crate) fn shared_ranges(&self) -> Result<Ranges, String> {
        Ranges::parse("oauth.shared_egress", &self.shared_egress)
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
        }
    }
}

/// One client that is known beforehand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientSettings {
    /// `client_id`.
    pub client_id: String,
    /// `client_name`.
    #[serde(default)]
    pub client_name: Option<String>,
    /// `redirect_uris`.
    pub redirect_uris: Vec<String>,
}

/// Where accounts, clients and keys are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// An SQLite file, made where it is not there, for its owner's eyes only; `:memory:` for one
    /// that is gone with the process. A relative path starts at the configuration file.
    pub path: PathBuf,
    /// How long it is kept who did what, in days: 1 to 3650.
    pub audit_days: u64,
    /// How many events and calls are kept at most: 1,000 to 1,000,000,000. Where there are more, what
    /// was tried and changed nothing goes first, but for a tenth of all, then calls of tools, and
    /// last what changed something for people and keys; each the oldest first.
    pub audit_rows: u64,
    /// How long keys that have ended are kept, for their people to see, in days: 1 to 3650.
    pub ended_key_days: u64,
}

impl StoreSettings {
    /// How long what is over is kept.
    ///
    /// # Errors
    /// Where it is out of bounds; a sentence that names the setting.
    pub(crate) fn retention(&self) -> Result<Retention, String> {
        let span = |key: &str, days: u64| match (1..=3650).contains(&days) {
            true => Ok(Duration::from_hours(24 * days)),
            false => Err(format!(
                "store.{key}: {days} is out of bounds; write 1 to 3650"
            )),
        };
        Ok(Retention {
            audit: span("audit_days", self.audit_days)?,
            ended_grants: span("ended_key_days", self.ended_key_days)?,
        })
    }

    /// How many rows the audit has at most.
    ///
    /// # Errors
    /// Where it is out of bounds; a sentence that names the setting.
    pub(crate) fn most_audit_rows(&self) -> Result<u64, String> {
        match (1_000..=1_000_000_000).contains(&self.audit_rows) {
            true => Ok(self.audit_rows),
            false => Err(format!(
                "store.audit_rows: {} is out of bounds; write 1000 to 1000000000",
                self.audit_rows
            )),
        }
    }

    /// Whether what is kept is gone with the process.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.path.as_os_str() == ":memory:"
    }
}

impl Default for StoreSettings {
    fn default() -> StoreSettings {
        StoreSettings {
            path: PathBuf::from("connector.db"),
            audit_days: 365,
            audit_rows: 1_000_000,
            ended_key_days: 90,
        }
    }
}
