//! Signing in at the identity provider of a company (OpenID Connect Core 1.0, authorization code
//! flow with PKCE): this server is the relying party.

mod assertions;
mod callback;
mod claims;
mod client;
mod discovery;
mod error;
mod examine;
mod exchange;
mod exchange_request;
mod groups;
mod id_token;
mod logout;
mod recheck;
mod request;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use self::client::ClientCredentials;
use self::discovery::Endpoints;
use self::exchange_request::TokenExchange;
use self::groups::GroupRules;
use crate::config::{ConfigError, ExchangeSettings, IdentitySettings, ProviderPreset};
use crate::limit::{Budget, Limits, Rate};
use crate::random::Random;
use crate::seal::SealingKeys;
use crate::secret::Secret;
use crate::token::Digest;

pub(crate) use assertions::{AssertedPerson, AssertionError, AssertionIssuer};
pub(super) use callback::callback;
pub(crate) use examine::Callback;
pub(super) use logout::back_channel_logout;
pub(crate) use recheck::Occasion;
pub(super) use request::{Purpose, begin, confirm_route};

/// Sign-ins that anyone may begin.
const SIGN_INS: Limits = Limits {
    address: Rate::new(30, Duration::from_secs(10)),
    everybody: Rate::new(3000, Duration::from_millis(100)),
};

/// Logout tokens that anyone may send. Of one address, those count that are under way or were refused.
const LOGOUTS: Limits = Limits {
    address: Rate::new(60, Duration::from_secs(1)),
    everybody: Rate::new(3000, Duration::from_millis(10)),
};

/// The path that the provider sends logout tokens to.
pub(super) const LOGOUT: &str = "/account/backchannel-logout";

/// The path that the provider sends browsers back to.
pub(super) const CALLBACK: &str = "/account/callback";

/// The identity provider, and what this server is there.
pub(crate) struct Provider {
    /// What pages call it.
    pub(crate) name: String,
    issuer: String,
    preset: Option<ProviderPreset>,
    tenant: String,
    client_id: String,
    client_secret: Option<Secret>,
    scopes: Vec<String>,
    /// The URL that the provider sends browsers back to.
    pub(crate) redirect_uri: String,
    link_verified_email: bool,
    groups: GroupRules,
    endpoints: Endpoints,
    /// What seals tokens of the provider. Without it, none is kept.
    sealing: Option<SealingKeys>,
    /// How tokens of sign-ins are exchanged for tokens of the API, where they are.
    exchange: Option<TokenExchange>,
    /// How long after an answer about a person the provider is asked again.
    recheck: Duration,
    /// How long a sign-in lasts about which it cannot be asked.
    max_session: Duration,
    logout_ends_connections: bool,
    /// Sign-ins that begin.
    sign_ins: Budget,
    /// Logout tokens that come.
    logouts: Budget,
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Provider");
        debug.field("issuer", &self.issuer);
        debug.finish_non_exhaustive()
    }
}

impl Provider {
    /// Prepares the provider that the configuration names, for a server whose people reach it at
    /// `origin`. Nothing is fetched yet: a provider that is away does not keep the server from starting.
    ///
    /// # Errors
    /// Where the settings are wrong, or the secret cannot be had.
    pub(crate) fn new(
        settings: &IdentitySettings,
        origin: &str,
        random: Arc<dyn Random>,
    ) -> Result<Provider, ConfigError> {
        let issuer = settings.issuer()?;
        let secret = settings.client_secret.as_ref().map(|source| {
            let secret = source.read();
            secret.map_err(|error| ConfigError::new("identity.client_secret", error.to_string()))
        });
        let endpoints = Endpoints::new(&issuer)
            .map_err(|message| ConfigError::new("identity.issuer", message))?;
        let sealing = match settings.sealing_keys.as_slice() {
            [] => None,
            keys => Some(
                SealingKeys::read(keys, random)
                    .map_err(|message| ConfigError::new("identity.sealing_keys", message))?,
            ),
        };
        let name = match (&settings.name, settings.provider) {
            (Some(name), _) => name.clone(),
            (None, Some(preset)) => preset.name().to_owned(),
            (None, None) => endpoints.host(),
        };
        Ok(Provider {
            name,
            preset: settings.provider,
            tenant: settings.tenant.clone().unwrap_or_default(),
            client_id: settings.client_id.clone(),
            client_secret: secret.transpose()?,
            scopes: settings.scopes.clone(),
            redirect_uri: format!("{origin}{CALLBACK}"),
            link_verified_email: settings.link_verified_email,
            groups: GroupRules::new(&settings.groups_claim, &settings.groups),
            endpoints,
            sealing,
            exchange: None,
            recheck: Duration::from_secs(settings.recheck_seconds),
            max_session: Duration::from_secs(settings.max_session_hours * 60 * 60),
            logout_ends_connections: settings.logout_ends_connections,
            sign_ins: Budget::new(SIGN_INS),
            logouts: Budget::new(LOGOUTS),
            issuer,
        })
    }

    /// Exchanges the tokens of sign-ins for tokens of the API.
    ///
    /// # Errors
    /// Where the secret that this takes cannot be had.
    pub(crate) fn exchanging(self, settings: &ExchangeSettings) -> Result<Provider, ConfigError> {
        let secret = self.client_secret.as_ref();
        let prepared = TokenExchange::new(settings, &self.client_id, secret)?;
        Ok(Provider {
            exchange: Some(prepared),
            ..self
        })
    }

    /// Returns the first of these sealing keys that is not configured, where any is. Without sealing
    /// keys, what was sealed is of no use, and no key is missed.
    pub(crate) fn missing_key<'a>(&self, sealed_with: &'a [String]) -> Option<&'a str> {
        let sealing = self.sealing.as_ref()?;
        let mut ids = sealed_with.iter().map(String::as_str);
        ids.find(|id| !sealing.knows(id))
    }

    /// What this server proves with at the token endpoint who it is.
    fn credentials(&self) -> ClientCredentials<'_> {
        ClientCredentials {
            id: &self.client_id,
            secret: self.client_secret.as_ref(),
        }
    }
}

/// The secrets of one sign-in. The browser keeps one text, and all others come of it, so that the
/// store has none of them.
struct SignInSecrets<'a> {
    state: &'a str,
    cookie: &'a str,
}

impl SignInSecrets<'_> {
    /// The name of the cookie. Each sign-in has its own, so that several tabs do not disturb each
    /// other.
    fn cookie_name(state: &str) -> String {
        format!("provider-{}", Digest::of(state).hex(8))
    }

    /// `nonce`, which the ID token repeats (OpenID Connect Core §15.5.2).
    fn nonce(&self) -> String {
        Digest::of(&format!("nonce {} {}", self.state, self.cookie)).hex(32)
    }

    /// The verifier of PKCE (RFC 7636 §4.1).
    fn verifier(&self) -> String {
        Digest::of(&format!("verifier {} {}", self.state, self.cookie)).hex(32)
    }

    /// The challenge of the verifier, by S256.
    fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Digest::of(&self.verifier()).as_bytes())
    }
}
