//! Keys of the API's own: one is made when a person approves a connection, and revoked when the
//! connection ends. The API knows them as it knows any key; here they are kept sealed.

mod find;
mod revocations;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use url::Url;

pub(crate) use self::revocations::Revocations;
use super::service::{Credentials, Placed, place};
use crate::config::{ConfigError, MintSettings, Pointer, RequestLine};
use crate::http::{Client, Failure, Incoming, Outgoing};
use crate::json;
use crate::model::{Grant, GrantId, Order, SealedKey, WorkspaceId};
use crate::operation::{Catalog, SecurityKind};
use crate::random::Random;
use crate::request_id;
use crate::seal::{Owner, Sealed, SealingKeys};
use crate::secret::Secret;
use crate::template;

/// What is in a path segment as it is (RFC 3986 §2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The most JSON values that an answer of the key service may hold.
const MAX_VALUES: usize = 100_000;

/// Makes and revokes keys at the API's key service.
pub(crate) struct Mint {
    settings: MintSettings,
    scheme: &'static str,
    kind: SecurityKind,
    /// Whether a key is for one of the API's workspaces.
    for_workspace: bool,
    base: Url,
    client: Client,
    service: Credentials,
    sealing: SealingKeys,
}

impl fmt::Debug for Mint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Mint");
        debug.field("scheme", &self.scheme).finish_non_exhaustive()
    }
}

/// A key that was made.
#[derive(Debug)]
pub(crate) struct Minted {
    /// The API's id of it.
    pub(crate) id: String,
    /// The key itself.
    pub(crate) secret: Secret,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MintError {
    /// The workspace is none that the API knows. Nothing was asked.
    #[error("the workspace is not linked to one of the API's")]
    NotLinked,
    /// The API said no.
    #[error("the key service answered {0}")]
    Refused(StatusCode),
    /// The API was not reached.
    #[error("the key service cannot be asked: {0}")]
    NotAsked(String),
    /// No answer came: whether a key was made is not known.
    #[error("the key service did not answer: {0}")]
    NoAnswer(String),
    /// A key was made, and the answer does not have it where configuration says.
    #[error("the key service's answer has no text at `{pointer}`")]
    Unread {
        /// Where it should be.
        pointer: String,
        /// Its id, if it is known.
        id: Option<String>,
    },
}

impl MintError {
    /// Whether it is certain that the API made no key.
    pub(crate) fn is_certain(&self) -> bool {
        match self {
            MintError::NotLinked | MintError::NotAsked(_) => true,
            // A proxy in front of an API answers in its place with 5xx and 408.
            MintError::Refused(status) => {
                status.is_client_error() && *status != StatusCode::REQUEST_TIMEOUT
            }
            MintError::NoAnswer(_) | MintError::Unread { .. } => false,
        }
    }
}

/// A grant's key, opened, for one call.
#[derive(Debug)]
pub(crate) struct OpenedKey {
    /// Where it goes in the request.
    pub(crate) placed: Placed,
    /// The key, to be recognised where the API repeats it.
    pub(crate) secret: Secret,
}

impl Mint {
    /// Prepares to call the key service below `base`.
    ///
    /// # Errors
    /// Where the settings contradict themselves or the description, or a secret is not there.
    pub(crate) fn new(
        catalog: &'static Catalog,
        settings: &MintSettings,
        base: Url,
        client: Client,
        random: Arc<dyn Random>,
    ) -> Result<Mint, ConfigError> {
        let used = settings.placeholders()?;
        let wanted = &settings.scheme;
        let fail = |message| ConfigError::new("upstream.mint.scheme", message);
        let schemes = catalog.security_schemes;
        let scheme = schemes.iter().find(|scheme| scheme.name == wanted);
        let scheme = scheme.ok_or_else(|| {
            let known: Vec<_> = schemes.iter().map(|scheme| scheme.name).collect();
            let known = known.join(", ");
            fail(format!(
                "the API has no security scheme `{wanted}`; write one of these: {known}"
            ))
        })?;
        place(scheme.kind, None, &Secret::new("key"))
            .map_err(|message| fail(format!("`{wanted}`: {message}")))?;
        let table = "upstream.mint.credentials";
        let service = Credentials::read(catalog, table, &settings.credentials)?;
        let sealing = SealingKeys::read(&settings.sealing_keys, random)
            .map_err(|message| ConfigError::new("upstream.mint.sealing_keys", message))?;
        Ok(Mint {
            settings: settings.clone(),
            scheme: scheme.name,
            kind: scheme.kind,
            for_workspace: used.contains("workspace"),
            base,
            client,
            service,
            sealing,
        })
    }

