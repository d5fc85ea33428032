//! The check of JSON Web Tokens that others signed (RFC 7519, RFC 7515). The only module that names
//! `jsonwebtoken`.

use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::{Map, Value};

pub(crate) use jsonwebtoken::Algorithm;
pub(crate) use jsonwebtoken::jwk::Jwk;

/// The algorithms of signatures that are accepted: those of public keys. `none` and those of a shared
/// secret are not among them, so that a client secret or a public key never proves anything.
pub(crate) const ALGORITHMS: [Algorithm; 9] = [
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

/// The lengths of RSA keys that signatures are checked with, in bits (RFC 7518 §3.3).
const RSA_BITS: RangeInclusive<usize> = 2048..=8192;

/// How far the clock of the one who signed may differ from ours.
pub(crate) const SKEW: Duration = Duration::from_mins(1);

/// What a token has to agree with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    /// One of these is an audience of the token.
    pub(crate) audiences: &'a [&'a str],
    /// The algorithms that are accepted, of [`ALGORITHMS`].
    pub(crate) algorithms: &'a [Algorithm],
    pub(crate) now: SystemTime,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// None of the keys signed it.
    UnknownKey,
    /// The key that it names did not sign it.
    Signature,
    /// It is not what it has to be.
    Wrong(&'static str),
}

/// Returns the claims of a token that the issuer signed for one of the audiences, and that is valid now.
///
/// # Errors
/// Where it is not, or lacks one of the claims in `required`.
pub(crate) fn verify(
    token: &str,
    keys: &[Jwk],
    expected: &Expected<'_>,
    required: &[&str],
) -> Result<Map<String, Value>, Refused> {
    let head = decode_header(token).map_err(|_| Refused::Wrong("the token is malformed"))?;
    if !expected.algorithms.contains(&head.alg) {
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
    validation.set_audience(expected.audiences);
    validation.set_required_spec_claims(required);
    // The time is that of the server, which tests set.
    validation.validate_exp = false;
    let decoded = decode::<Map<String, Value>>(token, &key, &validation);
    let claims = decoded.map_err(|error| refused(&error))?.claims;
    // The library accepts a list, of which one is the issuer.
    if claims.get("iss").is_some_and(|issuer| !issuer.is_string()) {
        return Err(Refused::Wrong("the token is of another issuer"));
    }
    check_times(&claims, expected.now, required.contains(&"iat"))?;
    Ok(claims)
}

/// Finds the key that a header names. A token without a name has the only key that fits.
fn find<'a>(keys: &'a [Jwk], id: Option<&str>, algorithm: Algorithm) -> Option<&'a Jwk> {
    let signs = |key: &&Jwk| is_declared_for(key, algorithm);
    let mut found = keys.iter().filter(signs).filter(|key| match id {
        Some(id) => key.common.key_id.as_deref() == Some(id),
        None => true,
    });
    match (found.next(), found.next(), id) {
        (Some(key), _, Some(_)) | (Some(key), None, None) => Some(key),
        _ => None,
    }
}

/// Whether a key is for signatures of this algorithm, as its `use` and `alg` declare.
fn is_declared_for(key: &Jwk, algorithm: Algorithm) -> bool {
    let common = &key.common;
    let is_for_signatures = common
        .public_key_use
        .as_ref()
        .is_none_or(|it| *it == PublicKeyUse::Signature);
    let declared = common.key_algorithm;
    is_for_signatures && declared.is_none_or(|it| it == KeyAlgorithm::from(algorithm))
}

fn refused(error: &jsonwebtoken::errors::Error) -> Refused {
    use jsonwebtoken::errors::ErrorKind;

    Refused::Wrong(match error.kind() {
        ErrorKind::InvalidSignature => return Refused::Signature,
        ErrorKind::InvalidIssuer => "the token is of another issuer",
        ErrorKind::InvalidAudience => "the token is for another audience (`aud`)",
        ErrorKind::MissingRequiredClaim(_) => "the token lacks a claim that it has to have",
        ErrorKind::InvalidAlgorithm => "the key of the token is for another algorithm",
        _ => "the token cannot be read",
    })
}

