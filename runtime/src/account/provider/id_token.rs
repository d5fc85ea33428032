//! The check of ID tokens (OpenID Connect Core §3.1.3.7).

use std::time::SystemTime;

use jsonwebtoken::jwk::{Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

use super::{SKEW, seconds};

/// The algorithms of signatures that are accepted: those of public keys. `none` and those of a shared
/// secret are not among them, so that the client secret or a public key never proves anything.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What an ID token has to agree with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// What it was asked for with; a refreshed one need not repeat it (OpenID Connect Core §12.2).
    pub(super) nonce: Option<&'a str>,
    pub(super) now: SystemTime,
}

/// Why an ID token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// None of the keys signed it.
    UnknownKey,
    /// It is not what it has to be.
    Wrong(&'static str),
}

/// Returns the claims of an ID token.
///
/// # Errors
/// Where the token is not one that the issuer made for this sign-in.
pub(super) fn check(
    token: &str,
    keys: &[Jwk],
    expected: Expected<'_>,
) -> Result<Map<String, Value>, Refused> {
    let claims = verify(token, keys, &expected, &["exp", "iss", "aud", "sub"])?;
    check_party(&claims, expected.client_id)?;
    match (expected.nonce, claims.get("nonce").and_then(Value::as_str)) {
        (None, _) => Ok(claims),
        (Some(sent), Some(nonce)) if nonce == sent => Ok(claims),
        _ => Err(Refused::Wrong(
            "the nonce of the ID token is not the one that was sent",
        )),
    }
}

/// Returns the claims of a token that the issuer signed for this client, and that is valid now.
///
/// # Errors
/// Where it is not, or lacks one of the claims in `required`.
pub(super) fn verify(
    token: &str,
    keys: &[Jwk],
    expected: &Expected<'_>,
    required: &[&str],
) -> Result<Map<String, Value>, Refused> {
    let head = decode_header(token).map_err(|_| Refused::Wrong("the token is malformed"))?;
    if !ALGORITHMS.contains(&head.alg) {
        let message = "the token is signed with an algorithm that is not accepted";
        return Err(Refused::Wrong(message));
    }
    // Extensions that have to be understood, and are not (RFC 7515 §4.1.11).
    if head.crit.is_some() {
        return Err(Refused::Wrong(
            "the token has extensions that are not known (`crit`)",
        ));
    }
    let key = find(keys, head.kid.as_deref(), head.alg).ok_or(Refused::UnknownKey)?;
    let key = DecodingKey::from_jwk(key);
    let key = key.map_err(|_| Refused::Wrong("the key of the token cannot be used"))?;
    let mut validation = Validation::new(head.alg);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(required);
    // The time is that of the server, which tests set.
    validation.validate_exp = false;
    let decoded = decode::<Map<String, Value>>(token, &key, &validation);
    let claims = decoded
        .map_err(|error| Refused::Wrong(reason(&error)))?
        .claims;
    check_times(&claims, expected.now)?;
    Ok(claims)
}

/// Finds the key that a header names. A token without a name has the only key that fits.
fn find<'a>(keys: &'a [Jwk], id: Option<&str>, algorithm: Algorithm) -> Option<&'a Jwk> {
    let signs = |key: &&Jwk| {
        let common = &key.common;
        let is_for_signatures = common
            .public_key_use
            .as_ref()
            .is_none_or(|it| *it == PublicKeyUse::Signature);
        let declared = common.key_algorithm;
        is_for_signatures && declared.is_none_or(|it| it == KeyAlgorithm::from(algorithm))
    };
    let mut found = keys.iter().filter(signs).filter(|key| match id {
        Some(id) => key.common.key_id.as_deref() == Some(id),
        None => true,
    });
    match (found.next(), found.next(), id) {
        (Some(key), _, Some(_)) | (Some(key), None, None) => Some(key),
        _ => None,
    }
}

fn reason(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;

    match error.kind() {
        ErrorKind::InvalidSignature => "the signature of the token is wrong",
        ErrorKind::InvalidIssuer => "the token is of another issuer",
        ErrorKind::InvalidAudience => "the token is for another client",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks a claim that it has to have",
        ErrorKind::InvalidAlgorithm => "the key of the token is for another algorithm",
        _ => "the token cannot be read",
    }
}

fn check_times(claims: &Map<String, Value>, now: SystemTime) -> Result<(), Refused> {
    let (now, skew) = (seconds(now), i64::try_from(SKEW.as_secs()).unwrap_or(0));
    let time = |name: &str| {
        claims
            .get(name)
            .map(|value| number(value).ok_or(name.to_owned()))
    };
    let read = |name| {
        let time = time(name).transpose();
        time.map_err(|_| Refused::Wrong("a time of the token is no number"))
    };
    let expires = read("exp")?.ok_or(Refused::Wrong("the token has no `exp`"))?;
    let issued = read("iat")?.ok_or(Refused::Wrong("the token has no `iat`"))?;
    let starts = read("nbf")?.unwrap_or(issued);
    if expires.saturating_add(skew) <= now {
        return Err(Refused::Wrong("the token has expired"));
    }
    if issued.max(starts) > now.saturating_add(skew) {
        return Err(Refused::Wrong("the token is not valid yet"));
    }
    Ok(())
}

/// Returns a number of seconds, which may have a fraction.
pub(super) fn number(value: &Value) -> Option<i64> {
    let whole = value.as_i64();
    // The fraction of a second does not matter.
    whole.or_else(|| {
        value
            .as_f64()
            .filter(|it| it.is_finite())
            .map(|it| it as i64)
    })
}

/// A token for several audiences names this client as the authorized party, and one that names a
/// party names this client.
fn check_party(claims: &Map<String, Value>, client_id: &str) -> Result<(), Refused> {
    let audiences = claims
        .get("aud")
        .and_then(Value::as_array)
        .map_or(1, Vec::len);
    match claims.get("azp") {
        Some(party) if party.as_str() == Some(client_id) => Ok(()),
        Some(_) => Err(Refused::Wrong(
            "the ID token is for another authorized party (`azp`)",
        )),
        None if audiences == 1 => Ok(()),
        None => Err(Refused::Wrong(
            "the ID token is for several audiences and names no authorized party (`azp`)",
        )),
    }
}
