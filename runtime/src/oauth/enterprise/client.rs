//! How clients that connect by assertions authenticate (RFC 6749 §2.3, RFC 7523 §2.2). The specification
//! asks for confidential clients; public ones are those that the configuration names as such.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::request::Parts;
use percent_encoding::percent_decode_str;

use super::refusal::too_often;
use super::state::{Client, Credential, Enterprise};
use crate::form::Pairs;
use crate::limit::Source;
use crate::model::{Cause, ClientId};
use crate::oauth::authority::Authority;
use crate::oauth::client_assertion::{self, invalid};
use crate::oauth::error::OAuthError;
use crate::token::Digest;

/// What a request proves its client by.
enum Proof<'a> {
    /// A secret, in the header field or in the form.
    Secret(String),
    /// A client assertion.
    Assertion(&'a str),
    /// Nothing.
    None,
}

/// Finds out which client sends a request.
///
/// # Errors
/// Where the client cannot connect by assertions, or does not prove who it is.
pub(in crate::oauth) async fn authenticate<'e>(
    authority: &Authority,
    enterprise: &'e Enterprise,
    (parts, form): (&Parts, &Pairs),
    source: &Source,
    cause: &Cause,
) -> Result<&'e Client, OAuthError> {
    let has_header = parts.headers.contains_key(AUTHORIZATION);
    let challenged = |error: OAuthError| match has_header {
        true => error.challenge_basic(),
        false => error,
    };
    let (id, proof) = read(parts, form)?;
    enterprise
        .take_attempt(&id, source, cause.at)
        .map_err(too_often)?;
    // The answer does not reveal which clients there are.
    let unknown = || invalid("the client is not known here, or does not authenticate as it has to");
    let client = enterprise.client(&id).ok_or_else(unknown);
    let client = client.map_err(challenged)?;
    let checked = match (&client.credential, proof) {
        (Credential::Secret(digest), Proof::Secret(secret)) => {
            let sent = Digest::of(&secret);
            let equal = aws_lc_rs::constant_time::verify_slices_are_equal;
            equal(sent.as_bytes(), digest.as_bytes()).map_err(|_| unknown())
        }
        (Credential::None, Proof::None) => Ok(()),
        (Credential::Keys(keys), Proof::Assertion(assertion)) => {
            let checked = client_assertion::check(authority, &id, assertion, keys, cause.at);
            let claims = checked.map_err(client_assertion::refused)?;
            return used(authority, client, &claims, cause).await;
        }
        (Credential::KeysAt(url), Proof::Assertion(assertion)) => {
            let request = (&id, url, source);
            let keys = &enterprise.keys;
            let checked =
                client_assertion::check_fetched(authority, keys, request, assertion, cause.at);
            let claims = checked.await?.map_err(client_assertion::refused)?;
            return used(authority, client, &claims, cause).await;
        }
        // What does not prove the client never counts as a request of a public one.
        _ => Err(unknown()),
    };
    checked.map(|()| client).map_err(challenged)
}

/// Notes that a client assertion is used.
async fn used<'e>(
    authority: &Authority,
    client: &'e Client,
    claims: &serde_json::Map<String, serde_json::Value>,
    cause: &Cause,
) -> Result<&'e Client, OAuthError> {
    let (id, expires) = client_assertion::used(&client.id, claims, cause.at)?;
    let store = &authority.services.store;
    match store.use_assertion(id, expires).await? {
        true => Ok(client),
        false => Err(client_assertion::replayed()),
    }
}

/// Reads which client a request names, and by what it proves that. There is one way at most.
fn read<'a>(parts: &Parts, form: &'a Pairs) -> Result<(ClientId, Proof<'a>), OAuthError> {
    let twice = || OAuthError::invalid_request("the client names itself in two ways");
    let missing = || OAuthError::invalid_request("client_id is missing");
    let assertion = client_assertion::read(form)?;
    let secret = form.one("client_secret")?;
    let named = form.one("client_id")?;
    if parts.headers.contains_key(AUTHORIZATION) {
        if assertion.is_some() || secret.is_some() {
            return Err(twice());
        }
        let malformed = || invalid("the Authorization header is not Basic").challenge_basic();
        let (id, secret) = basic(parts).ok_or_else(malformed)?;
        if named.is_some_and(|named| named != id) {
            return Err(twice());
        }
        let id = ClientId::parse(&id).ok_or_else(missing)?;
        return Ok((id, Proof::Secret(secret)));
    }
    if let Some(assertion) = assertion {
        let id = client_assertion::client(form, assertion)?;
        let id = id.ok_or_else(|| invalid("the assertion names no client"))?;
        return Ok((id, Proof::Assertion(assertion)));
    }
    let id = named.and_then(ClientId::parse).ok_or_else(missing)?;
    Ok(match secret {
        Some(secret) => (id, Proof::Secret(secret.to_owned())),
        None => (id, Proof::None),
    })
}

/// Reads the only `Authorization` header field (RFC 6749 §2.3.1): both parts are encoded as in forms.
fn basic(parts: &Parts) -> Option<(String, String)> {
    let mut fields = parts.headers.get_all(AUTHORIZATION).iter();
    let (field, None) = (fields.next()?.to_str().ok()?, fields.next()) else {
        return None;
    };
    let (scheme, encoded) = field.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = STANDARD.decode(encoded.trim()).ok()?;
    let pair = String::from_utf8(pair).ok()?;
    let (id, secret) = pair.split_once(':')?;
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8();
        decoded.ok().map(|text| text.into_owned())
    };
    Some((decode(id)?, decode(secret)?))
}
