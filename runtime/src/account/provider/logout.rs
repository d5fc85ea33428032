//! The provider reports that a person signed out (OpenID Connect Back-Channel Logout 1.0).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use super::Provider;
use super::claims::text_of;
use super::error::ProviderError;
use super::id_token::{Expected, verify};
use crate::account::accounts::Accounts;
use crate::account::browser::Browser;
use crate::form::Pairs;
use crate::jwt::{self, Jwk, Refused, SKEW, number};
use crate::media_type;
use crate::model::LogoutRequest;
use crate::request_body;
use crate::token::Digest;

/// The longest request, in bytes.
const LONGEST: usize = 64 * 1024;
/// The event that a logout token reports (§2.4).
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// The types that a logout token may have. Explicit typing is recommended only (§2.4), and an ID token
/// is refused for want of the event.
const TYPES: [&str; 2] = ["logout+jwt", "JWT"];

/// Why sessions were not ended.
enum LogoutError {
    /// The request or its token is not what it has to be.
    Invalid(&'static str),
    /// It could not be checked or carried out just now.
    Unavailable(String),
}

impl From<ProviderError> for LogoutError {
    fn from(error: ProviderError) -> LogoutError {
        match error {
            ProviderError::Wrong(reason) => LogoutError::Invalid(reason),
            error => LogoutError::Unavailable(error.to_string()),
        }
    }
}

/// The endpoint that the provider sends logout tokens to.
pub(in crate::account) async fn back_channel_logout(
    State(accounts): State<Arc<Accounts>>,
    Extension(browser): Extension<Arc<Browser>>,
    request: Request,
) -> Response {
    let Some(provider) = &accounts.provider else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let ended = end_sessions(&accounts, provider, &browser, request);
    let mut response = match ended.await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(LogoutError::Invalid(reason)) => {
            let request_id = &browser.request_id;
            tracing::warn!(reason, request_id, "a logout token was refused");
            let body = json!({"error": "invalid_request", "error_description": reason});
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        Err(LogoutError::Unavailable(error)) => {
            let request_id = &browser.request_id;
            tracing::error!(error, request_id, "a logout token could not be handled");
            let retry = [(RETRY_AFTER, HeaderValue::from_static("5"))];
            (StatusCode::SERVICE_UNAVAILABLE, retry).into_response()
        }
    };
    // §2.8.
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn end_sessions(
    accounts: &Accounts,
    provider: &Provider,
    browser: &Browser,
    request: Request,
) -> Result<(), LogoutError> {
    let taken = provider.logouts.take(&browser.source, 1, browser.at);
    if taken.is_err() {
        return Err(LogoutError::Unavailable("there are too many".to_owned()));
    }
    let done = end_sessions_by_token(accounts, provider, browser, request).await;
    // Many people can sign out at once: only what is refused counts against the address.
    if !matches!(done, Err(LogoutError::Invalid(_))) {
        provider.logouts.give_back(&browser.source, 1);
    }
    done
}

async fn end_sessions_by_token(
    accounts: &Accounts,
    provider: &Provider,
    browser: &Browser,
    request: Request,
) -> Result<(), LogoutError> {
    let token = read(request).await?;
    let discovery = provider.endpoints.discovery(browser.at).await?;
    let check = |keys: &[Jwk]| check(&token, keys, provider, browser.at);
    let verified = provider
        .endpoints
        .verified(&discovery.jwks_uri, check, browser.at);
    let claims = verified.await?;
    let logout = provider.logout_request(&claims)?;
    let cause = browser.cause();
    let store = &accounts.services.store;
    match store.end_provider_sessions(&logout, &cause).await {
        Ok(Some(sessions)) => {
            tracing::info!(sessions, "the identity provider ended sessions");
            Ok(())
        }
        Ok(None) => Err(LogoutError::Invalid("the logout token was used before")),
        Err(error) => Err(LogoutError::Unavailable(error.to_string())),
    }
}

/// Reads the logout token of a request (§2.5).
async fn read(request: Request) -> Result<String, LogoutError> {
    let (parts, body) = request.into_parts();
    if !media_type::is(&parts.headers, media_type::FORM) {
        let message = "the Content-Type has to be application/x-www-form-urlencoded";
        return Err(LogoutError::Invalid(message));
    }
    let body = request_body::read(body, LONGEST).await;
    let body = body.map_err(|_| LogoutError::Invalid("the request cannot be read"))?;
    let form = std::str::from_utf8(&body).ok();
    let form = form.and_then(|text| Pairs::parse(text).ok());
    let form = form.ok_or(LogoutError::Invalid("the request is no form"))?;
    match form.one("logout_token") {
        Ok(Some(token)) => Ok(token.to_owned()),
        _ => Err(LogoutError::Invalid(
            "the request has not exactly one logout_token",
        )),
    }
}

/// Returns the claims of a logout token (§2.6).
fn check(
    token: &str,
    keys: &[Jwk],
    provider: &Provider,
    now: SystemTime,
) -> Result<Map<String, Value>, Refused> {
    let expected = Expected {
        issuer: &provider.issuer,
        client_id: &provider.client_id,
        nonce: None,
        now,
    };
    let claims = verify(token, keys, &expected, &["exp", "iat", "iss", "aud"])?;
    let is_known = |it: &str| TYPES.iter().any(|known| known.eq_ignore_ascii_case(it));
    if jwt::type_of(token)?.is_some_and(|it| !is_known(&it)) {
        return Err(Refused::Wrong("the token is no logout token (`typ`)"));
    }
    if claims.contains_key("nonce") {
        return Err(Refused::Wrong("a logout token has no `nonce`"));
    }
    let events = claims.get("events").and_then(Value::as_object);
    if !events.is_some_and(|events| events.get(EVENT).is_some_and(Value::is_object)) {
        return Err(Refused::Wrong("the token reports no logout (`events`)"));
    }
    Ok(claims)
}

impl Provider {
    /// Returns what a logout token asks for.
    fn logout_request(&self, claims: &Map<String, Value>) -> Result<LogoutRequest, LogoutError> {
        let id = text_of(claims, "jti");
        let id = id.ok_or(LogoutError::Invalid("the logout token has no `jti`"))?;
        let (subject, session) = (text_of(claims, "sub"), text_of(claims, "sid"));
        if subject.is_none() && session.is_none() {
            let message = "the logout token has neither `sub` nor `sid`";
            return Err(LogoutError::Invalid(message));
        }
        let expires = claims.get("exp").and_then(number).unwrap_or_default();
        let expires = Duration::from_secs(u64::try_from(expires).unwrap_or_default());
        let expires = SystemTime::UNIX_EPOCH.checked_add(expires + SKEW);
        Ok(LogoutRequest {
            token: Digest::of(&format!("logout token\n{}\n{id}", self.issuer)),
            expires: expires.ok_or(LogoutError::Invalid("the token lasts too long (`exp`)"))?,
            issuer: self.issuer.clone(),
            subject: subject.map(ToOwned::to_owned),
            provider_session: session.map(|sid| self.session(sid)),
            ends_grants: self.logout_ends_connections,
        })
    }
}
