//! The userinfo endpoint (OpenID Connect Core 1.0 §5.3): who signed in, for the client that was
//! allowed to learn it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::authority::Authority;
use super::bearer::bearer_token;
use super::error::no_store;
use super::key;
use super::openid::PersonClaims;
use crate::model::{Authentication, Cause, Scope};
use crate::request_id::RequestId;
use crate::store::StoreError;

pub(super) async fn userinfo(
    State(authority): State<Arc<Authority>>,
    Extension(request_id): Extension<RequestId>,
    headers: HeaderMap,
) -> Response {
    let cause = Cause::new(authority.services.clock.now(), request_id.as_str());
    match claims(&authority, &headers, &cause).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "the store failed");
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
        }
    }
}

async fn claims(
    authority: &Authority,
    headers: &HeaderMap,
    cause: &Cause,
) -> Result<Response, StoreError> {
    let Some(token) = bearer_token(headers).filter(|token| key::is_well_formed(token)) else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "Bearer"));
    };
    let Authentication::Active(token) = authority.authenticated(token, cause).await? else {
        return Ok(refuse(
            StatusCode::UNAUTHORIZED,
            "Bearer error=\"invalid_token\"",
        ));
    };
    if !token.scopes.contains(Scope::OpenId) {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
        return Ok(refuse(StatusCode::FORBIDDEN, challenge));
    }
    let Some(subject) = authority.services.store.subject(&token.grant.id).await? else {
        return Ok(refuse(
            StatusCode::UNAUTHORIZED,
            "Bearer error=\"invalid_token\"",
        ));
    };
    let claims = PersonClaims::of(&subject, &token.scopes);
    Ok((no_store(), Json(claims)).into_response())
}

/// A refusal with its challenge (RFC 6750 §3).
fn refuse(status: StatusCode, challenge: &'static str) -> Response {
    let challenge = HeaderValue::from_static(challenge);
    (status, [(WWW_AUTHENTICATE, challenge)]).into_response()
}
