//! `[enterprise]`: connections that the identity provider of a company decides on, without a browser.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ConfigError;
use super::identity::{GroupSettings, IdentitySettings, check_issuer};
use super::value::{self, within};
use crate::model::ClientId;
use crate::operation::Access;
use crate::secret::Source;

/// The longest that an access token or an assertion is valid, in seconds.
const LONGEST: u64 = 24 * 60 * 60;

/// Lets clients connect by an assertion of a company's identity provider, without a browser and without a
/// consent page: the Identity Assertion JWT Authorization Grant (ID-JAG), which MCP calls
/// enterprise-managed authorization. Without this section, no client can.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct EnterpriseSettings {
    /// How long an access token is valid, in seconds: 60 to 86,400; 3,600 where it is not set. There is no
    /// refresh token: the client sends the assertion again, or a new one.
    pub token_seconds: u64,
    /// The longest time from `iat` to `exp` that an assertion is accepted with, in seconds: 60 to 86,400;
    /// 3,600 where it is not set.
    pub assertion_seconds: u64,
    /// Whether the client that sent an assertion can send the same one again until it expires; it can where
    /// this is not set.
    pub resubmission: bool,
    /// The clients that can connect like this.
    pub clients: Vec<EnterpriseClientSettings>,
    /// The identity providers whose assertions are accepted.
    pub issuers: Vec<EnterpriseIssuerSettings>,
}

/// A client that connects by assertions. It has one of `client_secret`, `jwks`, `jwks_uri` and `public`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseClientSettings {
    /// Its `client_id` here, which assertions name. It can be the URL of its metadata document.
    pub client_id: String,
    /// The name of the client in the portal.
    pub name: String,
    /// The secret by which it authenticates (`client_secret_basic`, `client_secret_post`).
    #[serde(default)]
    pub client_secret: Option<Source>,
    /// The public keys by which it authenticates (`private_key_jwt`): a JSON Web Key Set, as text.
    #[serde(default)]
    pub jwks: Option<String>,
    /// The https URL of these keys.
    #[serde(
        default,
        deserialize_with = "value::keys",
        serialize_with = "value::url_as_text"
    )]
    pub jwks_uri: Option<Url>,
    /// Accepts the client without authentication. The specification advises against it: an assertion that
    /// leaks opens a connection for anyone.
    #[serde(default)]
    pub public: bool,
}

/// An identity provider whose assertions are accepted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EnterpriseIssuerSettings {
    /// The issuer identifier, exactly as assertions write it (`iss`). Where it is that of `[identity]`, the
    /// same people are meant, and the groups of that section hold.
    pub issuer: String,
    /// The URL of its keys. Where it is not set, they are found by the provider's discovery document.
    #[serde(
        default,
        deserialize_with = "value::keys",
        serialize_with = "value::url_as_text"
    )]
    pub jwks_uri: Option<Url>,
    /// The organization that assertions of an issuer with several of them name (`tenant`). An assertion
    /// with another one, or with one that is not set here, is refused.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The `client_id` of each client that can connect by assertions of this issuer.
    pub clients: Vec<String>,
    /// The most that its assertions allow. What an assertion allows beyond it is left out.
    #[serde(default)]
    pub level: EnterpriseLevel,
    /// The API's id of the workspace that connections act for. Where it is not set, this is the workspace of
    /// the first group in the list that the person is in, or else the only one that the person is a
    /// member of.
    #[serde(default)]
    pub workspace: Option<String>,
    /// The claim that lists a person's groups.
    #[serde(default = "default_groups_claim")]
    pub groups_claim: String,
    /// Groups whose people are members of a workspace, as in `[identity]`. With them, a person who is not
    /// known here gets an account. Without them, only people who have one can connect.
    #[serde(default)]
    pub groups: Vec<GroupSettings>,
}

/// The most that assertions of an issuer allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnterpriseLevel {
    /// The tools that only read.
    #[default]
    ReadOnly,
    /// All tools.
    Full,
}

impl From<EnterpriseLevel> for Access {
    fn from(level: EnterpriseLevel) -> Access {
        match level {
            EnterpriseLevel::ReadOnly => Access::Read,
            EnterpriseLevel::Full => Access::Write,
        }
    }
}

