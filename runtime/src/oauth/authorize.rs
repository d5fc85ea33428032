//! The authorization endpoint (RFC 6749 §3.1): a request is found right, and becomes a transaction
//! of the browser that brought it.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::header::ALLOW;
use http::{HeaderValue, Method, StatusCode};

use super::authority::Authority;
use super::budgets::share;
use super::client::Client;
use super::error::ErrorCode;
use super::publisher::ClientIdentity;
use super::resource::Resource;
use super::response::AuthorizationResponse;
use super::transaction::{TRANSACTION, transaction_cookie};
use crate::account::{Answer, Browser, PageError};
use crate::form::{Pairs, Repeated};
use crate::model::{
    AuthorizationRequest, ClientId, ClientMetadata, CodeChallenge, RedirectUri, Scope, Scopes,
    Seen, Transaction,
};
use crate::operation::Access;
use crate::page::{Busy, RequestProblem};
use crate::token::{self, Digest};

/// The longest query, in bytes.
const LONGEST_QUERY: usize = 16 * 1024;
/// The longest `state`, in bytes.
const LONGEST_STATE: usize = 4 * 1024;
/// The longest `nonce`, in bytes.
const LONGEST_NONCE: usize = 512;

pub(super) async fn authorize(
    State(authority): State<Arc<Authority>>,
    Extension(browser): Extension<Arc<Browser>>,
    request: Request,
) -> Answer {
    if request.method() != Method::GET {
        let allow = [(ALLOW, HeaderValue::from_static("GET"))];
        return Ok((StatusCode::METHOD_NOT_ALLOWED, allow).into_response());
    }
    let query = request.uri().query().unwrap_or_default();
    if query.len() > LONGEST_QUERY {
        return Ok(StatusCode::URI_TOO_LONG.into_response());
    }
    let query_length = query.len();
    let query =
        Pairs::parse(query).map_err(|_| PageError::BadRequest(RequestProblem::Malformed))?;
    let (client_id, client, redirect_uri) = destination(&authority, &browser, &query).await?;
    let state = query
        .one("state")
        .ok()
        .flatten()
        .filter(|it| it.len() <= LONGEST_STATE);
    let back = AuthorizationResponse {
        authority: &authority,
        client_id: &client_id,
        client: ClientIdentity::new(client.client_name.as_deref(), redirect_uri.as_str()),
        redirect_uri: &redirect_uri,
        state,
    };
    let validated = validate(&authority, &query, &redirect_uri, &client_id);
    let validated = validated.and_then(|it| Ok((it, Prompt::of(&query)?)));
    let (mut request, prompt) = match validated {
        Ok(validated) => validated,
        Err((code, description)) => return back.refuse(code, description),
    };
    request.require_sign_in_since(prompt.signed_in_since(browser.at));
    let session = authority.accounts.session(&browser).await?;
    if prompt.none {
        // Nothing is ever granted without asking.
        return match session.filter(|session| request.accepts(session)) {
            None => back.refuse(ErrorCode::LoginRequired, "no person is signed in"),
            Some(_) => back.refuse(ErrorCode::ConsentRequired, "the person has to approve"),
        };
    }
    let mut cause = browser.cause().through(&request.client_id);
    let person = match session {
        Some(session) => {
            cause = cause.by(&session.person.id);
            Some(session.person.id)
        }
        None => authority.accounts.last_person(&browser).await?,
    };
    let taken = authority
        .budgets
        .authorization(&browser, person, query_length);
    taken.map_err(|refused| PageError::Throttled(Busy::Authorizations, refused))?;
    let random = &*authority.services.random;
    let (handle, secret) = (token::random_text(random), token::random_text(random));
    let transaction = Transaction {
        client_name: client.client_name.clone(),
        // What clients say of their grant types is often not what they use: a request for
        // `offline_access` says it, too.
        refreshes: client.refreshes() || request.scopes.contains(Scope::OfflineAccess),
        workspace: None,
        seen: Seen::No,
        request,
    };
    let (handle_digest, secret_digest) = (Digest::of(&handle), Digest::of(&secret));
    let expires = browser.at + TRANSACTION;
    authority
        .services
        .store
        .begin(
            handle_digest,
            secret_digest,
            &transaction,
            expires,
            share(&browser.source),
            &cause,
        )
        .await?;
    let mut response = authority
        .accounts
        .send_to(&format!("/oauth/consent/{handle}"))?;
    browser.set_cookie(
        &mut response,
        &transaction_cookie(&handle),
        &secret,
        Some(TRANSACTION),
    );
    Ok(response)
}

