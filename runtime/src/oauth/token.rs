//! The token endpoint (RFC 6749 §3.2): codes and refresh tokens become tokens.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Serialize;

use super::agents::challenge;
use super::agents::proof::AgentGrant;
use super::agents::sign_in;
use super::authority::Authority;
use super::enterprise::{self, client, exchange};
use super::error::{ErrorCode, OAuthError, no_store};
use super::key::{self, TokenPair};
use super::openid::Issue;
use crate::account::Occasion;
use crate::form::Pairs;
use crate::media_type;
use crate::model::{
    Cause, ClientId, CodeVerifier, GrantId, NewRefreshToken, NewTokens, Redemption,
    ResourceIndicator, Rotation, SALT, Scope, Scopes, Successor,
};
use crate::request_body::{self, BodyError};
use crate::request_id::RequestId;
use crate::secret::Secret;
use crate::token::Digest;

/// The longest request, in bytes.
const LONGEST: usize = 16 * 1024;

/// A successful answer of the token endpoint (RFC 6749 §5.1).
#[derive(Serialize)]
struct TokenResponse {
    access_token: String,
    token_type: TokenType,
    /// Seconds until the access token ends; absent for one that lasts until it is revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
    /// OpenID Connect Core §3.1.3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
}

/// How an access token is used.
#[derive(Clone, Copy, Debug, Serialize)]
enum TokenType {
    /// RFC 6750.
    Bearer,
}

pub(super) async fn token(
    State(authority): State<Arc<Authority>>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
) -> Result<Response, OAuthError> {
    let now = authority.services.clock.now();
    let cause = Cause::new(now, request_id.as_str());
    let source = challenge::source(&authority, &request);
    let (parts, form) = read_form(request).await?;
    let grant_type = form.one("grant_type")?;
    if let (Some(enterprise::GRANT_TYPE), Some(enterprise)) = (grant_type, &authority.enterprise) {
        let request = (&parts, &form);
        return exchange::token(&authority, enterprise, request, &source, &cause).await;
    }
    if let Some(grant) = grant_type.and_then(AgentGrant::parse)
        && authority.agents.is_some()
    {
        if parts.headers.contains_key(AUTHORIZATION) {
            let message = "agents name themselves in the body";
            return Err(OAuthError::invalid_request(message));
        }
        return sign_in::token(&authority, grant, &form, &source, &cause).await;
    }
    let client_id = public_client(&parts, &form)?;
    if !authority.is_client(&client_id).await? {
        let code = ErrorCode::InvalidClient;
        return Err(OAuthError::new(
            code,
            "there is no such client; register again",
        ));
    }
    let cause = cause.through(&client_id);
    let answer = match grant_type {
        Some("authorization_code") => redeem(&authority, &client_id, &form, &cause).await?,
        Some("refresh_token") => refresh(&authority, &client_id, &form, &cause).await?,
        Some(_) => {
            let message = "use authorization_code or refresh_token";
            return Err(OAuthError::new(ErrorCode::UnsupportedGrantType, message));
        }
        None => return Err(OAuthError::invalid_request("grant_type is missing")),
    };
    Ok((no_store(), Json(answer)).into_response())
}

/// Reads a form that a client sends to an endpoint of its own. A client that authenticates otherwise does
/// so here, too.
pub(super) async fn read(
    authority: &Authority,
    request: Request,
    cause: &Cause,
) -> Result<(ClientId, Pairs), OAuthError> {
    let source = challenge::source(authority, &request);
    let (parts, form) = read_form(request).await?;
    let client_id = match &authority.enterprise {
        Some(enterprise) if is_authenticated(&parts, &form)? => {
            let request = (&parts, &form);
            let client = client::authenticate(authority, enterprise, request, &source, cause);
            client.await?.id.clone()
        }
        _ => public_client(&parts, &form)?,
    };
    Ok((client_id, form))
}

/// Reports whether a request has a secret or an assertion of its client.
fn is_authenticated(parts: &Parts, form: &Pairs) -> Result<bool, OAuthError> {
    Ok(parts.headers.contains_key(AUTHORIZATION)
        || form.one("client_secret")?.is_some()
        || form.one("client_assertion")?.is_some())
}

/// Reads a form.
async fn read_form(request: Request) -> Result<(Parts, Pairs), OAuthError> {
    let (parts, body) = request.into_parts();
    if !media_type::is(&parts.headers, media_type::FORM) {
        let message = "the Content-Type has to be application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(message));
    }
    let body = request_body::read(body, LONGEST).await.map_err(|error| {
        let status = match error {
            // RFC 6749 §5.2 has one status for a request that is wrong.
            BodyError::TooLong(_) => StatusCode::BAD_REQUEST,
            other => other.status(),
        };
        OAuthError::invalid_request(&error.message()).with_status(status)
    })?;
    let text = std::str::from_utf8(&body);
    let form = Pairs::parse(text.map_err(|_| crate::form::Malformed)?)?;
    Ok((parts, form))
}

