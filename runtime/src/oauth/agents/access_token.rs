//! Access tokens of agents: JSON Web Tokens (RFC 9068), signed with Ed25519 (RFC 8037). The store has each
//! of them by its digest, so that one that was revoked opens nothing, however long it is valid.

use std::io;
use std::time::{Duration, SystemTime};

use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize as _, Serialize};
use serde_json::{Value, json};

use crate::jwt::{self, Algorithm, Expected, Jwk, Refused};
use crate::model::{ClientId, ResourceIndicator, Scopes, WorkspaceId};
use crate::secret::Secret;
use crate::token::Digest;

/// The type of access tokens (RFC 9068 §2.1).
const TYPE: &str = "at+jwt";
/// The longest token, in bytes.
const LONGEST: usize = 4096;

/// Signs access tokens, and checks them.
pub(super) struct Signer {
    key: Ed25519KeyPair,
    public_key: Value,
    /// The public key as it checks signatures.
    keys: Vec<Jwk>,
    /// The protected header of every token, encoded.
    head: String,
}

/// What an access token says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Issue<'a> {
    pub(super) issuer: &'a str,
    pub(super) resource: &'a ResourceIndicator,
    /// The account that signed in: the wallet's (CAIP-10), or the client itself.
    pub(super) subject: &'a str,
    pub(super) client: &'a ClientId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) scopes: &'a Scopes,
    /// An id that no other token has.
    pub(super) id: &'a str,
    pub(super) now: SystemTime,
    pub(super) lasts: Duration,
}

/// The claims (RFC 9068 §2.2).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a ResourceIndicator,
    sub: &'a str,
    client_id: &'a ClientId,
    iat: i64,
    exp: i64,
    jti: &'a str,
    scope: String,
    workspace: &'a str,
}

impl Signer {
    /// Reads the private key.
    ///
    /// # Errors
    /// Where it is none of Ed25519.
    pub(super) fn new(pkcs8: &[u8]) -> Result<Signer, KeyRejected> {
        let key = Ed25519KeyPair::from_pkcs8(pkcs8)?;
        let x = URL_SAFE_NO_PAD.encode(key.public_key());
        // RFC 7638: the thumbprint of the members that make the key.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let key_id = URL_SAFE_NO_PAD.encode(Digest::of(&members).as_bytes());
        let head = json!({ "alg": "EdDSA", "typ": TYPE, "kid": key_id }).to_string();
        let public_key = json!({
            "kty": "OKP", "crv": "Ed25519", "x": x, "kid": key_id, "use": "sig", "alg": "EdDSA",
        });
        Ok(Signer {
            key,
            keys: Jwk::deserialize(&public_key).into_iter().collect(),
            public_key,
            head: URL_SAFE_NO_PAD.encode(head),
        })
    }

    pub(super) fn public_key(&self) -> &Value {
        &self.public_key
    }

    /// Writes an access token. `None` where a claim has no JSON.
    pub(super) fn sign(&self, issue: Issue<'_>) -> Option<Secret> {
        let claims = serde_json::to_vec(&Claims {
            iss: issue.issuer,
            aud: issue.resource,
            sub: issue.subject,
            client_id: issue.client,
            iat: jwt::seconds(issue.now),
            exp: jwt::seconds(issue.now + issue.lasts),
            jti: issue.id,
            scope: issue.scopes.to_string(),
            workspace: issue.workspace.as_str(),
        });
        let signed = format!("{}.{}", self.head, URL_SAFE_NO_PAD.encode(claims.ok()?));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        Some(Secret::new(&format!("{signed}.{signature}")))
    }

    /// Checks that a token is an access token that was signed here for a resource, and has not
    /// expired (RFC 9068 §4). Whether it was revoked, the store knows.
    ///
    /// # Errors
    /// Where it is not.
    pub(super) fn check(
        &self,
        token: &str,
        issuer: &str,
        resource: &ResourceIndicator,
        now: SystemTime,
    ) -> Result<(), Refused> {
        if token.len() > LONGEST {
            return Err(Refused::Wrong("the token is too long"));
        }
        // A token of another kind is not looked at further, so that it costs no signature.
        if jwt::type_of(token)?.is_none_or(|it| !it.eq_ignore_ascii_case(TYPE)) {
            return Err(Refused::Wrong("the token is no access token (`typ`)"));
        }
        let expected = Expected {
            issuer,
            audiences: &[resource.as_str()],
            algorithms: &[Algorithm::EdDSA],
            now,
        };
        let required = ["exp", "iat", "iss", "aud", "sub"];
        jwt::verify(token, &self.keys, &expected, &required).map(drop)
    }
}

/// Makes a private key.
pub(super) fn make_key() -> io::Result<Vec<u8>> {
    let failed = |_| io::Error::other("no key can be made");
    let key = Ed25519KeyPair::generate().map_err(failed)?;
    let pkcs8 = key.to_pkcs8v1().map_err(failed)?;
    Ok(pkcs8.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://mcp.example.com";

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
    }

    fn resource(path: &str) -> ResourceIndicator {
        ResourceIndicator::new(ISSUER, path)
    }

    /// A token that is valid for an hour, of the key of this signer.
    fn sign(signer: &Signer) -> Secret {
        let signed = signer.sign(Issue {
            issuer: ISSUER,
            resource: &resource("/mcp"),
            subject: "agt_1",
            client: &ClientId::stored("agt_1".to_owned()),
            workspace: &WorkspaceId::stored("wsp_1"),
            scopes: &Scopes::parse("mcp:read").unwrap(),
            id: "at_1",
            now: now(),
            lasts: Duration::from_hours(1),
        });
        signed.unwrap()
    }

    #[test]
    fn token_is_good_for_its_issuer_its_resource_and_its_time() {
        let signer = Signer::new(&make_key().unwrap()).unwrap();
        let token = sign(&signer);
        let check = |issuer: &str, path: &str, at: SystemTime| {
            let checked = signer.check(token.expose(), issuer, &resource(path), at);
            checked.is_ok()
        };
        assert!(check(ISSUER, "/mcp", now()));
        assert!(!check("https://other.example.com", "/mcp", now()));
        assert!(!check(ISSUER, "/mcp/readonly", now()));
        assert!(!check(ISSUER, "/mcp", now() + Duration::from_hours(2)));
        assert!(!check(ISSUER, "/mcp", now() - Duration::from_hours(1)));
        let other = Signer::new(&make_key().unwrap()).unwrap();
        let checked = other.check(token.expose(), ISSUER, &resource("/mcp"), now());
        assert_eq!(checked, Err(Refused::UnknownKey));
    }

    #[test]
    fn token_of_another_type_is_refused_although_the_key_signed_it() {
        let signer = Signer::new(&make_key().unwrap()).unwrap();
        let token = sign(&signer);
        let claims = token.expose().split('.').nth(1).unwrap();
        for typ in [Some("JWT"), Some("at+jwt "), None] {
            let kid = &signer.public_key["kid"];
            let head = json!({ "alg": "EdDSA", "typ": typ, "kid": kid }).to_string();
            let signed = format!("{}.{claims}", URL_SAFE_NO_PAD.encode(head));
            let signature = URL_SAFE_NO_PAD.encode(signer.key.sign(signed.as_bytes()));
            let forged = format!("{signed}.{signature}");
            let checked = signer.check(&forged, ISSUER, &resource("/mcp"), now());
            let wrong = Refused::Wrong("the token is no access token (`typ`)");
            assert_eq!(checked, Err(wrong), "{typ:?}");
        }
    }
}
