//! OpenID Connect towards clients (OpenID Connect Core 1.0): who signed in, as an ID token that
//! RS256 signs with a key of its own.

use std::fmt;
use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::{ConfigError, OpenIdSettings};
use crate::credential::{MissingKey, read_or_make};
use crate::model::{ClientId, Scope, Scopes, Subject};
use crate::secret::Secret;
use crate::token::Digest;

/// How long an ID token is good. It is about the moment of the sign-in; nothing here accepts one.
const LASTS: Duration = Duration::from_hours(1);

/// The claims that an ID token or the userinfo endpoint can have.
pub(super) const CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "name",
    "email",
    "email_verified",
];

/// Signs ID tokens.
pub(crate) struct OpenId {
    key: KeyPair,
    /// The public key as JSON Web Key (RFC 7517 §4).
    public_key: Value,
    /// The protected header of every ID token, encoded.
    head: String,
}

impl fmt::Debug for OpenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("OpenId");
        debug.field("key_id", &self.public_key["kid"]);
        debug.finish_non_exhaustive()
    }
}

/// The claims about a person (OpenID Connect Core §5.1), as far as the scopes allow them (§5.4).
#[derive(Debug, Serialize)]
pub(super) struct PersonClaims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    /// Whether the address was proven to be the person's. This server sends no mail, so it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}

impl PersonClaims<'_> {
    pub(super) fn of<'a>(subject: &'a Subject, scopes: &Scopes) -> PersonClaims<'a> {
        let person = &subject.person;
        let has_email = scopes.contains(Scope::Email);
        PersonClaims {
            sub: person.id.as_str(),
            name: scopes
                .contains(Scope::Profile)
                .then_some(person.name.as_str()),
            email: has_email.then_some(person.email.as_str()),
            email_verified: has_email.then_some(false),
        }
    }
}

/// The claims of an ID token (OpenID Connect Core §2).
#[derive(Serialize)]
struct IdTokenClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    /// The left half of the access token's SHA-256 (§3.1.3.6).
    at_hash: String,
    #[serde(flatten)]
    person: PersonClaims<'a>,
}

/// What an ID token is issued with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issue<'a> {
    pub(super) issuer: &'a str,
    pub(super) client: &'a ClientId,
    pub(super) subject: &'a Subject,
    pub(super) scopes: &'a Scopes,
    pub(super) nonce: Option<&'a str>,
    pub(super) access_token: &'a Secret,
    pub(super) now: SystemTime,
}

impl OpenId {
    /// Reads the signing key, or makes one where its file is not there.
    ///
    /// # Errors
    /// Where the key cannot be read or made.
    pub(crate) fn new(
        settings: &OpenIdSettings,
        missing: MissingKey,
    ) -> Result<OpenId, ConfigError> {
        let fail = |error: &dyn fmt::Display| {
            let file = settings.key_file.display();
            ConfigError::new("oauth.openid.key_file", format!("{file}: {error}"))
        };
        let pkcs8 = read_or_make(&settings.key_file, missing, make_key);
        let pkcs8 = pkcs8.map_err(|error| fail(&error))?;
        let key = KeyPair::from_pkcs8(&pkcs8).map_err(|error| fail(&error))?;
        let public = key.public_key();
        let n = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let e = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        // RFC 7638: the thumbprint of the members that make the key.
        let members = format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#);
        let key_id = URL_SAFE_NO_PAD.encode(Digest::of(&members).as_bytes());
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id }).to_string();
        Ok(OpenId {
            key,
            head: URL_SAFE_NO_PAD.encode(head),
            public_key: json!({
                "kty": "RSA", "n": n, "e": e, "kid": key_id, "use": "sig", "alg": "RS256",
            }),
        })
    }

    /// The key that ID tokens are checked with, as JSON Web Key (RFC 7517 §4).
    pub(super) fn public_key(&self) -> Value {
        self.public_key.clone()
    }

    /// Writes an ID token: a JWT that is signed with RS256 (RFC 7518 §3.3). `None` where signing fails.
    pub(super) fn id_token(&self, issue: Issue<'_>) -> Option<String> {
        let seconds = |time: SystemTime| {
            time.duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs()
        };
        let hash = Digest::of(issue.access_token.expose());
        let (half, _) = hash.as_bytes().split_at_checked(16)?;
        let claims = IdTokenClaims {
            iss: issue.issuer,
            aud: issue.client.as_str(),
            iat: seconds(issue.now),
            exp: seconds(issue.now + LASTS),
            // An identity provider that does not say when leaves the beginning of time.
            auth_time: issue.subject.signed_in.map(seconds).filter(|it| *it > 0),
            nonce: issue.nonce,
            at_hash: URL_SAFE_NO_PAD.encode(half),
            person: PersonClaims::of(issue.subject, issue.scopes),
        };
        let claims = serde_json::to_vec(&claims).ok()?;
        let signed = format!("{}.{}", self.head, URL_SAFE_NO_PAD.encode(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &random,
                signed.as_bytes(),
                &mut signature,
            )
            .ok()?;
        Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn make_key() -> io::Result<Vec<u8>> {
    let failed = |_| io::Error::other("no key can be made");
    let key = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
    let pkcs8: Pkcs8V1Der<'_> = key.as_der().map_err(failed)?;
    Ok(pkcs8.as_ref().to_vec())
}