/// Finds out who asks and where the answer goes. As long as that is not certain, nothing is sent
/// anywhere (RFC 6749 §4.1.2.1).
async fn destination(
    authority: &Authority,
    browser: &Browser,
    query: &Pairs,
) -> Result<(ClientId, ClientMetadata, RedirectUri), PageError> {
    let bad = PageError::BadRequest;
    let client_id = query
        .one("client_id")
        .map_err(|_| bad(RequestProblem::TwoClients))?
        .ok_or_else(|| bad(RequestProblem::NoClient))?;
    let redirect_uri = query
        .one("redirect_uri")
        .map_err(|_| bad(RequestProblem::TwoRedirectUris))?;
    let unknown = || bad(RequestProblem::UnknownClient);
    let client_id = ClientId::parse(client_id).ok_or_else(unknown)?;
    let client = match authority.client(&client_id, browser).await? {
        Client::Known(client) => client,
        Client::Unknown => return Err(unknown()),
        Client::Unreachable(host) => return Err(PageError::ClientUnreachable(host)),
        Client::FetchRefused(refused) => {
            return Err(PageError::Throttled(Busy::Documents, refused));
        }
    };
    let redirect_uri = client
        .redirect_uri(redirect_uri)
        .ok_or_else(|| bad(RequestProblem::WrongRedirectUri))?;
    Ok((client_id, client, redirect_uri))
}

type Refusal = (ErrorCode, &'static str);

fn validate(
    authority: &Authority,
    query: &Pairs,
    redirect_uri: &RedirectUri,
    client_id: &ClientId,
) -> Result<AuthorizationRequest, Refusal> {
    let twice = |_: Repeated| {
        (
            ErrorCode::InvalidRequest,
            "a parameter is given more than once",
        )
    };
    let one = |name| query.one(name).map_err(twice);
    if one("request")?.is_some() {
        return Err((
            ErrorCode::RequestNotSupported,
            "request objects are not supported",
        ));
    }
    if one("request_uri")?.is_some() {
        return Err((
            ErrorCode::RequestUriNotSupported,
            "request_uri is not supported",
        ));
    }
    match one("response_type")? {
        Some("code") => {}
        Some(_) => return Err((ErrorCode::UnsupportedResponseType, "use response_type code")),
        None => return Err((ErrorCode::InvalidRequest, "response_type is missing")),
    }
    if one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err((
            ErrorCode::InvalidRequest,
            "only response_mode query is supported",
        ));
    }
    if one("code_challenge_method")? != Some("S256") {
        return Err((
            ErrorCode::InvalidRequest,
            "code_challenge_method has to be S256",
        ));
    }
    let challenge = one("code_challenge")?.and_then(CodeChallenge::parse);
    let Some(code_challenge) = challenge else {
        let message = "code_challenge has to be the base64url of a SHA-256, 43 characters";
        return Err((ErrorCode::InvalidRequest, message));
    };
    let state = one("state")?;
    if state.is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err((ErrorCode::InvalidRequest, "state is longer than 4096 bytes"));
    }
    let nonce = one("nonce")?;
    if nonce.is_some_and(|nonce| nonce.len() > LONGEST_NONCE) {
        return Err((ErrorCode::InvalidRequest, "nonce is longer than 512 bytes"));
    }
    let resource = resource(authority, query)?;
    let scopes = scopes(authority, one("scope")?, &resource)?;
    Ok(AuthorizationRequest {
        nonce: nonce
            .filter(|_| scopes.contains(Scope::OpenId))
            .map(ToOwned::to_owned),
        scopes,
        client_id: client_id.clone(),
        redirect_uri: redirect_uri.clone(),
        code_challenge,
        resource: resource.indicator,
        state: state.map(ToOwned::to_owned),
        signed_in_since: None,
    })
}