/// Returns the public client that a form names.
fn public_client(parts: &Parts, form: &Pairs) -> Result<ClientId, OAuthError> {
    let client_id = form.one("client_id")?;
    let secret = form.one("client_secret")?.is_some() || form.one("client_assertion")?.is_some();
    if parts.headers.contains_key(AUTHORIZATION) {
        if client_id.is_some() || secret {
            let message = "the client names itself in two ways; clients here are public";
            return Err(OAuthError::invalid_request(message));
        }
        let message = "clients here are public: send client_id in the body, and no secret";
        return Err(OAuthError::new(ErrorCode::InvalidClient, message).challenge_basic());
    }
    if secret {
        let message = "clients here are public and have no secret";
        return Err(OAuthError::new(ErrorCode::InvalidClient, message));
    }
    let client_id = client_id.and_then(ClientId::parse);
    client_id.ok_or_else(|| OAuthError::invalid_request("client_id is missing"))
}

async fn redeem(
    authority: &Authority,
    client_id: &ClientId,
    form: &Pairs,
    cause: &Cause,
) -> Result<TokenResponse, OAuthError> {
    let invalid = || OAuthError::invalid_grant("the code is not valid; authorize again");
    let code = form
        .one("code")?
        .ok_or_else(|| OAuthError::invalid_request("code is missing"))?;
    let store = &authority.services.store;
    let digest = Digest::of(code);
    // All that is wrong with a request is found before the code is used up: another client's mistake
    // costs the client its code.
    let issued = store.code(digest).await?.ok_or_else(invalid)?;
    if issued.client_id != *client_id {
        tracing::warn!(grant = %issued.grant, "a code was sent by another client");
        store.token_refused(&issued.grant, cause).await?;
        return Err(invalid());
    }
    if form
        .one("redirect_uri")?
        .is_some_and(|uri| uri != issued.redirect_uri.as_str())
    {
        let message = "redirect_uri is not the one of the authorization request";
        return Err(OAuthError::invalid_grant(message));
    }
    let verifier = form.one("code_verifier")?.and_then(CodeVerifier::parse);
    if !verifier.is_some_and(|verifier| issued.code_challenge.admits(&verifier)) {
        return Err(OAuthError::invalid_grant(
            "code_verifier does not match the challenge",
        ));
    }
    check_resource(authority, form, &issued.resource)?;
    let pair = authority.keys.draw(&*authority.services.random);
    let tokens = authority.tokens(&pair, issued.refreshes, cause.at);
    match store.redeem(digest, &tokens, cause).await? {
        Redemption::Redeemed => {
            let answer = answer(&pair, &tokens, &issued.scopes, cause.at);
            let answered = Answered {
                client_id,
                grant: &issued.grant,
                scopes: &issued.scopes,
                nonce: issued.nonce.as_deref(),
                pair: &pair,
            };
            answer.with_id_token(authority, answered, cause.at).await
        }
        Redemption::Replayed => {
            tracing::warn!(grant = %issued.grant, "a code came a second time; its key is revoked");
            Err(invalid())
        }
        Redemption::Expired => Err(invalid()),
    }
}

async fn refresh(
    authority: &Authority,
    client_id: &ClientId,
    form: &Pairs,
    cause: &Cause,
) -> Result<TokenResponse, OAuthError> {
    let invalid = || OAuthError::invalid_grant("the refresh token is not valid; authorize again");
    let token = form.one("refresh_token")?;
    let token = token.ok_or_else(|| OAuthError::invalid_request("refresh_token is missing"))?;
    if !key::is_well_formed(token) {
        return Err(invalid());
    }
    let store = &authority.services.store;
    let digest = Digest::of(token);
    let issued = store.refresh_token(digest).await?.ok_or_else(invalid)?;
    if issued.client_id != *client_id {
        tracing::warn!(grant = %issued.grant, "a refresh token was sent by another client");
        store.token_refused(&issued.grant, cause).await?;
        return Err(invalid());
    }
    let access_scopes = narrowed(form, &issued.scopes)?;
    check_resource(authority, form, &issued.resource)?;
    if issued.suspended {
        let message = "the workspace of this connection is suspended";
        return Err(OAuthError::invalid_grant(message));
    }
    // Where the person has left, their grants end, and so does the rotation.
    let accounts = &authority.accounts;
    let checked = accounts.recheck(&issued.person, Occasion::Refresh, cause);
    checked.await?;
    let token = Secret::new(token);
    let mut salt = [0; SALT];
    authority.services.random.fill(&mut salt);
    let pair = authority.keys.derive(&token, &salt);
    let tokens = authority.tokens(&pair, true, cause.at);
    let successor = Successor {
        salt,
        tokens,
        access_scopes,
        overlap: authority.policy.refresh_overlap,
    };
    let answered = |pair, scopes| Answered {
        client_id,
        grant: &issued.grant,
        scopes,
        // It was for the first ID token (OpenID Connect Core §12.2).
        nonce: None,
        pair,
    };
    match store.rotate(digest, &successor, cause).await? {
        Rotation::Rotated => {
            let scopes = successor.access_scopes.as_ref();
            let scopes = scopes.unwrap_or(&issued.scopes);
            let answered = answered(&pair, scopes);
            let answer = answer(&pair, &tokens, scopes, cause.at);
            answer.with_id_token(authority, answered, cause.at).await
        }
        Rotation::Repeated {
            salt,
            access_expires,
            access_scopes,
        } => {
            let pair = authority.keys.derive(&token, &salt);
            let tokens = NewTokens {
                access_expires,
                ..tokens
            };
            let scopes = access_scopes.as_ref().unwrap_or(&issued.scopes);
            let answered = answered(&pair, scopes);
            let answer = answer(&pair, &tokens, scopes, cause.at);
            answer.with_id_token(authority, answered, cause.at).await
        }
        Rotation::Reused => {
            let grant = &issued.grant;
            tracing::warn!(%grant, "a refresh token came a second time; its key is revoked");
            Err(invalid())
        }
        Rotation::Expired => Err(invalid()),
    }
}

