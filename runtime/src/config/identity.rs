//! `[identity]`: the provider at which people sign in.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use url::Url;

use super::ConfigError;
use super::value::{is_guarded, within};
use crate::model::Role;
use crate::seal::SealingKeySettings;
use crate::secret::Source;

/// The key of the issuer.
const KEY: &str = "identity.issuer";
/// The seconds after which the provider is asked again.
const RECHECK: RangeInclusive<u64> = 60..=24 * 60 * 60;
/// The hours that a sign-in lasts at most about which the provider cannot be asked.
const MAX_SESSION: RangeInclusive<u64> = 1..=365 * 24;

/// The identity provider at which people sign in (OpenID Connect Core 1.0). Without this section,
/// people sign in with a password of this server.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdentitySettings {
    /// The product that the provider runs. Leave it out for any other one, and set `issuer`.
    #[serde(default)]
    pub provider: Option<ProviderPreset>,
    /// The organization at the provider, without `https://`: for `google` its domain, for `entra` the id
    /// of the directory, for `okta` its domain (with `/oauth2/NAME` for a custom authorization
    /// server), for `auth0` its domain, for `keycloak` host and path of the realm.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The issuer identifier, exactly as the provider's discovery document writes it. With
    /// `provider`, it takes the place of the one that `tenant` leads to.
    #[serde(default)]
    pub issuer: Option<String>,
    /// The id under which the provider knows this server.
    pub client_id: String,
    /// The secret that belongs to it. Without one, this server is a public client.
    #[serde(default)]
    pub client_secret: Option<Source>,
    /// What the pages call the provider.
    #[serde(default)]
    pub name: Option<String>,
    /// The scopes that are requested; `openid` is one of them.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Lets a person who signs in at the provider for the first time have the account that exists
    /// with their e-mail address, where the provider says that the address is verified. An address here
    /// is typed by anyone: linking ends the password, the sessions, the links and the connections
    /// that the account had.
    #[serde(default)]
    pub link_verified_email: bool,
    /// Keys that encrypt the provider's tokens in the store. With one, this server keeps the refresh token of
    /// each sign-in, and asks the provider with it whether the person is still admitted there; with
    /// `upstream.exchange`, it also keeps the token that is exchanged. The first encrypts; the others still
    /// decrypt.
    #[serde(default)]
    pub sealing_keys: Vec<SealingKeySettings>,
    /// How long after its last answer the provider is asked again about a person who uses this server, in
    /// seconds: 60 to 86,400. It is also asked when a client refreshes its tokens.
    #[serde(default = "default_recheck_seconds")]
    pub recheck_seconds: u64,
    /// How long a sign-in lasts about which the provider cannot be asked, because it issued no refresh token
    /// or there are no `sealing_keys`, in hours: 1 to 8,760. Then the sessions and connections of the
    /// person end.
    #[serde(default = "default_max_session_hours")]
    pub max_session_hours: u64,
    /// Ends also the connections of a person, and not only their sessions, where the provider reports that
    /// they signed out (OpenID Connect Back-Channel Logout 1.0).
    #[serde(default)]
    pub logout_ends_connections: bool,
    /// The claim that lists a person's groups.
    #[serde(default = "default_groups_claim")]
    pub groups_claim: String,
    /// Groups whose people are members of a workspace. Where there are some, a person in none of
    /// them cannot sign in. Where there are none any more, the memberships that groups assigned end at
    /// the next sign-in of each person.
    #[serde(default)]
    pub groups: Vec<GroupSettings>,
}

/// A group of the provider whose people are members of a workspace.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupSettings {
    /// The group, as the claim writes it.
    pub group: String,
    /// The API's id of the workspace. It is made, and linked to that id, when the first person of the
    /// group signs in.
    pub workspace: String,
    /// The name that a new workspace gets; `workspace` by default.
    #[serde(default)]
    pub name: Option<String>,
    /// The role that they have in it.
    #[serde(default)]
    pub role: GroupRole,
}

/// What the people of a group are in a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupRole {
    /// They connect assistants to it.
    #[default]
    Member,
    /// They also invite others and change members.
    Owner,
}

impl From<GroupRole> for Role {
    fn from(role: GroupRole) -> Role {
        match role {
            GroupRole::Member => Role::Member,
            GroupRole::Owner => Role::Owner,
        }
    }
}

