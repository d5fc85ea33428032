//! Who a person is by their claims, with the peculiarities of each provider.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::Provider;
use super::error::ProviderError;
use crate::account::sign_up::is_email;
use crate::config::ProviderPreset;
use crate::jwt::{number, seconds};
use crate::model::{AssignedMembership, ProviderAccount};
use crate::text;
use crate::token::Digest;

/// The longest subject identifier, in bytes (OpenID Connect Core §2).
const LONGEST_SUBJECT: usize = 255;
/// How old a sign-in may be that the person was just asked for, by the provider's clock.
const RECENT: Duration = Duration::from_mins(2);

/// A person, as the provider knows them.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) account: ProviderAccount,
    pub(super) email: Option<String>,
    pub(super) name: String,
    /// When the person last proved who they are to the provider, where it says so.
    pub(super) signed_in: Option<SystemTime>,
    /// The session at the provider (`sid`), as a digest.
    pub(super) session: Option<Digest>,
    /// The memberships that their groups assign, where groups are configured.
    pub(super) assigned: Option<Vec<AssignedMembership>>,
}

impl Provider {
    /// Reads who a person is.
    ///
    /// # Errors
    /// Where the claims name no person of the organization that is configured.
    pub(super) fn identity(&self, claims: &Map<String, Value>) -> Result<Identity, ProviderError> {
        self.check_organization(claims)?;
        let subject = subject_of(claims);
        let subject = subject.ok_or(ProviderError::Wrong("the ID token has no usable `sub`"))?;
        let email = self.email(claims);
        let signed_in = claims.get("auth_time").and_then(number);
        let signed_in = signed_in.and_then(|it| u64::try_from(it).ok());
        let assigned = match self.groups.is_empty() {
            true => None,
            false => Some(self.groups.assigned(claims)?),
        };
        Ok(Identity {
            account: ProviderAccount {
                issuer: self.issuer.clone(),
                subject: subject.to_owned(),
                may_link: self.link_verified_email && self.is_verified(claims),
            },
            email: email.map(ToOwned::to_owned),
            name: name_of(claims, email),
            signed_in: signed_in
                .and_then(|it| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(it))),
            session: text_of(claims, "sid").map(|sid| self.session(sid)),
            assigned,
        })
    }

    /// Returns the digest of a session at the provider.
    pub(super) fn session(&self, sid: &str) -> Digest {
        Digest::of(&format!("{}\n{sid}", self.issuer))
    }

    /// Returns the e-mail address: by its claim, or by the name that a person types at Entra.
    pub(super) fn email<'a>(&self, claims: &'a Map<String, Value>) -> Option<&'a str> {
        let own = text_of(claims, "email").filter(|it| is_email(it));
        let typed = match self.preset {
            Some(ProviderPreset::Entra) => text_of(claims, "preferred_username"),
            _ => None,
        };
        own.or(typed.filter(|it| is_email(it)))
    }

    /// Refuses people of other organizations, where one issuer serves many.
    fn check_organization(&self, claims: &Map<String, Value>) -> Result<(), ProviderError> {
        let claim = match self.preset {
            Some(ProviderPreset::Google) => "hd",
            Some(ProviderPreset::Entra) => "tid",
            _ => return Ok(()),
        };
        match text_of(claims, claim) {
            Some(tenant) if tenant.eq_ignore_ascii_case(&self.tenant) => Ok(()),
            _ => Err(ProviderError::OtherOrganization(claim)),
        }
    }

    /// Reports whether a person proved who they are after they were asked to. Google and Entra
    /// do not say when that was.
    pub(super) fn is_recent(&self, identity: &Identity, now: SystemTime) -> bool {
        let oldest = seconds(now.checked_sub(RECENT).unwrap_or(SystemTime::UNIX_EPOCH));
        match identity.signed_in {
            Some(time) => seconds(time) >= oldest,
            None => self.reports_no_time(),
        }
    }

    /// Returns when a person who was not asked for a new sign-in proved who they are: long ago, where
    /// the provider could say when and does not.
    pub(super) fn confirmed(&self, identity: &Identity, now: SystemTime) -> SystemTime {
        match identity.signed_in {
            Some(time) => time.min(now),
            None if self.reports_no_time() => now,
            None => SystemTime::UNIX_EPOCH,
        }
    }

    /// Reports whether the provider is one of those that may never report `auth_time`.
    fn reports_no_time(&self) -> bool {
        matches!(
            self.preset,
            Some(ProviderPreset::Google | ProviderPreset::Entra)
        )
    }

    /// Reports whether the provider says that the e-mail address is the person's. Entra says so of
    /// addresses whose domain the organization proved (`xms_edov`), and of no others.
    pub(super) fn is_verified(&self, claims: &Map<String, Value>) -> bool {
        let name = match self.preset {
            Some(ProviderPreset::Entra) => "xms_edov",
            _ => "email_verified",
        };
        let says = match claims.get(name) {
            Some(Value::Bool(said)) => *said,
            Some(Value::String(said)) => said == "true" || said == "1",
            Some(Value::Number(said)) => said.as_u64() == Some(1),
            _ => false,
        };
        // The claim is about the address in `email`: where that is not used, another one is.
        says && text_of(claims, "email").is_some_and(is_email)
    }
}

/// Returns the subject identifier, where there is one that can be used.
pub(super) fn subject_of(claims: &Map<String, Value>) -> Option<&str> {
    let subject = text_of(claims, "sub");
    subject.filter(|it| it.len() <= LONGEST_SUBJECT && text::is_visible(it))
}

/// Returns the name of a person: that of the claims, or else the beginning of the address.
pub(super) fn name_of(claims: &Map<String, Value>, email: Option<&str>) -> String {
    let name = text_of(claims, "name")
        .map(text::label)
        .filter(|it| !it.is_empty());
    let name = name.or_else(|| email.map(|it| text::label(it.split('@').next().unwrap_or(it))));
    name.unwrap_or_default()
}

pub(super) fn text_of<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str().filter(|text| !text.is_empty())
}
