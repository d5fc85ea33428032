//! Statements of a connector: on whose behalf it calls (a JWT, RFC 7519, signed with Ed25519).
//!
//! The connector has one key for everything, which opens nothing alone: each request says in
//! `X-On-Behalf-Of` for which workspace it is made, and how much it may do. What is said counts for
//! one request, for a minute, here and nowhere else.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::keys::{Key, Level};
use super::problem::Problem;

/// The header that carries a statement.
pub(super) const HEADER: &str = "x-on-behalf-of";

/// How far the connector's clock may be ahead of ours, in seconds.
const AHEAD: i64 = 5;

/// A connector that this API believes.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Who it says it is: `iss`.
    pub issuer: String,
    /// Who we are to it: `aud`.
    pub audience: String,
    /// Where its public keys are (RFC 7517).
    pub jwks_uri: String,
}

/// What is known of the connector.
#[derive(Debug, Default)]
pub(super) struct Statements {
    state: Mutex<State>,
    http: reqwest::Client,
}

#[derive(Debug, Default)]
struct State {
    connector: Option<Connector>,
    /// Public keys by `kid`.
    keys: BTreeMap<String, Vec<u8>>,
    /// Statements that were used, and when they end by themselves.
    used: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    typ: String,
    kid: String,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    grant: String,
    workspace: Option<String>,
    access: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
struct PublicKey {
    kty: String,
    crv: String,
    kid: String,
    x: String,
}

impl Statements {
    /// Believes this connector from now on.
    pub(super) fn trust(&self, connector: Connector) {
        let mut state = self.lock();
        state.keys.clear();
        state.connector = Some(connector);
    }

    /// What a statement lets its bearer do, once.
    ///
    /// # Errors
    /// 401 for a statement that is not the connector's, not for us, too old or used before.
    pub(super) async fn accept(&self, text: &str, now: Timestamp) -> Result<Key, Problem> {
        let refuse = |why: &str| Problem::unauthorized(&format!("The statement {why}."));
        let connector = self.lock().connector.clone();
        let connector = connector.ok_or_else(|| refuse("is from an unknown connector"))?;
        let (signed, signature) = text
            .rsplit_once('.')
            .ok_or_else(|| refuse("is no signed JWT"))?;
        let (head, claims) = signed
            .split_once('.')
            .ok_or_else(|| refuse("is no signed JWT"))?;
        let head: Head = read(head).ok_or_else(|| refuse("has no head that can be read"))?;
        if head.alg != "EdDSA" || head.typ != "JWT" {
            return Err(refuse("is not signed with EdDSA"));
        }
        let key = self.key(&connector, &head.kid).await;
        let key = key.ok_or_else(|| refuse("is signed with an unknown key"))?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        UnparsedPublicKey::new(&ED25519, key)
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| refuse("was changed, or not signed with that key"))?;
        let claims: Claims = read(claims).ok_or_else(|| refuse("lacks a claim"))?;
        if claims.iss != connector.issuer || claims.aud != connector.audience {
            return Err(refuse("is from another issuer, or for another audience"));
        }
        let now = now.as_second();
        if now >= claims.exp || now < claims.iat - AHEAD {
            return Err(refuse("has expired, or is not good yet"));
        }
        let level = match claims.access.as_str() {
            "write" => Level::Full,
            "read" => Level::Read,
            _ => return Err(refuse("has an unknown access")),
        };
        let workspace = claims.workspace;
        let workspace = workspace.ok_or_else(|| refuse("is for no workspace"))?;
        if !self.lock().first_time(claims.jti, claims.exp, now) {
            return Err(refuse("was used before"));
        }
        Ok(Key::of_connector(&claims.grant, workspace, level))
    }

    /// The public key of an id; fetched where it is not known yet.
    async fn key(&self, connector: &Connector, id: &str) -> Option<Vec<u8>> {
        if let Some(key) = self.lock().keys.get(id) {
            return Some(key.clone());
        }
        let answer = self.http.get(&connector.jwks_uri).send().await.ok()?;
        let set: KeySet = serde_json::from_slice(&answer.bytes().await.ok()?).ok()?;
        let fetched = set
            .keys
            .into_iter()
            .filter(|key| key.kty == "OKP" && key.crv == "Ed25519")
            .filter_map(|key| Some((key.kid, BASE64_URL_SAFE_NO_PAD.decode(key.x).ok()?)));
        let mut state = self.lock();
        state.keys = fetched.collect();
        state.keys.get(id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn first_time(&mut self, id: String, ends: i64, now: i64) -> bool {
        self.used.retain(|_, ends| *ends > now);
        self.used.insert(id, ends).is_none()
    }
}

fn read<T: DeserializeOwned>(part: &str) -> Option<T> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok()
}
