//! On whose behalf a call is made: a short signed statement beside the service's own credential.
//!
//! The API checks it with the public key that this server publishes (RFC 7517). It is a JWT
//! (RFC 7519) signed with Ed25519 (RFC 8037), good for one minute and one audience. The caller's
//! own token never travels.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::{Value, json};

use super::key_file::{self, MissingKey};
use crate::config::{ConfigError, OnBehalfOfSettings};
use crate::model::{AccessContext, Grant, GrantId};
use crate::operation::Access;
use crate::random::Random;
use crate::token::{self, Digest};

/// How long a statement is good.
const LASTS: Duration = Duration::from_secs(60);

/// Makes statements.
pub struct OnBehalfOf {
    header: HeaderName,
    audience: String,
    issuer: String,
    key: Ed25519KeyPair,
    key_id: String,
    /// The protected header that every statement begins with, encoded.
    head: String,
    /// How long a statement serves the calls of its grant.
    reuse: Duration,
    random: Arc<dyn Random>,
    recent: Mutex<HashMap<ReuseKey, (SystemTime, HeaderValue)>>,
}

/// The most statements that are kept to be reused.
const MOST_RECENT: usize = 10_000;

/// All that a statement depends on beside the time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct ReuseKey {
    grant: GrantId,
    workspace: Option<Arc<str>>,
    access: Access,
}

/// What a statement says (RFC 7519 §4).
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    workspace: Option<&'a str>,
    grant: &'a str,
    client_id: &'a str,
    access: &'static str,
    iat: u64,
    exp: u64,
    jti: &'a str,
}

