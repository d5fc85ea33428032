//! Which clients and issuers there are, and how often clients can ask.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use url::Url;

use crate::account::{AssertionIssuer, Provider};
use crate::config::{
    ConfigError, EnterpriseClientSettings, EnterpriseIssuerSettings, EnterpriseSettings,
};
use crate::jwt::{self, Jwk};
use crate::limit::{Budget, Keyed, Limits, Rate, Source};
use crate::model::{AgentCredential, ClientId, PersonId, Refused, Whose};
use crate::oauth::key_cache::KeyCache;
use crate::token::Digest;

/// Exchanges that anyone may try.
const EXCHANGES: Limits = Limits {
    address: Rate::new(120, Duration::from_secs(1)),
    everybody: Rate::new(6000, Duration::from_millis(20)),
};
/// Attempts to authenticate as one client, from one network address.
const OF_CLIENT: Rate = Rate::new(60, Duration::from_secs(1));
/// Exchanges of one client for one person.
const OF_PERSON: Rate = Rate::new(60, Duration::from_secs(1));
/// The most clients and addresses, and the most clients and people, whose exchanges are counted.
const MOST: usize = 10_000;

/// The clients that connect by assertions, and the issuers of those.
pub(crate) struct Enterprise {
    /// How long an access token is valid.
    pub(super) token_lasts: Duration,
    /// The longest that an assertion is valid.
    pub(super) longest: Duration,
    /// Whether the same assertion is exchanged again.
    pub(super) resubmission: bool,
    clients: BTreeMap<ClientId, Client>,
    issuers: BTreeMap<String, Issuer>,
    /// Keys of clients that publish them.
    pub(super) keys: KeyCache,
    budget: Budget,
    attempts: Keyed<(ClientId, IpNet)>,
    of_people: Keyed<(ClientId, PersonId)>,
}

/// A client that connects by assertions.
#[derive(Debug)]
pub(in crate::oauth) struct Client {
    pub(in crate::oauth) id: ClientId,
    /// The name that people see.
    pub(super) name: String,
    pub(super) credential: Credential,
}

/// By what a client authenticates.
#[derive(Debug)]
pub(super) enum Credential {
    /// The secret with this digest.
    Secret(Digest),
    /// One of these keys.
    Keys(Vec<Jwk>),
    /// One of the keys at this URL.
    KeysAt(Url),
    /// Nothing: it is a public client.
    None,
}

/// An issuer of assertions.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) settings: EnterpriseIssuerSettings,
    pub(super) provider: AssertionIssuer,
}

impl fmt::Debug for Enterprise {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Enterprise");
        debug
            .field("issuers", &self.issuers)
            .finish_non_exhaustive()
    }
}

impl Enterprise {
    /// Prepares the clients and issuers of the configuration. `provider` is the one at which people sign
    /// in. Nothing is fetched yet.
    ///
    /// # Errors
    /// Where a secret or a key cannot be had.
    pub(crate) fn new(
        settings: &EnterpriseSettings,
        provider: Option<&Arc<Provider>>,
    ) -> Result<Enterprise, ConfigError> {
        let clients = settings.clients.iter().map(|client| {
            let client = Client::new(client)?;
            Ok((client.id.clone(), client))
        });
        let issuers = settings.issuers.iter().map(|settings| {
            let issuer = Issuer {
                provider: AssertionIssuer::new(settings, provider)?,
                settings: settings.clone(),
            };
            Ok((settings.issuer.clone(), issuer))
        });
        Ok(Enterprise {
            token_lasts: Duration::from_secs(settings.token_seconds),
            longest: Duration::from_secs(settings.assertion_seconds),
            resubmission: settings.resubmission,
            clients: clients.collect::<Result<_, ConfigError>>()?,
            issuers: issuers.collect::<Result<_, ConfigError>>()?,
            keys: KeyCache::default(),
            budget: Budget::new(EXCHANGES),
            attempts: Keyed::new(OF_CLIENT, MOST),
            of_people: Keyed::new(OF_PERSON, MOST),
        })
    }

    /// The client of this id.
    pub(in crate::oauth) fn client(&self, id: &ClientId) -> Option<&Client> {
        self.clients.get(id)
    }

    /// Returns the issuer that an assertion names, which nothing proves yet.
    pub(super) fn issuer_of(&self, assertion: &str) -> Option<&Issuer> {
        self.issuers.get(&jwt::unverified(assertion, "iss")?)
    }

    /// The methods by which clients authenticate, as metadata names them (RFC 8414 §2).
    pub(in crate::oauth) fn methods(&self) -> Vec<&'static str> {
        let has = |is: fn(&Credential) -> bool| self.clients.values().any(|it| is(&it.credential));
        let mut methods = Vec::new();
        if has(|it| matches!(it, Credential::Secret(_))) {
            methods.extend(["client_secret_basic", "client_secret_post"]);
        }
        if has(|it| matches!(it, Credential::Keys(_) | Credential::KeysAt(_))) {
            methods.push("private_key_jwt");
        }
        methods
    }

    /// Takes an exchange from a source.
    pub(super) fn take(&self, source: &Source, now: SystemTime) -> Result<(), Refused> {
        self.budget.take(source, 1, now)
    }

    /// Takes an attempt to authenticate as a client, from a source. A range that many people share is
    /// not counted here, so that none of them locks out the others.
    pub(super) fn take_attempt(
        &self,
        client: &ClientId,
        source: &Source,
        now: SystemTime,
    ) -> Result<(), Refused> {
        if source.is_shared() {
            return Ok(());
        }
        let key = (client.clone(), source.network());
        let whose = Whose::Network;
        let taken = self.attempts.take(key, 1, now);
        taken.map_err(|wait| Refused { whose, wait })
    }

    /// Takes an exchange of a client for a person.
    pub(super) fn take_of(
        &self,
        client: &ClientId,
        person: &PersonId,
        now: SystemTime,
    ) -> Result<(), Refused> {
        let whose = Whose::Browser;
        let taken = self
            .of_people
            .take((client.clone(), person.clone()), 1, now);
        taken.map_err(|wait| Refused { whose, wait })
    }
}

impl Client {
    fn new(settings: &EnterpriseClientSettings) -> Result<Client, ConfigError> {
        let id = &settings.client_id;
        let fail = |message: &dyn fmt::Display| {
            ConfigError::new("enterprise.clients", format!("`{id}`: {message}"))
        };
        let credential = match settings {
            EnterpriseClientSettings {
                client_secret: Some(source),
                ..
            } => {
                let secret = source.read().map_err(|error| fail(&error))?;
                Credential::Secret(Digest::of(secret.expose()))
            }
            EnterpriseClientSettings {
                jwks: Some(keys), ..
            } => {
                let keys = AgentCredential::keys(keys).map_err(|error| fail(&error))?;
                Credential::Keys(keys.entered_keys().unwrap_or_default())
            }
            EnterpriseClientSettings {
                jwks_uri: Some(url),
                ..
            } => Credential::KeysAt(url.clone()),
            _ => Credential::None,
        };
        Ok(Client {
            id: ClientId::parse(id).ok_or_else(|| fail(&"it is no client_id"))?,
            name: crate::text::label(&settings.name),
            credential,
        })
    }
}