    /// Whether a key is for one of the API's workspaces, so that none can be made without.
    pub(crate) fn is_for_workspace(&self) -> bool {
        self.for_workspace
    }

    /// The security scheme that the keys are for.
    pub(crate) fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// What the key service is called with, to be recognised where the API repeats it.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.service.secrets()
    }

    /// Makes a key.
    ///
    /// # Errors
    /// Where none was made, or it cannot be had.
    pub(crate) async fn create(
        &self,
        order: &Order,
        request_id: &str,
    ) -> Result<Minted, MintError> {
        let create = &self.settings.create;
        let workspace = order.workspace.clone();
        if workspace.is_none() && self.for_workspace {
            return Err(MintError::NotLinked);
        }
        let level = create.levels.as_ref();
        let values = [
            ("name", order.name.clone()),
            ("workspace", workspace.unwrap_or_default()),
            (
                "level",
                level.map_or("", |it| it.name(order.access)).to_owned(),
            ),
            ("grant", order.grant.clone()),
        ];
        let request = self.request(&create.request, create.body.as_ref(), &values, request_id);
        let mut request = request.ok_or(MintError::NotLinked)?;
        if let Some(header) = &create.idempotency_header {
            let value = HeaderValue::from_str(&order.grant);
            let value = value.map_err(|error| MintError::NotAsked(error.to_string()))?;
            request.headers.insert(header.0.clone(), value);
        }
        let incoming = self.client.send(request).await.map_err(|failure| {
            let reason = reason(&failure);
            match failure {
                Failure::Unreachable(_) | Failure::Unhandled(_) | Failure::Request(_) => {
                    MintError::NotAsked(reason)
                }
                _ => MintError::NoAnswer(reason),
            }
        })?;
        if !incoming.status.is_success() {
            return Err(MintError::Refused(incoming.status));
        }
        let answer = json::parse(&incoming.body, MAX_VALUES).unwrap_or_default();
        let id = text_at(&answer, &create.id);
        let unread = |pointer: &Pointer, id| MintError::Unread {
            pointer: pointer.0.clone(),
            id,
        };
        let secret = answer.pointer(&create.secret.0).and_then(Value::as_str);
        match (id, secret.filter(|secret| !secret.is_empty())) {
            (Some(id), Some(secret)) => Ok(Minted {
                id,
                secret: Secret::new(secret),
            }),
            (None, _) => Err(unread(&create.id, None)),
            (id, None) => Err(unread(&create.secret, id)),
        }
    }

    /// Revokes a key. One that the API no longer has counts as revoked.
    ///
    /// # Errors
    /// Where the API has not revoked it, in a few words.
    pub(crate) async fn revoke(&self, id: &str, request_id: &str) -> Result<(), String> {
        let revoke = &self.settings.revoke;
        let values = [("id", id.to_owned())];
        let request = self.request(&revoke.request, revoke.body.as_ref(), &values, request_id);
        let request = request.ok_or("the id makes no path")?;
        let answer = self.client.send(request).await;
        let Incoming { status, .. } = answer.map_err(|failure| reason(&failure))?;
        let gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
        match status.is_success() || gone {
            true => Ok(()),
            false => Err(status.to_string()),
        }
    }