/// What a refresh asks the access token to be narrowed to, where that is less than was `granted`
/// (RFC 6749 §6). A scope of OpenID Connect that the person switched off, or that is not offered, is
/// left out: clients repeat the list that they began with. Reading is in all of them: without it no tool could be called.
fn narrowed(form: &Pairs, granted: &Scopes) -> Result<Option<Scopes>, OAuthError> {
    let Some(scope) = form.one("scope")? else {
        return Ok(None);
    };
    let asked = Scopes::parse(scope).ok();
    let asked = asked.map(|asked| {
        let is_known = |it: &Scope| !Scope::OPENID.contains(it) || granted.contains(*it);
        asked.iter().filter(is_known).collect::<Scopes>()
    });
    let asked = asked.filter(|asked| !asked.is_empty());
    let asked = asked.filter(|asked| asked.is_subset(granted));
    let Some(mut asked) = asked else {
        let message = "a refresh cannot ask for more than was granted";
        return Err(OAuthError::new(ErrorCode::InvalidScope, message));
    };
    asked.insert(Scope::Read);
    Ok((asked != *granted).then_some(asked))
}

/// A request may name the resource of the grant, once or more often, in any spelling, and no other
/// (RFC 8707 §2.2).
fn check_resource(
    authority: &Authority,
    form: &Pairs,
    granted: &ResourceIndicator,
) -> Result<(), OAuthError> {
    let named = form.all("resource");
    match authority.resources.all_mean(named, granted) {
        true => Ok(()),
        false => {
            let message = "the grant is for another resource";
            Err(OAuthError::new(ErrorCode::InvalidTarget, message))
        }
    }
}

impl Authority {
    /// The tokens of one issue, as they are kept.
    fn tokens(&self, pair: &TokenPair, refreshes: bool, now: SystemTime) -> NewTokens {
        let policy = &self.policy;
        let refresh = (refreshes && policy.access_lifetime.is_some()).then(|| NewRefreshToken {
            digest: Digest::of(pair.refresh.expose()),
            expires: now + policy.refresh_lifetime,
        });
        NewTokens {
            access: Digest::of(pair.access.expose()),
            access_expires: policy.access_lifetime.map(|lasts| now + lasts),
            refresh,
        }
    }
}

fn answer(pair: &TokenPair, tokens: &NewTokens, scopes: &Scopes, now: SystemTime) -> TokenResponse {
    let lasts = |end: SystemTime| end.duration_since(now).unwrap_or_default().as_secs();
    TokenResponse {
        access_token: pair.access.expose().to_owned(),
        token_type: TokenType::Bearer,
        expires_in: tokens.access_expires.map(lasts),
        refresh_token: tokens.refresh.map(|_| pair.refresh.expose().to_owned()),
        scope: scopes.to_string(),
        id_token: None,
    }
}

/// What an answer is about.
struct Answered<'a> {
    client_id: &'a ClientId,
    grant: &'a GrantId,
    scopes: &'a Scopes,
    nonce: Option<&'a str>,
    pair: &'a TokenPair,
}

impl TokenResponse {
    /// Adds an ID token, where the client was allowed to learn who signed in.
    async fn with_id_token(
        self,
        authority: &Authority,
        answered: Answered<'_>,
        now: SystemTime,
    ) -> Result<TokenResponse, OAuthError> {
        let openid = authority.openid.as_ref();
        let Some(openid) = openid.filter(|_| answered.scopes.contains(Scope::OpenId)) else {
            return Ok(self);
        };
        let subject = authority.services.store.subject(answered.grant).await?;
        let id_token = subject.and_then(|subject| {
            openid.id_token(Issue {
                issuer: &authority.issuer,
                client: answered.client_id,
                subject: &subject,
                scopes: answered.scopes,
                nonce: answered.nonce,
                access_token: &answered.pair.access,
                now,
            })
        });
        Ok(TokenResponse { id_token, ..self })
    }
}
