//! What agents sign in by: the key that signs their access tokens, and how often they can.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use ipnet::IpNet;

use super::access_token::{self, Signer};
use super::nonce;
use super::proof::AgentGrant;
use crate::config::{AgentSettings, ConfigError};
use crate::credential::{MissingKey, read_or_make};
use crate::jwt::Refused;
use crate::limit::{Budget, Keyed, Limits, Rate, Source};
use crate::model::{self, ClientId, ResourceIndicator, Whose};
use crate::oauth::key_cache::KeyCache;

/// Challenges and sign-ins that anyone may ask for.
const SIGN_INS: Limits = Limits {
    address: Rate::new(120, Duration::from_secs(1)),
    everybody: Rate::new(6000, Duration::from_millis(20)),
};
/// Sign-ins of one agent. Those that proved nothing are counted for each network address, since a
/// stranger who knows a `client_id` can send them.
const OF_AGENT: Rate = Rate::new(60, Duration::from_secs(1));
/// The most agents, and the most agents and addresses, whose sign-ins are counted.
const MOST: usize = 10_000;

/// What agents sign in by.
pub(crate) struct Agents {
    pub(super) settings: AgentSettings,
    pub(super) signer: Signer,
    /// Proves that a nonce is of this server.
    pub(super) nonce_key: hmac::Key,
    budget: Budget,
    of_agent: Keyed<ClientId>,
    attempts: Keyed<(ClientId, IpNet)>,
    /// Keys of agents that publish them.
    pub(super) keys: KeyCache,
}

impl fmt::Debug for Agents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Agents").finish_non_exhaustive()
    }
}

impl Agents {
    /// Reads the signing key, or makes one where its file is not there.
    ///
    /// # Errors
    /// Where the key cannot be read or made.
    pub(crate) fn new(
        settings: &AgentSettings,
        missing: MissingKey,
    ) -> Result<Agents, ConfigError> {
        let fail = |error: &dyn fmt::Display| {
            let file = settings.key_file.display();
            ConfigError::new("agents.key_file", format!("{file}: {error}"))
        };
        let pkcs8 = read_or_make(&settings.key_file, missing, access_token::make_key);
        let pkcs8 = pkcs8.map_err(|error| fail(&error))?;
        Ok(Agents {
            signer: Signer::new(&pkcs8).map_err(|error| fail(&error))?,
            nonce_key: nonce::key(&pkcs8),
            settings: settings.clone(),
            budget: Budget::new(SIGN_INS),
            of_agent: Keyed::new(OF_AGENT, MOST),
            attempts: Keyed::new(OF_AGENT, MOST),
            keys: KeyCache::default(),
        })
    }

    /// The key that access tokens are checked with, as JSON Web Key (RFC 7517 §4).
    pub(in crate::oauth) fn public_key(&self) -> serde_json::Value {
        self.signer.public_key().clone()
    }

    /// Checks that a token is an access token of an agent for a resource, and has not expired.
    ///
    /// # Errors
    /// Where it is not.
    pub(in crate::oauth) fn check(
        &self,
        token: &str,
        issuer: &str,
        resource: &ResourceIndicator,
        now: SystemTime,
    ) -> Result<(), Refused> {
        self.signer.check(token, issuer, resource, now)
    }

    /// The grant types by which agents sign in.
    pub(in crate::oauth) fn grant_types(&self) -> impl Iterator<Item = AgentGrant> {
        let offered = |grant: &AgentGrant| match grant {
            AgentGrant::Wallet => self.settings.wallets,
            AgentGrant::ClientCredentials => self.settings.keys,
        };
        AgentGrant::ALL.into_iter().filter(offered)
    }

    /// Whether people can link wallets.
    pub(crate) fn takes_wallets(&self) -> bool {
        self.settings.wallets
    }

    /// Whether people can link keys.
    pub(crate) fn takes_keys(&self) -> bool {
        self.settings.keys
    }

    /// Takes a challenge or a sign-in from a source.
    pub(super) fn take(&self, source: &Source, now: SystemTime) -> Result<(), model::Refused> {
        self.budget.take(source, 1, now)
    }

    /// Takes an attempt to sign in as an agent, from a source. A range that many people share is not
    /// counted here, so that none of them locks out the others.
    pub(super) fn take_attempt(
        &self,
        client: &ClientId,
        source: &Source,
        now: SystemTime,
    ) -> Result<(), model::Refused> {
        if source.is_shared() {
            return Ok(());
        }
        let whose = Whose::Network;
        let taken = self
            .attempts
            .take((client.clone(), source.network()), 1, now);
        taken.map_err(|wait| model::Refused { whose, wait })
    }

    /// Takes a sign-in of an agent that proved who it is.
    pub(super) fn take_of(&self, client: &ClientId, now: SystemTime) -> Result<(), model::Refused> {
        let whose = Whose::Agent;
        let taken = self.of_agent.take(client.clone(), 1, now);
        taken.map_err(|wait| model::Refused { whose, wait })
    }
}