/// Checks that a token is valid now. `iat` is required where `has_issued` says so.
fn check_times(
    claims: &Map<String, Value>,
    now: SystemTime,
    has_issued: bool,
) -> Result<(), Refused> {
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
    let issued = read("iat")?;
    if has_issued && issued.is_none() {
        return Err(Refused::Wrong("the token has no `iat`"));
    }
    let starts = read("nbf")?.max(issued);
    if expires.saturating_add(skew) <= now {
        return Err(Refused::Wrong("the token has expired"));
    }
    if starts.is_some_and(|starts| starts > now.saturating_add(skew)) {
        return Err(Refused::Wrong("the token is not valid yet"));
    }
    Ok(())
}

/// Returns a number of seconds, which may have a fraction.
pub(crate) fn number(value: &Value) -> Option<i64> {
    let whole = value.as_i64();
    // The fraction of a second does not matter.
    whole.or_else(|| {
        value
            .as_f64()
            .filter(|it| it.is_finite())
            .map(|it| it as i64)
    })
}

/// Reports whether a key can check signatures of one of these algorithms: by what it declares, and by its
/// curve and its length.
pub(crate) fn is_usable(key: &Jwk, algorithms: &[Algorithm]) -> bool {
    let is_for =
        |algorithm: &Algorithm| is_declared_for(key, *algorithm) && has_form_for(key, *algorithm);
    algorithms.iter().any(is_for)
}

/// Whether a key has the form that an algorithm takes (RFC 7518 §3.1, RFC 8037 §3.1).
fn has_form_for(key: &Jwk, algorithm: Algorithm) -> bool {
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    match (&key.algorithm, algorithm) {
        (
            AlgorithmParameters::RSA(rsa),
            Algorithm::RS256
            | Algorithm::RS384
            | Algorithm::RS512
            | Algorithm::PS256
            | Algorithm::PS384
            | Algorithm::PS512,
        ) => {
            let modulus = bytes(&rsa.n);
            let leading = modulus.iter().take_while(|byte| **byte == 0).count();
            let bits = (modulus.len() - leading) * 8;
            let first = modulus.get(leading).map_or(8, |byte| byte.leading_zeros());
            let bits = bits.saturating_sub(first as usize);
            RSA_BITS.contains(&bits) && !bytes(&rsa.e).is_empty()
        }
        (AlgorithmParameters::EllipticCurve(point), _) => {
            let length = match (&point.curve, algorithm) {
                (EllipticCurve::P256, Algorithm::ES256) => 32,
                (EllipticCurve::P384, Algorithm::ES384) => 48,
                _ => return false,
            };
            [&point.x, &point.y]
                .iter()
                .all(|it| bytes(it).len() == length)
        }
        (AlgorithmParameters::OctetKeyPair(pair), Algorithm::EdDSA) => {
            pair.curve == EllipticCurve::Ed25519 && bytes(&pair.x).len() == 32
        }
        _ => false,
    }
}

/// Returns the `typ` of a token that was verified, without `application/`.
///
/// # Errors
/// Where the token has no header.
pub(crate) fn type_of(token: &str) -> Result<Option<String>, Refused> {
    let head = decode_header(token).map_err(|_| Refused::Wrong("the token is malformed"))?;
    let short = |typ: String| typ.trim_start_matches("application/").to_owned();
    Ok(head.typ.map(short))
}

/// Returns a claim of a token that nothing is known of yet, `sub` or `iss`: by whose keys it has to be
/// checked.
pub(crate) fn unverified(token: &str, claim: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Map<String, Value> = serde_json::from_slice(&claims).ok()?;
    claims.get(claim)?.as_str().map(ToOwned::to_owned)
}

/// Reads the keys of a JSON Web Key Set, at most `most` (RFC 7517 §5). A key of a kind that is not
/// known here does not make the others unusable. `None` where the value is no key set.
pub(crate) fn keys(set: &Value, most: usize) -> Option<Vec<Jwk>> {
    let listed = set.get("keys").and_then(Value::as_array)?;
    let keys = listed.iter().take(most);
    Some(
        keys.filter_map(|key| serde::Deserialize::deserialize(key).ok())
            .collect(),
    )
}

/// A time in seconds since 1970, as claims have it.
pub(crate) fn seconds(time: SystemTime) -> i64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
