//! The provider's endpoints and keys: its discovery document (OpenID Connect Discovery 1.0) and its
//! JSON Web Key Set, each kept for a while.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use url::Url;

use super::error::ProviderError;
use crate::http::{Client, Limits, Outgoing, is_loopback};
use crate::jwt::{self, Jwk, Refused};
use crate::media_type;

/// How long the discovery document and the keys are used before they are fetched again.
const FRESH: Duration = Duration::from_hours(1);
/// How long after keys were fetched an unknown one makes them be fetched again.
const KEYS_PAUSE: Duration = Duration::from_secs(30);
/// How long after a fetch that failed none is tried: many people wait for each.
const FAILURE_PAUSE: Duration = Duration::from_secs(10);
/// How long what was fetched is used while it cannot be fetched again.
const STALE: Duration = Duration::from_hours(24);
/// The most keys that are kept.
const MOST_KEYS: usize = 100;

/// The limits of a request to the provider.
const LIMITS: Limits = Limits {
    total: Duration::from_secs(8),
    connect: Duration::from_secs(4),
    body: 256 * 1024,
    stream: Duration::from_secs(8),
    may_be_endless: |_| false,
};

/// What a discovery document says, as far as it is used.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Discovery {
    issuer: String,
    #[serde(deserialize_with = "url")]
    pub(super) authorization_endpoint: Url,
    #[serde(deserialize_with = "url")]
    pub(super) token_endpoint: Url,
    #[serde(deserialize_with = "url")]
    pub(super) jwks_uri: Url,
    #[serde(default, deserialize_with = "optional_url")]
    pub(super) userinfo_endpoint: Option<Url>,
    #[serde(default)]
    pub(super) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) scopes_supported: Option<Vec<String>>,
    /// Whether authorization responses name the issuer (RFC 9207 §3).
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    let text = String::deserialize(deserializer)?;
    Url::parse(&text).map_err(D::Error::custom)
}

fn optional_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    url(deserializer).map(Some)
}

impl Discovery {
    /// Reports whether the token endpoint takes HTTP Basic authentication. Without a list, that is the
    /// method (OpenID Connect Discovery §3).
    pub(super) fn takes_basic(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        methods.is_none_or(|it| it.iter().any(|it| it == "client_secret_basic"))
    }
}

/// Something that was fetched, and when.
#[derive(Clone, Debug)]
struct Fetched<T> {
    at: SystemTime,
    value: T,
}

impl<T> Fetched<T> {
    fn is_younger(&self, than: Duration, now: SystemTime) -> bool {
        // A clock that was set back makes nothing older.
        now.duration_since(self.at).is_ok_and(|age| age < than)
    }
}

/// What was fetched last, and the failure since.
#[derive(Debug)]
struct Cache<T> {
    fetched: Option<Fetched<T>>,
    failed: Option<Fetched<ProviderError>>,
}

impl<T> Default for Cache<T> {
    fn default() -> Cache<T> {
        Cache {
            fetched: None,
            failed: None,
        }
    }
}

impl<T: Clone> Cache<T> {
    /// Returns what was fetched less than `than` ago.
    fn younger(&self, than: Duration, now: SystemTime) -> Option<T> {
        let fetched = self.fetched.as_ref();
        fetched
            .filter(|it| it.is_younger(than, now))
            .map(|it| it.value.clone())
    }

    /// Returns the failure of a fetch that was tried just now.
    fn failure(&self, now: SystemTime) -> Option<ProviderError> {
        let failed = self.failed.as_ref();
        failed
            .filter(|it| it.is_younger(FAILURE_PAUSE, now))
            .map(|it| it.value.clone())
    }

    /// Keeps the outcome of a fetch.
    fn keep(
        &mut self,
        outcome: Result<T, ProviderError>,
        now: SystemTime,
    ) -> Result<T, ProviderError> {
        match &outcome {
            Ok(value) => {
                let value = value.clone();
                self.fetched = Some(Fetched { at: now, value });
                self.failed = None;
            }
            Err(error) => {
                let value = error.clone();
                self.failed = Some(Fetched { at: now, value });
            }
        }
        outcome
    }

    /// Returns what was fetched before in place of an error that says that the provider is away.
    fn instead(&self, error: ProviderError, now: SystemTime) -> Result<T, ProviderError> {
        match (&error, self.younger(STALE, now)) {
            (ProviderError::Unreachable(_), Some(stale)) => {
                tracing::warn!(
                    %error,
                    "the identity provider cannot be asked; what it said last is used"
                );
                Ok(stale)
            }
            _ => Err(error),
        }
    }
}