fn default_groups_claim() -> String {
    "groups".to_owned()
}

impl Default for EnterpriseSettings {
    fn default() -> EnterpriseSettings {
        EnterpriseSettings {
            token_seconds: 60 * 60,
            assertion_seconds: 60 * 60,
            resubmission: true,
            clients: Vec::new(),
            issuers: Vec::new(),
        }
    }
}

impl EnterpriseSettings {
    /// Checks what the values have to do with each other, and with the provider at which people sign in.
    pub(super) fn check(&self, identity: Option<&IdentitySettings>) -> Result<(), ConfigError> {
        within("enterprise.token_seconds", self.token_seconds, 60..=LONGEST)?;
        let seconds = self.assertion_seconds;
        within("enterprise.assertion_seconds", seconds, 60..=LONGEST)?;
        if self.clients.is_empty() {
            let message = "is empty: no client could connect; add [[enterprise.clients]]";
            return Err(ConfigError::new("enterprise.clients", message));
        }
        if self.issuers.is_empty() {
            let message = "is empty: no assertion would be accepted; add [[enterprise.issuers]]";
            return Err(ConfigError::new("enterprise.issuers", message));
        }
        let mut clients = BTreeSet::new();
        for client in &self.clients {
            client.check()?;
            if !clients.insert(client.client_id.as_str()) {
                let message = format!("`{}` is there twice", client.client_id);
                return Err(ConfigError::new("enterprise.clients", message));
            }
        }
        let identity = identity.map(IdentitySettings::issuer).transpose()?;
        let mut issuers = BTreeSet::new();
        for issuer in &self.issuers {
            issuer.check(&clients, identity.as_deref())?;
            if !issuers.insert(issuer.issuer.as_str()) {
                let message = format!("`{}` is there twice", issuer.issuer);
                return Err(ConfigError::new("enterprise.issuers", message));
            }
        }
        Ok(())
    }
}

impl EnterpriseClientSettings {
    fn check(&self) -> Result<(), ConfigError> {
        let id = &self.client_id;
        let fail = |message: &str| {
            let message = format!("`{id}` {message}");
            Err(ConfigError::new("enterprise.clients", message))
        };
        match ClientId::parse(id) {
            None => return fail("is no client_id"),
            Some(id) if id.is_agent() => {
                return fail("begins as the client_id of an agent does; choose another one");
            }
            Some(_) => {}
        }
        if self.name.trim().is_empty() {
            return fail("has an empty `name`, by which people know it in the portal");
        }
        let ways = [
            self.client_secret.is_some(),
            self.jwks.is_some(),
            self.jwks_uri.is_some(),
            self.public,
        ];
        match ways.into_iter().filter(|it| *it).count() {
            1 => Ok(()),
            0 => fail(
                "cannot authenticate; set one of `client_secret`, `jwks` and `jwks_uri`, or `public`",
            ),
            _ => fail("has several of `client_secret`, `jwks`, `jwks_uri` and `public`; keep one"),
        }
    }
}

impl EnterpriseIssuerSettings {
    fn check(&self, clients: &BTreeSet<&str>, identity: Option<&str>) -> Result<(), ConfigError> {
        check_issuer("enterprise.issuers.issuer", &self.issuer)?;
        let fail = |message: String| Err(ConfigError::new("enterprise.issuers", message));
        let issuer = &self.issuer;
        if self.clients.is_empty() {
            return fail(format!("`{issuer}` has no `clients`: none could connect"));
        }
        if let Some(unknown) = self
            .clients
            .iter()
            .find(|it| !clients.contains(it.as_str()))
        {
            return fail(format!(
                "`{issuer}` names the client `{unknown}`, which is not in [[enterprise.clients]]"
            ));
        }
        if identity == Some(issuer) && !self.groups.is_empty() {
            return fail(format!(
                "`{issuer}` is the issuer of [identity]: write the groups there, in [[identity.groups]]"
            ));
        }
        GroupSettings::check_all("enterprise.issuers.groups", &self.groups)
    }
}
