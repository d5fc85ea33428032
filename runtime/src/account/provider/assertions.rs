//! Assertions of an identity provider (draft-ietf-oauth-identity-assertion-authz-grant): it states, without
//! a browser, for which person a client connects.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use url::Url;

use super::Provider;
use super::claims::{name_of, subject_of, text_of};
use super::discovery::Endpoints;
use super::error::ProviderError;
use super::groups::GroupRules;
use crate::account::accounts::Accounts;
use crate::account::sign_up::is_email;
use crate::config::{ConfigError, EnterpriseIssuerSettings};
use crate::jwt::{self, ALGORITHMS, Jwk, Refused};
use crate::model::{
    AssignedMembership, Cause, Identified, KeptSignIn, NewPerson, PersonId, ProviderAccount,
};
use crate::store::StoreError;

/// The type of assertions (§3 of the draft).
const TYPE: &str = "oauth-id-jag+jwt";
/// The claims that each assertion has (§3.1 of the draft).
const REQUIRED: [&str; 5] = ["exp", "iat", "iss", "aud", "sub"];
/// The subject names no person.
const NO_SUBJECT: AssertionError = AssertionError::Wrong("the assertion has no usable `sub`");
/// How long an account lasts at an issuer at which people cannot sign in: only its assertions end.
const LASTS: Duration = Duration::from_hours(100 * 365 * 24);

/// An identity provider whose assertions are accepted.
pub(crate) struct AssertionIssuer {
    issuer: String,
    jwks_uri: Option<Url>,
    endpoints: Option<Endpoints>,
    groups: Option<GroupRules>,
    /// The provider at which people sign in, where it is the issuer.
    provider: Option<Arc<Provider>>,
}

/// The person of an assertion.
#[derive(Clone, Debug)]
pub(crate) struct AssertedPerson {
    pub(crate) person: PersonId,
    /// The memberships that the claims assign, in the order of the rules; none where the claims list no
    /// groups.
    pub(crate) assigned: Vec<AssignedMembership>,
}

/// Why an assertion is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssertionError {
    /// The keys of the issuer cannot be had.
    #[error("the keys of the issuer cannot be fetched just now")]
    Unreachable,
    /// The assertion is not what it has to be.
    #[error("{0}")]
    Wrong(&'static str),
    /// It is about a person without an account.
    #[error("the person has no account here")]
    Unknown,
    /// A new person has no e-mail address.
    #[error("the person has no account here, and the assertion has no e-mail address to make one")]
    NoEmail,
    /// Another account has the e-mail address of a new person.
    #[error("the person has no account here, and another account has the e-mail address")]
    EmailTaken,
    /// The person is in no group that has a workspace.
    #[error("the person is in no group that may use this server")]
    NoGroup,
    /// The assertion has too many groups to list them.
    #[error("the assertion does not list the groups of the person, because there are too many")]
    TooManyGroups,
    /// The store fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AssertionError {
    /// Returns the reason in a word, for events.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            AssertionError::Unreachable => "keys_unreachable",
            AssertionError::Wrong(_) => "assertion",
            AssertionError::Unknown | AssertionError::NoEmail => "unknown_person",
            AssertionError::EmailTaken => "email_taken",
            AssertionError::NoGroup | AssertionError::TooManyGroups => "no_group",
            AssertionError::Store(_) => "unavailable",
        }
    }
}