/// A product whose provider is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderPreset {
    /// Google Workspace.
    Google,
    /// Microsoft Entra ID.
    Entra,
    /// Okta.
    Okta,
    /// Auth0.
    Auth0,
    /// Keycloak.
    Keycloak,
}

impl ProviderPreset {
    /// Returns what pages call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            ProviderPreset::Google => "Google",
            ProviderPreset::Entra => "Microsoft",
            ProviderPreset::Okta => "Okta",
            ProviderPreset::Auth0 => "Auth0",
            ProviderPreset::Keycloak => "Keycloak",
        }
    }

    /// Returns an example of `tenant`.
    fn example(self) -> &'static str {
        match self {
            ProviderPreset::Google => "the domain of the organization, as example.com",
            ProviderPreset::Entra => {
                "the id of the directory, as 72f988bf-86f1-41af-91ab-2d7cd011db47"
            }
            ProviderPreset::Okta => {
                "a domain as example.okta.com or example.okta.com/oauth2/default"
            }
            ProviderPreset::Auth0 => "a domain as example.eu.auth0.com",
            ProviderPreset::Keycloak => "host and realm, as id.example.com/realms/staff",
        }
    }

    fn issuer(self, tenant: &str) -> String {
        match self {
            ProviderPreset::Google => "https://accounts.google.com".to_owned(),
            ProviderPreset::Entra => format!("https://login.microsoftonline.com/{tenant}/v2.0"),
            ProviderPreset::Okta | ProviderPreset::Keycloak => format!("https://{tenant}"),
            ProviderPreset::Auth0 => format!("https://{tenant}/"),
        }
    }

    /// Reports whether a text can be a tenant.
    fn fits(self, tenant: &str) -> bool {
        let visible = tenant
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:/".contains(&byte));
        let host = tenant.split('/').next().unwrap_or_default();
        let fits = match self {
            ProviderPreset::Entra => {
                let dashes = [8, 13, 18, 23];
                tenant.len() == 36
                    && tenant
                        .bytes()
                        .enumerate()
                        .all(|(at, byte)| match dashes.contains(&at) {
                            true => byte == b'-',
                            false => byte.is_ascii_hexdigit(),
                        })
            }
            ProviderPreset::Google | ProviderPreset::Auth0 => {
                !tenant.contains('/') && tenant.contains('.')
            }
            ProviderPreset::Okta => !tenant.ends_with('/') && host.contains('.'),
            ProviderPreset::Keycloak => !tenant.ends_with('/') && tenant.contains("/realms/"),
        };
        visible && !tenant.contains("//") && fits
    }
}

fn default_scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(ToOwned::to_owned).into()
}

fn default_recheck_seconds() -> u64 {
    15 * 60
}

fn default_max_session_hours() -> u64 {
    30 * 24
}

fn default_groups_claim() -> String {
    "groups".to_owned()
}

impl IdentitySettings {
    /// Returns the issuer identifier that every token and answer has to name.
    ///
    /// # Errors
    /// Where the settings lead to none.
    pub(crate) fn issuer(&self) -> Result<String, ConfigError> {
        if let Some(preset) = self.provider {
            let tenant = self.tenant.as_deref().unwrap_or_default();
            if !preset.fits(tenant) {
                let message = format!("write {}", preset.example());
                return Err(ConfigError::new("identity.tenant", message));
            }
            return match &self.issuer {
                Some(issuer) => check_issuer(KEY, issuer),
                None => check_issuer(KEY, &preset.issuer(tenant)),
            };
        }
        if self.tenant.is_some() {
            let message = "belongs to a `provider`; set `provider`, or leave it out";
            return Err(ConfigError::new("identity.tenant", message));
        }
        let issuer = self.issuer.as_deref().ok_or_else(|| {
            let message = "is not set; write the issuer identifier, as https://id.example.com, or set \
                           `provider` and `tenant`";
            ConfigError::new("identity.issuer", message)
        })?;
        check_issuer(KEY, issuer)
    }

    /// Checks what the values have to do with each other.
    pub(super) fn check(&self, sign_up: bool) -> Result<(), ConfigError> {
        self.issuer()?;
        if self.client_id.is_empty() {
            let message = "is empty; write the id of this server at the provider";
            return Err(ConfigError::new("identity.client_id", message));
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            let message = "does not contain `openid`, without which the provider names no person";
            return Err(ConfigError::new("identity.scopes", message));
        }
        within("identity.recheck_seconds", self.recheck_seconds, RECHECK)?;
        let hours = self.max_session_hours;
        within("identity.max_session_hours", hours, MAX_SESSION)?;
        if self.link_verified_email && sign_up {
            let message = "cannot be set beside accounts.sign_up: anyone could make an account with \
                           another person's address, and wait for that person to be signed in to it";
            return Err(ConfigError::new("identity.link_verified_email", message));
        }
        GroupSettings::check_all("identity.groups", &self.groups)
    }
}

