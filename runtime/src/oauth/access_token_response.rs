//! A successful answer of the token endpoint without a refresh token (RFC 6749 §5.1).

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::error::no_store;
use crate::model::{ResourceIndicator, Scopes};
use crate::secret::Secret;

/// The answer.
#[derive(Serialize)]
pub(super) struct AccessTokenResponse {
    access_token: String,
    token_type: &'static str,
    expires_in: u64,
    scope: String,
    /// What the token is for, where the specification of the grant asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<ResourceIndicator>,
}

impl AccessTokenResponse {
    pub(super) fn new(token: &Secret, lasts: Duration, scopes: &Scopes) -> AccessTokenResponse {
        AccessTokenResponse {
            access_token: token.expose().to_owned(),
            token_type: "Bearer",
            expires_in: lasts.as_secs(),
            scope: scopes.to_string(),
            resource: None,
        }
    }

    /// Names the resource.
    pub(super) fn for_resource(self, resource: ResourceIndicator) -> AccessTokenResponse {
        AccessTokenResponse {
            resource: Some(resource),
            ..self
        }
    }
}

impl IntoResponse for AccessTokenResponse {
    fn into_response(self) -> Response {
        (no_store(), Json(self)).into_response()
    }
}
