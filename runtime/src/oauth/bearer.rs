//! The protected resource: the caller behind a token, and the answer to callers without access
//! (RFC 6750, RFC 9728 §5.1).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::Request;
use http::header::{AUTHORIZATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode};

use super::authority::Authority;
use super::key;
use super::resource::Resource;
use crate::account::Occasion;
use crate::audit::CallRecord;
use crate::model::{AccessContext, AccessToken, Authentication, Cause, Scope, Scopes};
use crate::operation::Access;
use crate::request_id::RequestId;
use crate::store::StoreError;
use crate::text;
use crate::token::Digest;

/// How exactly it is noted when a key was last used.
const LAST_USED: Duration = Duration::from_mins(1);

/// The answer to a request that is refused.
#[derive(Debug)]
pub(crate) struct BearerError {
    pub(crate) status: StatusCode,
    /// The challenge (RFC 6750 §3), or when to try again.
    pub(crate) headers: HeaderMap,
    pub(crate) message: String,
}

/// What keeps a request out.
enum Refusal {
    /// No token came.
    Missing,
    /// More than one came.
    Several,
    /// The token opens nothing here.
    Invalid,
    /// The token does not open this tool.
    Insufficient(&'static str),
    /// The workspace of this name is suspended.
    Suspended(String),
    /// It cannot be said: the store does not answer.
    Unavailable,
}

impl Authority {
    /// Lets a request in that may call the resource, with the authority it has.
    ///
    /// # Errors
    /// The answer to a request that may not.
    pub(crate) async fn admit(
        &self,
        resource: &Resource,
        mut request: Request,
    ) -> Result<Request, Box<BearerError>> {
        let refuse = |refusal| Box::new(self.refuse(resource, &refusal));
        let now = self.services.clock.now();
        let request_id = request.extensions().get::<RequestId>();
        let cause = Cause::new(now, request_id.map_or("", RequestId::as_str));
        let key = self
            .key(resource, request.headers(), &cause)
            .await
            .map_err(refuse)?;
        self.note_use(&key, now);
        let highest = self.highest(resource);
        let access = key.scopes.access().min(highest);
        request.extensions_mut().insert(AccessContext {
            access,
            workspace: key.workspace.upstream_id.as_deref().map(Arc::from),
            grant: Some(Arc::clone(&key.grant)),
        });
        Ok(request)
    }

    async fn key(
        &self,
        resource: &Resource,
        headers: &HeaderMap,
        cause: &Cause,
    ) -> Result<Arc<AccessToken>, Refusal> {
        let token = token(headers)?;
        if !key::is_well_formed(token) {
            // The token of an agent says for itself whether it is worth a lookup.
            let agents = self.agents.as_ref().ok_or(Refusal::Invalid)?;
            let checked = agents.check(token, &self.issuer, &resource.indicator, cause.at);
            checked.map_err(|_| Refusal::Invalid)?;
        }
        match self.authenticated(token, cause).await {
            Ok(Authentication::Active(key)) if key.resource == resource.indicator => {
                match key.workspace.suspended {
                    true => Err(Refusal::Suspended(key.workspace.name.clone())),
                    false => Ok(key),
                }
            }
            Ok(_) => Err(Refusal::Invalid),
            Err(error) => Err(unavailable(&error)),
        }
    }

    /// Looks up a token, once the identity provider was asked about its person where that is due.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn authenticated(
        &self,
        token: &str,
        cause: &Cause,
    ) -> Result<Authentication, StoreError> {
        let (store, digest) = (&self.services.store, Digest::of(token));
        let found = store.authenticate(digest, cause.at).await?;
        let person = match &found {
            Authentication::Active(key) if key.recheck.is_some_and(|due| due <= cause.at) => {
                &key.grant.person
            }
            _ => return Ok(found),
        };
        if !self.accounts.recheck(person, Occasion::Use, cause).await? {
            return Ok(found);
        }
        // Another server may have ended the grant: what was read before does not count.
        store.changes().add();
        store.authenticate(digest, cause.at).await
    }