impl fmt::Debug for AssertionIssuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("AssertionIssuer");
        debug.field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl AssertionIssuer {
    /// Prepares an issuer. `provider` is the one at which people sign in. Nothing is fetched yet.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub(crate) fn new(
        settings: &EnterpriseIssuerSettings,
        provider: Option<&Arc<Provider>>,
    ) -> Result<AssertionIssuer, ConfigError> {
        let issuer = &settings.issuer;
        let provider = provider.filter(|it| it.issuer == *issuer).cloned();
        // The provider's keys are kept once, unless they are at another place for assertions.
        let endpoints = match (&provider, &settings.jwks_uri) {
            (Some(_), None) => None,
            _ => Some(
                Endpoints::new(issuer)
                    .map_err(|message| ConfigError::new("enterprise.issuers.issuer", message))?,
            ),
        };
        Ok(AssertionIssuer {
            issuer: issuer.clone(),
            jwks_uri: settings.jwks_uri.clone(),
            endpoints,
            groups: match &provider {
                Some(_) => None,
                None => Some(GroupRules::new(&settings.groups_claim, &settings.groups)),
            },
            provider,
        })
    }

    /// Returns the claims of an assertion that the issuer signed for `audience` alone, and that is valid
    /// now (§4.4.1 of the draft).
    ///
    /// # Errors
    /// Where it is not, or the keys of the issuer cannot be had.
    pub(crate) async fn verify(
        &self,
        assertion: &str,
        audience: &str,
        now: SystemTime,
    ) -> Result<Map<String, Value>, AssertionError> {
        // A token of another type is not looked at further, so that it costs no signature.
        let typ = jwt::type_of(assertion).map_err(refused)?;
        if typ.is_none_or(|it| !it.eq_ignore_ascii_case(TYPE)) {
            let message = "the token is no identity assertion (`typ`)";
            return Err(AssertionError::Wrong(message));
        }
        let expected = jwt::Expected {
            issuer: &self.issuer,
            audiences: &[audience],
            algorithms: &ALGORITHMS,
            now,
        };
        let check = |keys: &[Jwk]| {
            let claims = jwt::verify(assertion, keys, &expected, &REQUIRED)?;
            match claims.get("aud").and_then(Value::as_array) {
                Some(audiences) if audiences.len() != 1 => Err(Refused::Wrong(
                    "the assertion is for several audiences (`aud`)",
                )),
                _ => Ok(claims),
            }
        };
        self.verified(check, now).await.map_err(|error| match error {
            ProviderError::Wrong(reason) => AssertionError::Wrong(reason),
            error => {
                let issuer = &self.issuer;
                tracing::warn!(%error, issuer, "the keys of an issuer of assertions cannot be had");
                AssertionError::Unreachable
            }
        })
    }

    async fn verified(
        &self,
        check: impl Fn(&[Jwk]) -> Result<Map<String, Value>, Refused> + Send + Sync,
        now: SystemTime,
    ) -> Result<Map<String, Value>, ProviderError> {
        let provider = self.provider.as_ref().map(|it| &it.endpoints);
        let endpoints = self.endpoints.as_ref().or(provider);
        let endpoints = endpoints.ok_or(ProviderError::Misconfigured("it has no keys"))?;
        let uri = match &self.jwks_uri {
            Some(uri) => uri.clone(),
            None => endpoints.discovery(now).await?.jwks_uri,
        };
        endpoints.verified(&uri, check, now).await
    }

    /// Finds the person of an assertion that came before.
    ///
    /// # Errors
    /// Where there is none any more, or the store fails.
    pub(crate) async fn known(
        &self,
        accounts: &Accounts,
        claims: &Map<String, Value>,
    ) -> Result<PersonId, AssertionError> {
        let subject = subject_of(claims).ok_or(NO_SUBJECT)?;
        let store = &accounts.services.store;
        let person = store.person_of(&self.issuer, subject).await?;
        person.ok_or(AssertionError::Unknown)
    }

    /// Finds the person of an assertion that comes for the first time, and applies what its groups
    /// assign. With groups, a person who is not known gets an account, as at a sign-in.
    ///
    /// # Errors
    /// Where the person may not use this server, or the store fails.
    pub(crate) async fn identify(
        &self,
        accounts: &Accounts,
        claims: &Map<String, Value>,
        issued: SystemTime,
        cause: &Cause,
    ) -> Result<AssertedPerson, AssertionError> {
        let store = &accounts.services.store;
        let account = self.account(claims)?;
        let known = store.person_of(&account.issuer, &account.subject).await?;
        // What the issuer reported after it made the assertion counts more.
        let reported = store.reported(&account.issuer, &account.subject).await?;
        let is_latest = reported.is_none_or(|reported| reported <= issued);
        let groups = self
            .rules()
            .filter(|it| !it.is_empty() && it.are_in(claims));
        let groups = groups.filter(|_| known.is_none() || is_latest);
        let found = match (groups, known) {
            (None, None) => return Err(AssertionError::Unknown),
            (None, Some(person)) => AssertedPerson {
                person,
                assigned: Vec::new(),
            },
            (Some(groups), known) => {
                let assigned = groups.assigned(claims);
                let assigned = assigned.map_err(|_| AssertionError::TooManyGroups)?;
                let email = self.email(claims);
                let person = NewPerson {
                    id: PersonId::new(&*accounts.services.random),
                    name: name_of(claims, email),
                    email: match (email, known) {
                        (Some(email), _) => email.to_owned(),
                        (None, Some(_)) => String::new(),
                        (None, None) => return Err(AssertionError::NoEmail),
                    },
                    password_hash: None,
                };
                let identified = store.identify(&account, person, Some(&assigned), cause);
                match identified.await? {
                    Identified::Person(person) => AssertedPerson { person, assigned },
                    Identified::EmailTaken => return Err(AssertionError::EmailTaken),
                    Identified::Unassigned => return Err(AssertionError::NoGroup),
                }
            }
        };
        if is_latest {
            // The issuer admitted the person when it made the assertion.
            let kept = self.kept(&account, issued);
            store.keep_sign_in(&account, &kept).await?;
        }
        Ok(found)
    }

    fn rules(&self) -> Option<&GroupRules> {
        let provider = self.provider.as_ref().map(|it| &it.groups);
        self.groups.as_ref().or(provider)
    }

    fn account(&self, claims: &Map<String, Value>) -> Result<ProviderAccount, AssertionError> {
        let may_link = |it: &Arc<Provider>| it.link_verified_email && it.is_verified(claims);
        Ok(ProviderAccount {
            issuer: self.issuer.clone(),
            subject: subject_of(claims).ok_or(NO_SUBJECT)?.to_owned(),
            // Only the provider at which people sign in is trusted with the addresses of others.
            may_link: self.provider.as_ref().is_some_and(may_link),
        })
    }

    fn email<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a str> {
        match &self.provider {
            Some(provider) => provider.email(claims),
            None => text_of(claims, "email").filter(|it| is_email(it)),
        }
    }

    /// Returns what is kept of an account, so that its sign-in is checked later where people sign in at
    /// the issuer.
    fn kept(&self, account: &ProviderAccount, issued: SystemTime) -> KeptSignIn {
        match &self.provider {
            Some(provider) => provider.kept(account, None, issued),
            None => KeptSignIn {
                at: issued,
                token: None,
                keeps_former: false,
                check: issued + LASTS,
                end: issued + LASTS,
                subject: None,
            },
        }
    }
}

fn refused(refused: Refused) -> AssertionError {
    AssertionError::Wrong(match refused {
        Refused::UnknownKey => "no key of the issuer signed the assertion",
        Refused::Signature => "the signature of the assertion is wrong",
        Refused::Wrong(reason) => reason,
    })
}