    /// Seals a key for its grant; `None` where the cipher fails.
    pub(crate) fn seal(
        &self,
        grant: &GrantId,
        workspace: &WorkspaceId,
        minted: &Minted,
    ) -> Option<SealedKey> {
        let owner = Owner::Grant {
            grant: grant.as_str(),
            workspace: workspace.as_str(),
            key: &minted.id,
        };
        let Sealed { with, bytes } = self.sealing.seal(owner, &minted.secret)?;
        Some(SealedKey {
            id: minted.id.clone(),
            sealed_with: with,
            sealed: bytes,
        })
    }

    /// Opens the key of a grant; `None` where it has none that opens.
    pub(crate) fn open(&self, grant: &Grant) -> Option<OpenedKey> {
        let key = grant.upstream_key.as_ref()?;
        let owner = Owner::Grant {
            grant: grant.id.as_str(),
            workspace: grant.workspace.as_str(),
            key: &key.id,
        };
        let sealed = Sealed {
            with: key.sealed_with.clone(),
            bytes: key.sealed.clone(),
        };
        let secret = self.sealing.open(owner, &sealed)?;
        Some(OpenedKey {
            placed: place(self.kind, None, &secret).ok()?,
            secret,
        })
    }

    /// Whether what was sealed with the key of this id can be opened.
    pub(crate) fn opens(&self, sealed_with: &str) -> bool {
        self.sealing.knows(sealed_with)
    }

    /// `None` where a value would lead the path elsewhere.
    fn request(
        &self,
        line: &RequestLine,
        body: Option<&Value>,
        values: &[(&str, String)],
        request_id: &str,
    ) -> Option<Outgoing> {
        let encode =
            |(name, value): &(_, String)| (*name, utf8_percent_encode(value, SEGMENT).to_string());
        let encoded: Vec<(&str, String)> = values.iter().map(encode).collect();
        let path = template::fill(&line.path, &encoded);
        let mut url = self.base.clone();
        let path = format!("{}{path}", self.base.path().trim_end_matches('/'));
        url.set_path(&path);
        if url.path() != path {
            return None;
        }
        if let Some(query) = &line.query {
            let query = template::fill_query(query, &encoded);
            url.set_query((!query.is_empty()).then_some(query.as_str()));
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(crate::http::USER_AGENT),
        );
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(HeaderName::from_static(request_id::HEADER), id);
        }
        let body = match body {
            Some(body) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(template::fill_json(body, values).to_string())
            }
            None => {
                if matches!(line.method.as_str(), "POST" | "PUT" | "PATCH") {
                    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
                }
                Bytes::new()
            }
        };
        for placed in self.service.all() {
            match placed {
                Placed::Header(name, value) => {
                    headers.insert(name.clone(), value.clone());
                }
                Placed::Query(name, secret) => {
                    url.query_pairs_mut().append_pair(name, secret.expose());
                }
                Placed::Cookie(name, secret) => {
                    let cookie = format!("{name}={}", secret.expose());
                    headers.append(COOKIE, HeaderValue::from_str(&cookie).ok()?);
                }
            }
        }
        Some(Outgoing {
            method: line.method.clone(),
            url,
            headers,
            body,
            pieces: Vec::new(),
            room: None,
            account: None,
        })
    }
}

/// The text or number at a place of an answer, as text, unless it is empty.
fn text_at(answer: &Value, pointer: &Pointer) -> Option<String> {
    match answer.pointer(&pointer.0)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What kept an answer away, for the log and the audit.
fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Unreachable(reason) => format!("no connection to {reason}"),
        Failure::Unhandled(reason) => format!("the request was not handled by {reason}"),
        Failure::Broken(reason) => format!("the connection broke: {reason}"),
        Failure::Timeout => "none in time".to_owned(),
        Failure::Garbage(_) => "what came is no HTTP".to_owned(),
        Failure::Redirect { status, .. } => format!("{status} is not followed"),
        Failure::Request(reason) => format!("the request cannot be sent: {reason}"),
    }
}