impl fmt::Debug for OnBehalfOf {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("OnBehalfOf");
        debug.field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl OnBehalfOf {
    /// Reads the signing key, or makes one where its file is not there. Statements say that they are
    /// from `issuer`.
    ///
    /// # Errors
    /// Where the header is none, or the key cannot be read or made.
    pub(crate) fn new(
        settings: &OnBehalfOfSettings,
        issuer: &str,
        missing: MissingKey,
        random: Arc<dyn Random>,
    ) -> Result<OnBehalfOf, ConfigError> {
        let header = settings.header_name()?;
        let file = settings.key_file.display();
        let fail = |error: &dyn fmt::Display| {
            ConfigError::new("upstream.on_behalf_of.key_file", format!("{file}: {error}"))
        };
        let pkcs8 = key_file::read_or_make(&settings.key_file, missing, make_key);
        let pkcs8 = pkcs8.map_err(|error| fail(&error))?;
        let key = Ed25519KeyPair::from_pkcs8(&pkcs8).map_err(|error| fail(&error))?;
        let public = URL_SAFE_NO_PAD.encode(key.public_key());
        // RFC 7638: the thumbprint of the members that make the key.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{public}"}}"#);
        let key_id = URL_SAFE_NO_PAD.encode(Digest::of(&members).as_bytes());
        let head = json!({ "alg": "EdDSA", "typ": "JWT", "kid": key_id }).to_string();
        Ok(OnBehalfOf {
            header,
            head: URL_SAFE_NO_PAD.encode(head),
            audience: settings.audience.clone(),
            issuer: issuer.to_owned(),
            key,
            key_id,
            reuse: Duration::from_secs(settings.reuse_seconds),
            random,
            recent: Mutex::default(),
        })
    }

    /// The key that statements are checked with (RFC 7517 §4).
    #[must_use]
    pub fn public_key(&self) -> Value {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": URL_SAFE_NO_PAD.encode(self.key.public_key()),
            "kid": self.key_id,
            "use": "sig",
            "alg": "EdDSA",
        })
    }

    /// The header that carries statements.
    pub(crate) fn name(&self) -> &HeaderName {
        &self.header
    }

    /// What every statement begins with.
    pub(crate) fn beginning(&self) -> &str {
        &self.head
    }

    /// The header of a call that a signed-in person makes through a client; `None` for the
    /// operator's own.
    pub(crate) fn header(
        &self,
        context: &AccessContext,
        now: SystemTime,
    ) -> Option<(HeaderName, HeaderValue)> {
        let grant = context.grant.as_deref()?;
        if self.reuse.is_zero() {
            return Some((self.header.clone(), self.sign(context, grant, now)?));
        }
        let subject = ReuseKey {
            grant: grant.id.clone(),
            workspace: context.workspace.clone(),
            access: context.access,
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let is_good = |issued: SystemTime| issued <= now && now < issued + self.reuse;
        if let Some((issued, value)) = recent.get(&subject)
            && is_good(*issued)
        {
            return Some((self.header.clone(), value.clone()));
        }
        let value = self.sign(context, grant, now)?;
        if recent.len() >= MOST_RECENT {
            recent.retain(|_, (issued, _)| is_good(*issued));
        }
        if recent.len() < MOST_RECENT {
            recent.insert(subject, (now, value.clone()));
        }
        Some((self.header.clone(), value))
    }

    fn sign(&self, context: &AccessContext, grant: &Grant, now: SystemTime) -> Option<HeaderValue> {
        let issued = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = serde_json::to_vec(&Claims {
            iss: &self.issuer,
            aud: &self.audience,
            sub: grant.person.as_str(),
            workspace: context.workspace.as_deref(),
            grant: grant.id.as_str(),
            client_id: grant.client_id.as_str(),
            access: match context.access {
                Access::Read => "read",
                Access::Write => "write",
            },
            iat: issued.as_secs(),
            exp: (issued + LASTS).as_secs(),
            jti: &token::random_id("obo", &*self.random),
        });
        let signed = format!("{}.{}", self.head, URL_SAFE_NO_PAD.encode(claims.ok()?));
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(signed.as_bytes()));
        let mut value = HeaderValue::from_str(&format!("{signed}.{signature}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

fn make_key() -> std::io::Result<Vec<u8>> {
    let failed = |_| std::io::Error::other("no key can be made");
    let key = Ed25519KeyPair::generate().map_err(failed)?;
    let pkcs8 = key.to_pkcs8v1().map_err(failed)?;
    Ok(pkcs8.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClientId, PersonId, WorkspaceId};
    use crate::random::SystemRandom;

    fn statements(reuse_seconds: u64) -> OnBehalfOf {
        let settings = OnBehalfOfSettings {
            header: "X-On-Behalf-Of".to_owned(),
            audience: "https://api.example.com".to_owned(),
            key_file: "no-such-directory/connector.key".into(),
            reuse_seconds,
        };
        let random = Arc::new(SystemRandom);
        OnBehalfOf::new(
            &settings,
            "https://mcp.example.com",
            MissingKey::Forget,
            random,
        )
        .unwrap()
    }

    fn caller(grant: &str, workspace: &str, access: Access) -> AccessContext {
        let grant = Grant {
            id: GrantId::stored(grant),
            person: PersonId::stored("usr_1"),
            workspace: WorkspaceId::stored("wsp_1"),
            client_id: ClientId::stored("client".to_owned()),
            upstream_key: None,
        };
        AccessContext {
            access,
            workspace: Some(workspace.into()),
            grant: Some(Arc::new(grant)),
        }
    }

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1000 + seconds)
    }

    #[test]
    fn statement_is_new_for_each_call_where_nothing_else_is_configured() {
        let (statements, caller) = (statements(0), caller("a", "w", Access::Read));
        let first = statements.header(&caller, at(0));
        assert_ne!(first, statements.header(&caller, at(0)));
    }

    #[test]
    fn statement_serves_its_grant_for_as_long_as_configured() {
        let (statements, caller) = (statements(30), caller("a", "w", Access::Read));
        let first = statements.header(&caller, at(0));
        assert!(first.is_some());
        assert_eq!(first, statements.header(&caller, at(29)));
        assert_ne!(first, statements.header(&caller, at(30)));
    }

    #[test]
    fn statement_serves_no_other_grant_workspace_or_access() {
        let statements = statements(30);
        let first = statements.header(&caller("a", "w", Access::Read), at(0));
        for other in [
            caller("b", "w", Access::Read),
            caller("a", "x", Access::Read),
            caller("a", "w", Access::Write),
        ] {
            assert_ne!(first, statements.header(&other, at(0)));
        }
    }
}
