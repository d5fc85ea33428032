//! Client assertions (RFC 7521 §4.2, RFC 7523 §3): how clients and agents authenticate with a key
//! (`private_key_jwt`).

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use url::Url;

use super::authority::Authority;
use super::client_keys;
use super::error::{ErrorCode, OAuthError};
use super::key_cache::KeyCache;
use crate::form::Pairs;
use crate::jwt::{self, Expected, Jwk, Refused, SKEW};
use crate::limit::Source;
pub(super) use crate::model::AGENT_ALGORITHMS as ALGORITHMS;
use crate::model::ClientId;
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

/// Reads the assertion of a request, where it has one.
///
/// # Errors
/// Where the request is wrong.
pub(super) fn read(form: &Pairs) -> Result<Option<&str>, OAuthError> {
    let Some(assertion) = form.one("client_assertion")? else {
        return Ok(None);
    };
    if form.one("client_secret")?.is_some() {
        return Err(OAuthError::invalid_request(
            "the client names itself in two ways",
        ));
    }
    if form.one("client_assertion_type")? != Some(TYPE) {
        let message = format!("client_assertion_type has to be {TYPE}");
        return Err(OAuthError::invalid_request(&message));
    }
    match assertion.len() <= LONGEST_ASSERTION {
        true => Ok(Some(assertion)),
        false => Err(invalid("the assertion is too long")),
    }
}

/// Returns the client that an assertion names, which nothing proves yet.
///
/// # Errors
/// Where the request names another one beside it.
pub(super) fn client(form: &Pairs, assertion: &str) -> Result<Option<ClientId>, OAuthError> {
    let client = jwt::unverified(assertion, "sub").and_then(|it| ClientId::parse(&it));
    let named = form.one("client_id")?;
    match (&client, named) {
        (Some(client), Some(named)) if named != client.as_str() => {
            Err(invalid("client_id is not the subject of the assertion"))
        }
        _ => Ok(client),
    }
}

/// Checks an assertion by the keys of its client (RFC 7523 §3).
///
/// # Errors
/// Where it is refused.
pub(super) fn check(
    authority: &Authority,
    client: &ClientId,
    assertion: &str,
    keys: &[Jwk],
    now: SystemTime,
) -> Result<Map<String, Value>, Refused> {
    let client = client.as_str();
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

/// Checks an assertion by the keys at a URL. Where none of those that are known signed it, they are
/// fetched again.
///
/// # Errors
/// Where the keys cannot be had; within that, where the assertion is refused.
pub(super) async fn check_fetched(
    authority: &Authority,
    cache: &KeyCache,
    (client, url, source): (&ClientId, &Url, &Source),
    assertion: &str,
    now: SystemTime,
) -> Result<Result<Map<String, Value>, Refused>, OAuthError> {
    let mut checked = Err(Refused::UnknownKey);
    for again in [false, true] {
        let request = (client, url, source);
        let keys = client_keys::fetched(authority, cache, request, again, now).await?;
        checked = check(authority, client, assertion, &keys, now);
        // A key may have been replaced under the same id.
        if !matches!(checked, Err(Refused::UnknownKey | Refused::Signature)) {
            break;
        }
    }
    Ok(checked)
}

/// Returns what is kept of the id of an assertion, so that it is used once, and until when.
///
/// # Errors
/// Where it has no id, or is valid for too long.
pub(super) fn used(
    client: &ClientId,
    claims: &Map<String, Value>,
    now: SystemTime,
) -> Result<(Digest, SystemTime), OAuthError> {
    let id = claims.get("jti").and_then(Value::as_str);
    let id = id.filter(|id| (1..=LONGEST_ID).contains(&id.len()));
    let id = id.ok_or_else(|| invalid("the assertion has no usable `jti`"))?;
    let expires = claims.get("exp").and_then(jwt::number).unwrap_or(i64::MAX);
    let latest = jwt::seconds(now + LONGEST + SKEW);
    match u64::try_from(expires) {
        Ok(seconds) if expires <= latest => {
            let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            let used = Digest::of(&format!("assertion\n{client}\n{id}"));
            Ok((used, expires + SKEW))
        }
        _ => Err(invalid(
            "the assertion is valid for more than five minutes (`exp`)",
        )),
    }
}

/// Returns the error of an assertion that is refused.
pub(super) fn refused(refused: Refused) -> OAuthError {
    invalid(match refused {
        Refused::UnknownKey => "none of the keys of the client signed the assertion",
        Refused::Signature => "the signature of the assertion is wrong",
        Refused::Wrong(reason) => reason,
    })
}

/// An assertion was used before.
pub(super) fn replayed() -> OAuthError {
    invalid("the assertion was used before: each needs a jti of its own")
}

/// `invalid_client`.
pub(super) fn invalid(message: &str) -> OAuthError {
    OAuthError::new(ErrorCode::InvalidClient, message)
}
