//! The userinfo endpoint (OpenID Connect Core 1.0 §5.3): who signed in, for the client that was
//! allowed to learn it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::authority::Authority;
use super::bearer::bearer_token;
use super::error::no_store;
use super::key;
use super::openid::PersonClaims;
use crate::model::{Authentication, Scope};
use crate::store::StoreError;
use crate::token::Digest;

pub(super) async fn userinfo(
    State(authority): State<Arc<Authority>>,
    headers: HeaderMap,
) -> Response {
    match claims(&authority, &headers).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "the store failed");
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "5")]).into_response()
        }
    }
}

async fn claims(authority: &Authority, headers: &HeaderMap) -> Result<Response, StoreError> {
    let Some(token) = bearer_token(headers).filter(|token| key::is_well_formed(token)) else {
        return Ok(refuse(StatusCode::UNAUTHORIZED, "Bearer"));
    };
    let store = &authority.services.store;
    let now = authority.services.clock.now();
    let Authentication::Active(token) = store.authenticate(Digest::of(token), now).await? else {
        return Ok(refuse(
            StatusCode::UNAUTHORIZED,
            "Bearer error=\"invalid_token\"",
        ));
    };
    if !token.scopes.contains(Scope::OpenId) {
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
        return Ok(refuse(StatusCode::FORBIDDEN, challenge));
    }
    let Some(subject) = store.subject(&token.grant.id).await? else {
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
