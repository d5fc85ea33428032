//! What an assertion allows (§3.1 and §4.4.1 of the draft): to which client, for which resource, how
//! much, and until when.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::state::{Client, Enterprise, Issuer};
use crate::form::Pairs;
use crate::jwt::{self, SKEW};
use crate::model::{Scope, Scopes};
use crate::oauth::authority::Authority;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::oauth::resource::Resource;
use crate::operation::Access;

/// The longest `jti`, in bytes.
const LONGEST_ID: usize = 255;

/// The terms of an assertion.
#[derive(Debug)]
pub(super) struct Terms {
    /// `jti`.
    pub(super) id: String,
    /// When the issuer made it.
    pub(super) issued: SystemTime,
    /// When it has expired, whatever clock is right.
    pub(super) expires: SystemTime,
    pub(super) resource: Resource,
    /// The most that it allows here.
    pub(super) granted: Scopes,
    /// What the access token is to allow.
    pub(super) asked: Scopes,
}

impl Terms {
    /// Reads the terms of claims that the issuer signed, for a request of a client.
    ///
    /// # Errors
    /// Where they allow nothing here.
    pub(super) fn read(
        authority: &Authority,
        enterprise: &Enterprise,
        (client, issuer): (&Client, &Issuer),
        claims: &Map<String, Value>,
        form: &Pairs,
    ) -> Result<Terms, Refusal> {
        if claims.get("client_id").and_then(Value::as_str) != Some(client.id.as_str()) {
            let message = "the assertion is for another client (`client_id`)";
            return Err(Refusal::of("other_client", message));
        }
        check_unsupported(claims)?;
        check_tenant(claims, issuer.settings.tenant.as_deref())?;
        let (issued, expires) = times(claims, enterprise.longest)?;
        let id = claims.get("jti").and_then(Value::as_str);
        let id = id.filter(|id| (1..=LONGEST_ID).contains(&id.len()));
        let id = id.ok_or_else(|| Refusal::of("no_id", "the assertion has no usable `jti`"))?;
        let resource = resource(authority, claims, form)?;
        let highest = Access::from(issuer.settings.level).min(authority.highest(&resource));
        let granted = level(claims)?.min(highest);
        let asked = requested(form)?.map_or(granted, |asked| asked.min(granted));
        Ok(Terms {
            id: id.to_owned(),
            issued,
            expires,
            resource,
            granted: Scopes::of(granted),
            asked: Scopes::of(asked),
        })
    }
}

/// Refuses what narrows an assertion in a way that is not known here: to ignore it would allow more than
/// the issuer does.
fn check_unsupported(claims: &Map<String, Value>) -> Result<(), Refusal> {
    if claims.contains_key("cnf") {
        let message = "the assertion is bound to a key (`cnf`), which is not supported here";
        return Err(Refusal::of("bound_to_a_key", message));
    }
    if claims.contains_key("authorization_details") {
        let message = "the assertion has `authorization_details`, which are not supported here";
        return Err(Refusal::of("authorization_details", message));
    }
    Ok(())
}

/// The subject of an issuer with several organizations is unique within one of them (§6.3 of the draft).
fn check_tenant(claims: &Map<String, Value>, expected: Option<&str>) -> Result<(), Refusal> {
    let matches = match (claims.get("tenant"), expected) {
        (None, None) => true,
        (Some(Value::String(tenant)), Some(expected)) => tenant == expected,
        _ => false,
    };
    match matches {
        true => Ok(()),
        false => Err(Refusal::of(
            "other_tenant",
            "the assertion is of another organization of its issuer (`tenant`)",
        )),
    }
}

/// Returns when the assertion was made, and when it has expired by any clock. Whether it is valid now was
/// checked with its signature.
fn times(
    claims: &Map<String, Value>,
    longest: Duration,
) -> Result<(SystemTime, SystemTime), Refusal> {
    let time = |name: &str| {
        let seconds = claims.get(name).and_then(jwt::number);
        seconds.and_then(|it| u64::try_from(it).ok())
    };
    let malformed = || Refusal::of("lifetime", "a time of the assertion cannot be used");
    let (Some(issued), Some(expires)) = (time("iat"), time("exp")) else {
        return Err(malformed());
    };
    if expires.saturating_sub(issued) > longest.as_secs() {
        let message = format!(
            "the assertion is valid for more than {} seconds (`iat`, `exp`)",
            longest.as_secs()
        );
        return Err(Refusal::of("lifetime", &message));
    }
    let at = |seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
    match (at(issued), at(expires)) {
        (Some(issued), Some(expires)) => Ok((issued, expires + SKEW)),
        _ => Err(malformed()),
    }
}

/// Returns the resource of an assertion: the one that it names, or the endpoint itself where it names
/// none. A request can name the same one (RFC 8707 §2.2).
fn resource(
    authority: &Authority,
    claims: &Map<String, Value>,
    form: &Pairs,
) -> Result<Resource, Refusal> {
    let resources = &authority.resources;
    let named = match claims.get("resource") {
        None => None,
        Some(Value::String(named)) => Some(named.as_str()),
        Some(Value::Array(all)) if all.len() == 1 => all.first().and_then(Value::as_str),
        Some(_) => {
            let message = "the assertion is for several resources (`resource`): use one for each";
            return Err(Refusal::of("resource", message));
        }
    };
    let found = match (named, claims.contains_key("resource")) {
        (Some(named), _) => resources.find(named),
        (None, true) => None,
        (None, false) => Some(resources.main.clone()),
    };
    let message = "the assertion is for a resource that is not here (`resource`)";
    let found = found.ok_or_else(|| Refusal::of("resource", message))?;
    match resources.all_mean(form.all("resource"), &found.indicator) {
        true => Ok(found),
        false => {
            let message = "the assertion is for another resource";
            let error = OAuthError::new(ErrorCode::InvalidTarget, message);
            Err(Refusal::new("resource", error))
        }
    }
}

/// Returns the most that the scopes of an assertion allow. Without scopes, it allows reads.
fn level(claims: &Map<String, Value>) -> Result<Access, Refusal> {
    let scopes = match claims.get("scope") {
        None => return Ok(Access::Read),
        Some(Value::String(scopes)) => Scopes::parse(scopes).ok(),
        Some(_) => None,
    };
    let level = scopes.as_ref().and_then(level_of);
    level.ok_or_else(|| {
        Refusal::of(
            "scope",
            "the assertion has no scope of this server (`scope`)",
        )
    })
}

/// Returns what a request asks for, where it does.
fn requested(form: &Pairs) -> Result<Option<Access>, Refusal> {
    let Some(scope) = form.one("scope")? else {
        return Ok(None);
    };
    let level = Scopes::parse(scope).ok().as_ref().and_then(level_of);
    level.map(Some).ok_or_else(|| {
        let message = "the request asks for no scope that the assertion can allow";
        Refusal::new("scope", OAuthError::new(ErrorCode::InvalidScope, message))
    })
}

/// Returns the access that scopes allow; none where they are about something else.
fn level_of(scopes: &Scopes) -> Option<Access> {
    let is_of_tools = scopes.contains(Scope::Read) || scopes.contains(Scope::Write);
    is_of_tools.then(|| scopes.access())
}
