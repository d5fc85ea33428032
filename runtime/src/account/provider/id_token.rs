//! The check of ID tokens (OpenID Connect Core §3.1.3.7).

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::jwt::{self, ALGORITHMS, Jwk, Refused};

/// What an ID token has to agree with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// What it was asked for with; a refreshed one need not repeat it (OpenID Connect Core §12.2).
    pub(super) nonce: Option<&'a str>,
    pub(super) now: SystemTime,
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
    let claims = verify(token, keys, &expected, &["exp", "iat", "iss", "aud", "sub"])?;
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
    let expected = jwt::Expected {
        issuer: expected.issuer,
        audiences: &[expected.client_id],
        algorithms: &ALGORITHMS,
        now: expected.now,
    };
    jwt::verify(token, keys, &expected, required)
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
