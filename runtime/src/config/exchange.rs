//! `[upstream.exchange]`: calls in the person's own name.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use url::Url;

use super::value::{is_guarded, url_as_text};
use super::{Auth, Config, ConfigError, IdentitySettings};
use crate::secret::Source;

/// The type of an access token (RFC 8693 §3).
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";
/// The type of an ID token (RFC 8693 §3).
const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// Calls the API in the name of the person of each connection: the identity provider exchanges the token
/// of the person's sign-in for one of the API, which calls carry as `Authorization: Bearer`. It needs
/// `[identity]` with `sealing_keys`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExchangeSettings {
    /// The request by which tokens are exchanged.
    pub form: ExchangeForm,
    /// The security scheme of the description that the tokens are for: one that is sent as
    /// `Authorization: Bearer`. Leave it out where the description has exactly one of these.
    #[serde(default)]
    pub scheme: Option<String>,
    /// The token of the sign-in that is exchanged.
    #[serde(default)]
    pub subject: SubjectKind,
    /// The `subject_token_type`, where it is another one than that of `subject`, as
    /// `urn:ietf:params:oauth:token-type:jwt`. For `token-exchange` only.
    #[serde(default)]
    pub subject_token_type: Option<String>,
    /// The `audience`: the provider's name of the API. For `token-exchange` only.
    #[serde(default)]
    pub audience: Option<String>,
    /// The `resource`: the URI of the API (RFC 8707). For `token-exchange` only.
    #[serde(default)]
    pub resource: Option<String>,
    /// The scopes that are requested. `on-behalf-of` needs one, as `api://API/.default`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The `requested_token_type`, that of an access token where it is not set. For `token-exchange` only.
    #[serde(default)]
    pub requested_token_type: Option<String>,
    /// The token endpoint that exchanges tokens; that of the provider where it is not set.
    #[serde(default, deserialize_with = "endpoint", serialize_with = "url_as_text")]
    pub token_endpoint: Option<Url>,
    /// The id of this server at that endpoint; `identity.client_id` where it is not set.
    #[serde(default)]
    pub client_id: Option<String>,
    /// The secret that belongs to it; `identity.client_secret` where neither is set.
    #[serde(default)]
    pub client_secret: Option<Source>,
    /// How id and secret are sent. Where it is not set, `basic`, unless the provider supports `post` only.
    #[serde(default)]
    pub client_authentication: Option<ClientAuthentication>,
}

/// The request by which tokens are exchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExchangeForm {
    /// OAuth 2.0 Token Exchange (RFC 8693).
    TokenExchange,
    /// The on-behalf-of flow of Microsoft Entra ID.
    OnBehalfOf,
}

/// A token of a sign-in at the identity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// The access token.
    #[default]
    AccessToken,
    /// The ID token.
    IdToken,
}

/// How a client authenticates at a token endpoint (RFC 6749 §2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthentication {
    /// HTTP Basic authentication.
    Basic,
    /// Parameters of the form.
    Post,
}

impl ExchangeSettings {
    /// Returns the `subject_token_type`.
    pub(crate) fn subject_token_type(&self) -> &str {
        let usual = match self.subject {
            SubjectKind::AccessToken => ACCESS_TOKEN,
            SubjectKind::IdToken => ID_TOKEN,
        };
        self.subject_token_type.as_deref().unwrap_or(usual)
    }

    /// Returns the `requested_token_type`.
    pub(crate) fn requested_token_type(&self) -> &str {
        self.requested_token_type.as_deref().unwrap_or(ACCESS_TOKEN)
    }

    /// Reports whether the token that is requested is an access token.
    pub(crate) fn requests_access_token(&self) -> bool {
        self.requested_token_type() == ACCESS_TOKEN
    }