    /// Checks that an admitted request calls no tool that may change something, where its connection
    /// may only read. `called` finds the name of the tool and the access that its call needs; it is asked
    /// only where that matters.
    ///
    /// # Errors
    /// The answer to a request that does.
    pub(crate) fn check_call(
        &self,
        resource: &Resource,
        parts: &Parts,
        called: impl FnOnce() -> Option<(&'static str, Access)>,
    ) -> Result<(), Box<BearerError>> {
        let caller = parts.extensions.get::<AccessContext>();
        if caller.is_some_and(|caller| caller.access == self.highest(resource)) {
            return Ok(());
        }
        let tool = match called() {
            Some((tool, Access::Write)) => tool,
            _ => return Ok(()),
        };
        let refuse = |refusal| Box::new(self.refuse(resource, &refusal));
        let grant = caller.and_then(|caller| caller.grant.as_ref());
        if let (Some(grant), Some(id)) = (grant, parts.extensions.get::<RequestId>()) {
            let call = CallRecord {
                grant,
                tool,
                access: Access::Write,
                request_id: id.as_str(),
            };
            let recorded = self.calls.refuse(call, "insufficient_scope");
            if let Err(error) = recorded {
                tracing::error!(request_id = %id, %error, "a call is not recorded");
                return Err(refuse(Refusal::Unavailable));
            }
        }
        Err(refuse(Refusal::Insufficient(tool)))
    }

    /// Notes that a key is used, beside the call: a store that is slow to write holds up no caller.
    /// Where too many are being noted, the next call notes it.
    fn note_use(&self, key: &AccessToken, now: SystemTime) {
        if key.last_used.is_some_and(|last| last + LAST_USED > now) {
            return;
        }
        let Ok(turn) = Arc::clone(&self.noting).try_acquire_owned() else {
            return;
        };
        let (store, grant) = (Arc::clone(&self.services.store), Arc::clone(&key.grant));
        tokio::spawn(async move {
            if let Err(error) = store.used(&grant.id, now).await {
                tracing::warn!(%error, "it could not be noted that a key was used");
            }
            drop(turn);
        });
    }

    fn refuse(&self, resource: &Resource, refusal: &Refusal) -> BearerError {
        let metadata = resource.metadata_url(&self.resources.origin);
        let read = Scope::Read.as_str();
        let both = Scopes::of(Access::Write).to_string();
        let (status, challenge, message) = match refusal {
            Refusal::Missing => (
                StatusCode::UNAUTHORIZED,
                Some(format!(
                    "Bearer resource_metadata=\"{metadata}\", scope=\"{read}\""
                )),
                "Not authenticated. Connect this server in your assistant to sign in.".to_owned(),
            ),
            Refusal::Several => (
                StatusCode::BAD_REQUEST,
                Some(format!(
                    "Bearer error=\"invalid_request\", resource_metadata=\"{metadata}\""
                )),
                "The request has more than one Authorization header.".to_owned(),
            ),
            Refusal::Invalid => (
                StatusCode::UNAUTHORIZED,
                Some(format!(
                    "Bearer error=\"invalid_token\", error_description=\"the token expired, was \
                     revoked, or is not for this resource\", resource_metadata=\"{metadata}\", \
                     scope=\"{read}\""
                )),
                "Not authenticated: the access expired or was revoked. Reconnect the connector."
                    .to_owned(),
            ),
            Refusal::Insufficient(tool) => (
                StatusCode::FORBIDDEN,
                Some(format!(
                    "Bearer error=\"insufficient_scope\", error_description=\"this connection is \
                     read-only\", resource_metadata=\"{metadata}\", scope=\"{both}\""
                )),
                format!(
                    "This connection is read-only, and `{tool}` may change something; nothing was \
                     sent. To use it, connect again and choose Full."
                ),
            ),
            Refusal::Suspended(workspace) => (
                StatusCode::FORBIDDEN,
                None,
                format!(
                    "The workspace “{}” is suspended, so nothing is called for it; nothing was \
                     sent. Ask who runs this server. When the workspace is resumed, try again; if \
                     the access has expired by then, connect again.",
                    text::label(workspace)
                ),
            ),
            Refusal::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                None,
                "This server cannot check your sign-in just now. Try again.".to_owned(),
            ),
        };
        let mut headers = HeaderMap::new();
        if let Some(Ok(challenge)) = challenge.map(HeaderValue::try_from) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        BearerError {
            status,
            headers,
            message,
        }
    }
}

/// Logs why the store did not answer. The answer is not 401: that would make clients drop a grant that is
/// good.
fn unavailable(error: &StoreError) -> Refusal {
    tracing::error!(%error, "the store failed");
    Refusal::Unavailable
}

/// The bearer token of a request, where it has exactly one.
pub(super) fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    token(headers).ok()
}

/// The bearer token of a request: in the one `Authorization` header, and nowhere else.
fn token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let first = all.next().ok_or(Refusal::Missing)?;
    if all.next().is_some() {
        return Err(Refusal::Several);
    }
    let text = first.to_str().map_err(|_| Refusal::Missing)?;
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::Missing)?;
    let token = token.trim();
    match scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() {
        true => Ok(token),
        false => Err(Refusal::Missing),
    }
}