/// How a request wants the person to be asked (OpenID Connect Core §3.1.2.1). What it wants beside
/// this is always done: the person approves, and can choose another account.
#[derive(Clone, Copy, Debug)]
struct Prompt {
    /// The person is not asked at all.
    none: bool,
    /// The person signs in, whether they are signed in or not.
    login: bool,
    /// How many seconds ago the person may have signed in at most.
    max_age: Option<u64>,
}

impl Prompt {
    fn of(query: &Pairs) -> Result<Prompt, Refusal> {
        let prompts = query.all("prompt").flat_map(|prompt| prompt.split(' '));
        let prompts: Vec<&str> = prompts.filter(|it| !it.is_empty()).collect();
        let has = |prompt: &str| prompts.contains(&prompt);
        if has("none") && prompts.iter().any(|it| *it != "none") {
            let message = "prompt=none goes with no other prompt";
            return Err((ErrorCode::InvalidRequest, message));
        }
        let invalid = |_| {
            let message = "max_age has to be one number of seconds";
            (ErrorCode::InvalidRequest, message)
        };
        let max_age = query.one("max_age").map_err(|_| invalid(()))?;
        let max_age = max_age.map(|it| it.parse().map_err(|_| invalid(())));
        Ok(Prompt {
            none: has("none"),
            login: has("login"),
            max_age: max_age.transpose()?,
        })
    }

    /// Returns when the person has to have signed in at the earliest, where a request came at `now`.
    fn signed_in_since(self, now: SystemTime) -> Option<SystemTime> {
        let age = match self.login {
            true => Some(0),
            false => self.max_age,
        };
        let since = age.map(|age| now.checked_sub(Duration::from_secs(age)));
        since.map(|it| it.unwrap_or(SystemTime::UNIX_EPOCH))
    }
}

/// The resource that the tokens are for. A request may name several (RFC 8707 §2). They are a set:
/// naming the same one again changes nothing, in whichever spelling, and a second one is refused.
fn resource(authority: &Authority, query: &Pairs) -> Result<Resource, Refusal> {
    let mut asked = query.all("resource").filter(|it| !it.is_empty());
    let resource = match asked.next() {
        None => Some(authority.resources.main.clone()),
        Some(first) => authority.resources.find(first),
    };
    let unknown = (
        ErrorCode::InvalidTarget,
        "the resource is not one of this server",
    );
    let resource = resource.ok_or(unknown)?;
    let is_same = |other: &str| {
        let other = authority.resources.find(other);
        other.is_some_and(|other| other.indicator == resource.indicator)
    };
    match asked.all(is_same) {
        true => Ok(resource),
        false => Err((ErrorCode::InvalidTarget, "a grant is for one resource")),
    }
}

/// The scopes asked for, of those there are: what cannot be granted is left out, unless nothing
/// would be left.
fn scopes(
    authority: &Authority,
    asked: Option<&str>,
    resource: &Resource,
) -> Result<Scopes, Refusal> {
    let Some(asked) = asked else {
        return Ok(Scopes::of(Access::Read));
    };
    let malformed = |_| {
        (
            ErrorCode::InvalidScope,
            "scope has characters no scope can have",
        )
    };
    let mut scopes = Scopes::parse(asked).map_err(malformed)?;
    // `profile` and `email` are about what `openid` asks for.
    if authority.openid.is_none() || !scopes.contains(Scope::OpenId) {
        scopes = scopes.without_openid();
    }
    if scopes.is_empty() {
        return Err((
            ErrorCode::InvalidScope,
            "use mcp:read, mcp:write and offline_access",
        ));
    }
    scopes.extend(Scopes::of(Access::Read));
    scopes.limit(authority.highest(resource));
    Ok(scopes)
}
