//! What travels to the authorization endpoint and from the token endpoint.

use serde::{Deserialize, Serialize};

use super::{ClientId, CodeChallenge, RedirectUri, ResourceIndicator, Scopes};

/// An authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2.1) that was found right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client_id: ClientId,
    /// Where the answer goes.
    pub(crate) redirect_uri: RedirectUri,
    pub(crate) code_challenge: CodeChallenge,
    /// The scopes asked for, of those there are and this resource has.
    pub(crate) scopes: Scopes,
    /// The resource the tokens are for.
    pub(crate) resource: ResourceIndicator,
    /// Given back as it is.
    pub(crate) state: Option<String>,
}

/// A successful answer of the token endpoint (RFC 6749 §5.1).
#[derive(Serialize)]
pub(crate) struct TokenResponse {
    pub(crate) access_token: String,
    pub(crate) token_type: TokenType,
    /// Seconds until the access token ends; absent for one that lasts until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refresh_token: Option<String>,
    pub(crate) scope: String,
}

/// How an access token is used.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) enum TokenType {
    /// RFC 6750.
    Bearer,
}
