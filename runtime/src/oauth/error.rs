//! Errors in the words of the RFCs.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::form::{Malformed, Repeated};
use crate::model::MetadataError;
use crate::store::StoreError;

/// The `error` of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ErrorCode {
    // RFC 6749 §4.1.2.1 and §5.2
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    AccessDenied,
    TemporarilyUnavailable,
    // RFC 7009 §2.2.1
    UnsupportedTokenType,
    // RFC 8707 §2
    InvalidTarget,
    // OpenID Connect Core §3.1.2.6
    LoginRequired,
    ConsentRequired,
    RequestNotSupported,
    RequestUriNotSupported,
    // RFC 7591 §3.2.2
    InvalidRedirectUri,
    InvalidClientMetadata,
    InvalidSoftwareStatement,
}

impl ErrorCode {
    /// As it goes on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            ErrorCode::InvalidRequest => "invalid_request",
            ErrorCode::InvalidClient => "invalid_client",
            ErrorCode::InvalidGrant => "invalid_grant",
            ErrorCode::UnauthorizedClient => "unauthorized_client",
            ErrorCode::UnsupportedGrantType => "unsupported_grant_type",
            ErrorCode::UnsupportedResponseType => "unsupported_response_type",
            ErrorCode::InvalidScope => "invalid_scope",
            ErrorCode::AccessDenied => "access_denied",
            ErrorCode::TemporarilyUnavailable => "temporarily_unavailable",
            ErrorCode::UnsupportedTokenType => "unsupported_token_type",
            ErrorCode::InvalidTarget => "invalid_target",
            ErrorCode::LoginRequired => "login_required",
            ErrorCode::ConsentRequired => "consent_required",
            ErrorCode::RequestNotSupported => "request_not_supported",
            ErrorCode::RequestUriNotSupported => "request_uri_not_supported",
            ErrorCode::InvalidRedirectUri => "invalid_redirect_uri",
            ErrorCode::InvalidClientMetadata => "invalid_client_metadata",
            ErrorCode::InvalidSoftwareStatement => "invalid_software_statement",
        }
    }
}

/// An error answer of an endpoint that programs call.
#[derive(Clone, Debug)]
pub(crate) struct OAuthError {
    pub(crate) code: ErrorCode,
    /// A sentence for developers: ASCII without quotes and backslashes (RFC 6749 §5.2).
    pub(crate) description: String,
    status: StatusCode,
    retry_after: Option<u64>,
    challenge_basic: bool,
}

impl OAuthError {
    /// An error with the status that the RFCs give it.
    pub(crate) fn new(code: ErrorCode, description: &str) -> OAuthError {
        let status = match code {
            ErrorCode::InvalidClient => StatusCode::UNAUTHORIZED,
            ErrorCode::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        let plain = |it: char| match it {
            '"' | '\\' => '\'',
            ' '..='~' => it,
            _ => '?',
        };
        OAuthError {
            code,
            description: description.chars().take(300).map(plain).collect(),
            status,
            retry_after: None,
            challenge_basic: false,
        }
    }

    /// `invalid_request`.
    pub(crate) fn invalid_request(description: &str) -> OAuthError {
        OAuthError::new(ErrorCode::InvalidRequest, description)
    }

    /// `invalid_grant`.
    pub(crate) fn invalid_grant(description: &str) -> OAuthError {
        OAuthError::new(ErrorCode::InvalidGrant, description)
    }

    /// Answers with another status than the RFCs' own.
    #[must_use]
    pub(crate) fn with_status(mut self, status: StatusCode) -> OAuthError {
        self.status = status;
        self
    }

    /// Says when to try again.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u64) -> OAuthError {
        self.retry_after = Some(seconds);
        self
    }

    /// Names the scheme that was tried (RFC 6749 §5.2).
    #[must_use]
    pub(crate) fn challenge_basic(mut self) -> OAuthError {
        self.challenge_basic = true;
        self
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> OAuthError {
        tracing::error!(%error, "the store failed");
        let code = ErrorCode::TemporarilyUnavailable;
        OAuthError::new(code, "the server cannot answer just now").retry_after(5)
    }
}

impl From<Malformed> for OAuthError {
    fn from(_: Malformed) -> OAuthError {
        OAuthError::invalid_request("the parameters are not urlencoded UTF-8")
    }
}

impl From<Repeated> for OAuthError {
    fn from(_: Repeated) -> OAuthError {
        OAuthError::invalid_request("a parameter is given more than once")
    }
}

impl From<MetadataError> for OAuthError {
    fn from(error: MetadataError) -> OAuthError {
        let code = match error {
            MetadataError::RedirectUri { .. } | MetadataError::RedirectUris(_) => {
                ErrorCode::InvalidRedirectUri
            }
            MetadataError::Metadata(_) => ErrorCode::InvalidClientMetadata,
            MetadataError::SoftwareStatement => ErrorCode::InvalidSoftwareStatement,
        };
        OAuthError::new(code, &error.to_string())
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = serde_json::json!({
            "error": self.code,
            "error_description": self.description,
        });
        let mut response = (self.status, no_store(), Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.challenge_basic {
            let challenge = HeaderValue::from_static("Basic realm=\"token endpoint\"");
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// Answers with secrets, and answers to them, are not cached (RFC 6749 §5.1).
pub(crate) fn no_store() -> [(http::HeaderName, HeaderValue); 2] {
    [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (PRAGMA, HeaderValue::from_static("no-cache")),
    ]
}