/// The provider's endpoints, and the client that reaches them.
#[derive(Debug)]
pub(super) struct Endpoints {
    issuer: String,
    pub(super) client: Client,
    discovery: Mutex<Cache<Discovery>>,
    keys: Mutex<Cache<Vec<Jwk>>>,
}

impl Endpoints {
    /// Prepares the client.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub(super) fn new(issuer: &str) -> Result<Endpoints, String> {
        Ok(Endpoints {
            issuer: issuer.to_owned(),
            client: Client::new(LIMITS, true)?,
            discovery: Mutex::default(),
            keys: Mutex::default(),
        })
    }

    /// The host of the issuer.
    pub(super) fn host(&self) -> String {
        let url = Url::parse(&self.issuer).ok();
        let host = url.and_then(|url| url.host_str().map(ToOwned::to_owned));
        host.unwrap_or_default()
    }

    /// Returns the endpoints, as the discovery document of the issuer names them.
    ///
    /// # Errors
    /// Where the document cannot be had, or is another issuer's.
    pub(super) async fn discovery(&self, now: SystemTime) -> Result<Discovery, ProviderError> {
        let mut kept = self.discovery.lock().await;
        if let Some(fresh) = kept.younger(FRESH, now) {
            return Ok(fresh);
        }
        let outcome = match kept.failure(now) {
            Some(failure) => Err(failure),
            None => {
                let fetched = self.fetch_discovery().await;
                kept.keep(fetched, now)
            }
        };
        outcome.or_else(|error| kept.instead(error, now))
    }

    async fn fetch_discovery(&self) -> Result<Discovery, ProviderError> {
        let base = self.issuer.trim_end_matches('/');
        let url = Url::parse(&format!("{base}/.well-known/openid-configuration"));
        let url = url.map_err(|_| ProviderError::Misconfigured("the issuer is no URL"))?;
        let document = self.fetch(&url).await?;
        let value: Discovery = serde_json::from_value(document).map_err(|error| {
            ProviderError::Unreachable(format!("its discovery document cannot be used: {error}"))
        })?;
        self.check(&value)?;
        Ok(value)
    }

    /// Checks that a document is the issuer's, and that only its owner can answer at its endpoints.
    fn check(&self, discovery: &Discovery) -> Result<(), ProviderError> {
        if discovery.issuer != self.issuer {
            return Err(ProviderError::Misconfigured(
                "the discovery document is of another issuer than the one that is configured; write the \
                 issuer exactly as the document does, with or without a slash at its end",
            ));
        }
        let local = is_loopback(&self.issuer);
        let endpoints = [
            &discovery.authorization_endpoint,
            &discovery.token_endpoint,
            &discovery.jwks_uri,
        ];
        let endpoints = endpoints.into_iter().chain(&discovery.userinfo_endpoint);
        for endpoint in endpoints {
            let is_local = local && is_loopback(endpoint.as_str());
            if endpoint.scheme() != "https" && !(endpoint.scheme() == "http" && is_local) {
                return Err(ProviderError::Misconfigured(
                    "the discovery document names an endpoint that is no https URL",
                ));
            }
        }
        Ok(())
    }

    /// Returns the keys that sign ID tokens. Where `unknown` is set, a token is signed with none of
    /// the keys that were returned before: they are fetched again, unless that was done just now.
    ///
    /// # Errors
    /// Where they cannot be had.
    pub(super) async fn keys(
        &self,
        uri: &Url,
        unknown: bool,
        now: SystemTime,
    ) -> Result<Vec<Jwk>, ProviderError> {
        let fresh = match unknown {
            true => KEYS_PAUSE,
            false => FRESH,
        };
        let mut kept = self.keys.lock().await;
        if let Some(fresh) = kept.younger(fresh, now) {
            return Ok(fresh);
        }
        let outcome = match kept.failure(now) {
            Some(failure) => Err(failure),
            None => {
                let fetched = self.fetch_keys(uri).await;
                kept.keep(fetched, now)
            }
        };
        match unknown {
            // The keys from before do not have it.
            true => outcome,
            false => outcome.or_else(|error| kept.instead(error, now)),
        }
    }

    /// Returns the claims of a token by its check, with the keys at `jwks_uri`. Where no key is known that
    /// signed it, the keys are fetched again.
    ///
    /// # Errors
    /// Where the token is refused, or the keys cannot be had.
    pub(super) async fn verified(
        &self,
        jwks_uri: &Url,
        check: impl Fn(&[Jwk]) -> Result<Map<String, Value>, Refused> + Send + Sync,
        now: SystemTime,
    ) -> Result<Map<String, Value>, ProviderError> {
        for unknown in [false, true] {
            let keys = self.keys(jwks_uri, unknown, now);
            match check(&keys.await?) {
                Ok(claims) => return Ok(claims),
                Err(Refused::UnknownKey) => {}
                Err(Refused::Signature) => {
                    let message = "the signature of the token is wrong";
                    return Err(ProviderError::Wrong(message));
                }
                Err(Refused::Wrong(reason)) => return Err(ProviderError::Wrong(reason)),
            }
        }
        Err(ProviderError::Wrong(
            "no key of the provider signed the token",
        ))
    }

    async fn fetch_keys(&self, uri: &Url) -> Result<Vec<Jwk>, ProviderError> {
        let document = self.fetch(uri).await?;
        let keys = jwt::keys(&document, MOST_KEYS);
        keys.ok_or_else(|| ProviderError::Unreachable("its key set has no `keys`".to_owned()))
    }

    async fn fetch(&self, url: &Url) -> Result<Value, ProviderError> {
        let (status, value) = self.send(Method::GET, url, HeaderMap::new(), None).await?;
        match status {
            StatusCode::OK => Ok(value),
            status => {
                let path = url.path();
                let message = format!("it answers {status} at {path}");
                Err(ProviderError::Unreachable(message))
            }
        }
    }

    /// Sends a form to the token endpoint.
    ///
    /// # Errors
    /// Where the provider refuses, or cannot be reached.
    pub(super) async fn exchange(
        &self,
        url: &Url,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Map<String, Value>, ProviderError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type::FORM));
        headers.extend(authorization.map(|value| (AUTHORIZATION, value)));
        let (status, value) = self.send(Method::POST, url, headers, Some(form)).await?;
        match (status, value) {
            (StatusCode::OK, Value::Object(members)) => Ok(members),
            (_, value) => Err(refused(value.get("error").and_then(Value::as_str), status)),
        }
    }

    /// Reads the claims that the userinfo endpoint has about the person of an access token (OpenID
    /// Connect Core §5.3).
    ///
    /// # Errors
    /// Where they cannot be had.
    pub(super) async fn userinfo(
        &self,
        url: &Url,
        access_token: &str,
    ) -> Result<Map<String, Value>, ProviderError> {
        let mut value = HeaderValue::from_str(&format!("Bearer {access_token}"))
            .map_err(|_| ProviderError::Wrong("the access token is no header field"))?;
        value.set_sensitive(true);
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        match self.send(Method::GET, url, headers, None).await? {
            (StatusCode::OK, Value::Object(members)) => Ok(members),
            (status, _) => {
                let message = format!("its userinfo endpoint answers {status}");
                Err(ProviderError::Unreachable(message))
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        url: &Url,
        mut headers: HeaderMap,
        body: Option<String>,
    ) -> Result<(StatusCode, Value), ProviderError> {
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let outgoing = Outgoing {
            method,
            url: url.clone(),
            headers,
            body: body.map_or_else(Bytes::new, Bytes::from),
            pieces: Vec::new(),
            room: None,
            account: None,
        };
        let incoming = self.client.send(outgoing).await?;
        let value = match incoming.cut {
            None => serde_json::from_slice(&incoming.body).ok(),
            Some(_) => None,
        };
        match value {
            Some(value) => Ok((incoming.status, value)),
            None => {
                let (status, path) = (incoming.status, url.path());
                let message =
                    format!("it answers {status} at {path}, without JSON of a bounded length");
                Err(ProviderError::Unreachable(message))
            }
        }
    }
}

/// Returns the error of an answer: its code where it has one that is safe to repeat.
pub(super) fn refused(code: Option<&str>, status: StatusCode) -> ProviderError {
    match code.filter(|code| is_code(code)) {
        Some(code) => ProviderError::Refused(code.to_owned()),
        None => ProviderError::Unreachable(format!("it answers {status} without an error code")),
    }
}

/// Reports whether a text is an error code as providers have them: words, and no secret.
pub(super) fn is_code(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}
