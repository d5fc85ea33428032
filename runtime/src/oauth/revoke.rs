//! The revocation endpoint (RFC 7009). A token of whatever kind ends its grant, but for those of agents:
//! what a person linked, who holds a token for an hour does not unlink.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::authority::Authority;
use super::error::{ErrorCode, OAuthError, no_store};
use super::token::read;
use crate::model::Cause;
use crate::request_id::RequestId;
use crate::token::Digest;

pub(super) async fn revoke(
    State(authority): State<Arc<Authority>>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Result<Response, OAuthError> {
    let now = authority.services.clock.now();
    let cause = Cause::new(now, request_id.as_str());
    let (client_id, form) = read(&authority, request, &cause).await?;
    if client_id.is_agent() {
        let message = "tokens of agents are not revoked here: they expire, and the person who linked \
                       the agent revokes its key in the portal";
        return Err(OAuthError::new(ErrorCode::UnsupportedTokenType, message));
    }
    let token = form.one("token")?;
    let token = token.ok_or_else(|| OAuthError::invalid_request("token is missing"))?;
    let cause = cause.through(&client_id);
    // The answer does not reveal whether the token existed (§2.2); a failure of the store is reported.
    authority
        .services
        .store
        .revoke_token(Digest::of(token), &cause)
        .await?;
    Ok((StatusCode::OK, no_store()).into_response())
}