impl GroupSettings {
    /// Checks the groups of a list, which is the value of `key`.
    pub(super) fn check_all(key: &str, groups: &[GroupSettings]) -> Result<(), ConfigError> {
        let empty = groups.iter().find(|it| {
            let workspace = it.workspace.trim();
            it.group.is_empty() || workspace.is_empty() || workspace.len() > 254
        });
        match empty {
            None => Ok(()),
            Some(_) => {
                let message = "has an entry whose `group` or `workspace` is empty, or is longer than \
                               254 bytes";
                Err(ConfigError::new(key, message))
            }
        }
    }
}

/// Checks that an issuer, the value of `key`, is an address that only its owner can answer for.
pub(super) fn check_issuer(key: &str, issuer: &str) -> Result<String, ConfigError> {
    let fail = |message: &str| ConfigError::new(key, format!("`{issuer}` {message}"));
    let url = Url::parse(issuer).map_err(|_| fail("is no URL"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fail("has a query or a fragment, which no issuer has"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::new(
            key,
            "has a user name or a password, which no issuer has",
        ));
    }
    match is_guarded(&url) {
        true => Ok(issuer.to_owned()),
        false => Err(fail(
            "is no https URL; plain http is for a loopback address",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str) -> Result<String, String> {
        let settings: IdentitySettings = toml::from_str(text).unwrap();
        settings.issuer().map_err(|error| error.to_string())
    }

    #[test]
    fn issuer_of_a_preset_comes_from_its_tenant() {
        let cases = [
            ("google", "example.com", "https://accounts.google.com"),
            (
                "entra",
                "72f988bf-86f1-41af-91ab-2d7cd011db47",
                "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
            ),
            (
                "okta",
                "example.okta.com/oauth2/default",
                "https://example.okta.com/oauth2/default",
            ),
            ("okta", "example.okta.com", "https://example.okta.com"),
            (
                "auth0",
                "example.eu.auth0.com",
                "https://example.eu.auth0.com/",
            ),
            (
                "keycloak",
                "id.example.com/realms/staff",
                "https://id.example.com/realms/staff",
            ),
        ];
        for (provider, tenant, expected) in cases {
            let text =
                format!("provider = \"{provider}\"\ntenant = \"{tenant}\"\nclient_id = \"a\"");
            assert_eq!(issuer(&text), Ok(expected.to_owned()));
        }
    }

    #[test]
    fn tenant_that_names_no_single_organization_is_refused() {
        let cases = [
            ("entra", "common"),
            ("entra", "organizations"),
            ("entra", "contoso.onmicrosoft.com"),
            ("google", ""),
            ("okta", "https://example.okta.com"),
            ("auth0", "example.eu.auth0.com/"),
            ("keycloak", "id.example.com"),
            ("keycloak", "id.example.com/realms/staff?a"),
        ];
        for (provider, tenant) in cases {
            let text =
                format!("provider = \"{provider}\"\ntenant = \"{tenant}\"\nclient_id = \"a\"");
            let error = issuer(&text).unwrap_err();
            assert!(
                error.contains("identity.tenant"),
                "{provider} {tenant}: {error}"
            );
        }
    }

    #[test]
    fn issuer_that_somebody_on_the_way_can_answer_for_is_refused() {
        for wrong in [
            "http://id.example.com",
            "ftp://id.example.com",
            "id.example.com",
            "https://id.example.com/?a",
            "https://id.example.com/#a",
        ] {
            let error = issuer(&format!("issuer = \"{wrong}\"\nclient_id = \"a\"")).unwrap_err();
            assert!(error.contains("identity.issuer"), "{wrong}: {error}");
        }
        let password = issuer("issuer = \"https://a:hidden@id.example.com\"\nclient_id = \"a\"");
        assert!(!password.unwrap_err().contains("hidden"));
        let local = "issuer = \"http://127.0.0.1:9000\"\nclient_id = \"a\"";
        assert_eq!(issuer(local), Ok("http://127.0.0.1:9000".to_owned()));
    }
}