    /// Checks what the values have to do with each other and with other sections.
    pub(super) fn check(&self, config: &Config) -> Result<(), ConfigError> {
        self.check_form()?;
        let fail = |key: &str, message: &str| Err(ConfigError::new(key, message));
        let upstream = &config.upstream;
        if upstream.mint.is_some() || upstream.on_behalf_of.is_some() {
            let message = "this and upstream.mint or upstream.on_behalf_of are two ways to act for a \
                           person; write one of them";
            return fail("upstream.exchange", message);
        }
        if upstream
            .headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case("authorization"))
        {
            let message =
                "would replace the token of the person that upstream.exchange adds; remove it";
            return fail("upstream.headers.Authorization", message);
        }
        if config.server.auth != Auth::Oauth {
            let message = "needs people who sign in, and server.auth is `none`";
            return fail("upstream.exchange", message);
        }
        let Some(identity) = &config.identity else {
            let message =
                "exchanges tokens of people who sign in at an identity provider; write [identity]";
            return fail("upstream.exchange", message);
        };
        if identity.sealing_keys.is_empty() {
            let message = "is empty, and upstream.exchange needs a key that encrypts the provider's \
                           tokens in the store: write { id = \"1\", key = { env = \"SEALING_KEY\" } }, \
                           with 32 random bytes in base64 in that variable (`openssl rand -base64 32`)";
            return fail("identity.sealing_keys", message);
        }
        self.check_client(identity)
    }

    /// Checks that each parameter is one of the form.
    fn check_form(&self) -> Result<(), ConfigError> {
        if self.form == ExchangeForm::OnBehalfOf {
            let others = [
                ("audience", self.audience.is_some()),
                ("resource", self.resource.is_some()),
                ("subject_token_type", self.subject_token_type.is_some()),
                ("requested_token_type", self.requested_token_type.is_some()),
            ];
            if let Some((key, _)) = others.into_iter().find(|(_, is_set)| *is_set) {
                let message = "is a parameter of the form `token-exchange`, and the form is \
                               `on-behalf-of`; remove it";
                return Err(ConfigError::new(
                    format!("upstream.exchange.{key}"),
                    message,
                ));
            }
            if self.subject == SubjectKind::IdToken {
                let message = "is `id-token`, and `on-behalf-of` exchanges access tokens only";
                return Err(ConfigError::new("upstream.exchange.subject", message));
            }
            if self.scopes.is_empty() {
                let message = "is empty, and `on-behalf-of` needs a scope of the API, as \
                               api://API/.default";
                return Err(ConfigError::new("upstream.exchange.scopes", message));
            }
        }
        if let Some(resource) = &self.resource
            && !Url::parse(resource).is_ok_and(|url| url.fragment().is_none())
        {
            let message = "is no absolute URI without a fragment (RFC 8707 §2)";
            return Err(ConfigError::new("upstream.exchange.resource", message));
        }
        Ok(())
    }

    /// Checks that this server can prove at the token endpoint who it is (RFC 8693 §5).
    fn check_client(&self, identity: &IdentitySettings) -> Result<(), ConfigError> {
        let secret = match (&self.client_id, &self.client_secret) {
            (_, Some(_)) => true,
            (Some(_), None) => false,
            (None, None) => identity.client_secret.is_some(),
        };
        match secret {
            true => Ok(()),
            false => {
                let message = "is not set: without a secret, anyone who has a token of the provider \
                               could exchange it as this server does";
                Err(ConfigError::new("upstream.exchange.client_secret", message))
            }
        }
    }
}

/// Reads a token endpoint, which only its owner can answer for.
fn endpoint<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = Url::parse(&text).map_err(D::Error::custom)?;
    let has_secret = !url.username().is_empty() || url.password().is_some();
    match is_guarded(&url) && !has_secret && url.fragment().is_none() {
        true => Ok(Some(url)),
        false => Err(D::Error::custom(
            "has to be an https URL without a user name, a password and a fragment; plain http is for \
             a loopback address",
        )),
    }
}
