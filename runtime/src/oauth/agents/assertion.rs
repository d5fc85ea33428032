//! The sign-in of a key: a client assertion (RFC 7521 §4.2, RFC 7523 §3) in the client credentials grant
//! (RFC 6749 §4.4).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};

use super::keys;
use super::proof::{Proved, Refusal, too_often};
use super::state::Agents;
use crate::form::Pairs;
use crate::jwt::{self, Expected, Jwk, Refused, SKEW};
use crate::limit::Source;
pub(in crate::oauth) use crate::model::AGENT_ALGORITHMS as ALGORITHMS;
use crate::model::{Agent, AgentCredential, Cause, ClientId};
use crate::oauth::authority::Authority;
use crate::oauth::error::{ErrorCode, OAuthError};
use crate::token::Digest;

/// The type of assertion (RFC 7523 §2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The types that an assertion may have.
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];
/// The longest that an assertion is valid, as `exp` says.
const LONGEST: Duration = Duration::from_mins(5);
/// The longest assertion, and the longest `jti`, in bytes.
const LONGEST_ASSERTION: usize = 8192;
const LONGEST_ID: usize = 255;

/// Finds out which agent signed the assertion of a request. That it is used has still to be noted.
///
/// # Errors
/// Where no agent that may sign in signed it.
pub(super) async fn prove(
    authority: &Authority,
    agents: &Agents,
    form: &Pairs,
    source: &Source,
    cause: &Cause,
) -> Result<Proved, Refusal> {
    let assertion = read(form)?;
    let client = jwt::unverified_subject(assertion).and_then(|it| ClientId::parse(&it));
    let client = client.filter(ClientId::is_agent).ok_or_else(unknown)?;
    if form
        .one("client_id")?
        .is_some_and(|it| it != client.as_str())
    {
        return Err(invalid("client_id is not the subject of the assertion").into());
    }
    let store = &authority.services.store;
    let agent = store.agent(&client).await?.ok_or_else(unknown)?;
    let taken = agents.take_attempt(&client, source, cause.at);
    taken.map_err(too_often)?;
    let refuse = |error| Refusal::of(&agent, "assertion", error);
    let claims = match &agent.credential {
        AgentCredential::Wallet(_) => return Err(Refusal::of(&agent, "no_key", unknown())),
        AgentCredential::Keys(_) => {
            let keys = agent.credential.entered_keys().unwrap_or_default();
            check(authority, &agent, assertion, &keys, cause.at)
        }
        AgentCredential::KeysAt(url) => {
            let mut checked = Err(Refused::UnknownKey);
            for again in [false, true] {
                let request = (&client, url, source);
                let keys = keys::fetched(authority, &agents.keys, request, again, cause.at).await;
                let keys = keys.map_err(|error| Refusal::of(&agent, "keys_unreachable", error))?;
                checked = check(authority, &agent, assertion, &keys, cause.at);
                // A key may have been replaced under the same id.
                if !matches!(checked, Err(Refused::UnknownKey | Refused::Signature)) {
                    break;
                }
            }
            checked
        }
    };
    let claims = claims.map_err(|refused| {
        refuse(match refused {
            Refused::UnknownKey => invalid("none of the keys of the agent signed the assertion"),
            Refused::Signature => invalid("the signature of the assertion is wrong"),
            Refused::Wrong(reason) => invalid(reason),
        })
    })?;
    let (id, expires) = identity(&claims, cause.at).map_err(|reason| refuse(invalid(reason)))?;
    Ok(Proved {
        assertion: Some((Digest::of(&format!("assertion\n{client}\n{id}")), expires)),
        subject: client.to_string(),
        agent,
    })
}

/// Reads the assertion of a request.
fn read(form: &Pairs) -> Result<&str, OAuthError> {
    if form.one("client_secret")?.is_some() {
        return Err(OAuthError::invalid_request(
            "the client names itself in two ways",
        ));
    }
    let assertion = form.one("client_assertion")?;
    let assertion = assertion.ok_or_else(|| {
        invalid("client_assertion is missing: agents sign in with private_key_jwt")
    })?;
    if form.one("client_assertion_type")? != Some(TYPE) {
        let message = format!("client_assertion_type has to be {TYPE}");
        return Err(OAuthError::invalid_request(&message));
    }
    match assertion.len() <= LONGEST_ASSERTION {
        true => Ok(assertion),
        false => Err(invalid("the assertion is too long")),
    }
}

/// Checks an assertion by the keys of an agent (RFC 7523 §3).
fn check(
    authority: &Authority,
    agent: &Agent,
    assertion: &str,
    keys: &[Jwk],
    now: SystemTime,
) -> Result<Map<String, Value>, Refused> {
    let client = agent.client_id.as_str();
    let endpoint = authority.token_endpoint();
    let expected = Expected {
        issuer: client,
        audiences: &[&authority.issuer, &endpoint],
        algorithms: &ALGORITHMS,
        now,
    };
    let claims = jwt::verify(assertion, keys, &expected, &["exp", "iss", "aud", "sub"])?;
    let is_known = |it: &str| TYPES.iter().any(|known| known.eq_ignore_ascii_case(it));
    if jwt::type_of(assertion)?.is_some_and(|it| !is_known(&it)) {
        return Err(Refused::Wrong(
            "the token is no assertion of a client (`typ`)",
        ));
    }
    if claims.get("sub").and_then(Value::as_str) != Some(client) {
        return Err(Refused::Wrong(
            "the subject of the assertion is not its issuer",
        ));
    }
    // An assertion for others, too, is one that they could send here.
    if claims
        .get("aud")
        .is_some_and(|aud| aud.as_array().is_some_and(|it| it.len() != 1))
    {
        return Err(Refused::Wrong("the assertion is for several audiences"));
    }
    Ok(claims)
}

/// Returns the id of an assertion, and until when it counts as used.
fn identity(
    claims: &Map<String, Value>,
    now: SystemTime,
) -> Result<(&str, SystemTime), &'static str> {
    let id = claims.get("jti").and_then(Value::as_str);
    let id = id.filter(|id| (1..=LONGEST_ID).contains(&id.len()));
    let id = id.ok_or("the assertion has no usable `jti`")?;
    let expires = claims.get("exp").and_then(jwt::number).unwrap_or(i64::MAX);
    let latest = jwt::seconds(now + LONGEST + SKEW);
    match u64::try_from(expires) {
        Ok(seconds) if expires <= latest => {
            let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            Ok((id, expires + SKEW))
        }
        _ => Err("the assertion is valid for more than five minutes (`exp`)"),
    }
}

fn invalid(message: &str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, message)
}

/// The one answer where no such agent may sign in.
pub(super) fn unknown() -> OAuthError {
    invalid(
        "no agent of this client_id may sign in: link it to a workspace in the portal, and name the \
         client_id that is shown there as iss and sub",
    )
}
