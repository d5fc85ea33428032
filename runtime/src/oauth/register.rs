//! The registration endpoint (RFC 7591).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

use super::authority::Authority;
use super::budgets::share;
use super::error::{ErrorCode, OAuthError, no_store};
use crate::json::{self, JsonError};
use crate::limit::Source;
use crate::media_type;
use crate::model::{ClientId, ClientMetadata, Refused, Whose};
use crate::request_body::{self, BodyError};
use crate::token::Digest;

/// The longest registration, in bytes.
const LONGEST: usize = 16 * 1024;
/// When to try again where every client is in use, in seconds.
const FULL: u64 = 60;

/// The most values of JSON in one.
const MAX_VALUES: usize = 1000;

/// RFC 7591 §3.2.1.
#[derive(Serialize)]
struct ClientInformation<'a> {
    client_id: &'a ClientId,
    client_id_issued_at: u64,
    #[serde(flatten)]
    metadata: &'a ClientMetadata,
    scope: String,
}

/// Registers a client. The same metadata is the same client: nothing about a public client is
/// secret, and clients that register anew for each connection do not fill the store.
pub(super) async fn register(
    State(authority): State<Arc<Authority>>,
    request: Request,
) -> Result<Response, OAuthError> {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let shared = &authority.accounts.shared_egress;
    let source = address.map(|it| Source::of(it.0.ip(), shared));
    let source = source.unwrap_or_else(Source::unknown);
    let metadata = read(request).await?;
    let now = authority.services.clock.now();
    let canonical = serde_json::to_string(&metadata).unwrap_or_default();
    let client_id = ClientId::stored(format!("client_{}", Digest::of(&canonical).hex(16)));
    let store = &authority.services.store;
    if !store.is_registered(&client_id).await? {
        let taken = authority
            .budgets
            .registration(&source, canonical.len(), now);
        taken.map_err(refused)?;
    }
    let most = authority.policy.registered_clients;
    let registered = store
        .register(&client_id, &metadata, most, share(&source), now)
        .await?;
    let full = "every client that is registered here is in use, and no more can register";
    let registered = registered.ok_or_else(|| too_many(full, FULL))?;
    let since = registered.duration_since(UNIX_EPOCH).unwrap_or_default();
    let information = ClientInformation {
        client_id: &client_id,
        client_id_issued_at: since.as_secs(),
        metadata: &metadata,
        // The person decides on the level, so that no client can bind itself to less.
        scope: authority.offered_scopes().to_string(),
    };
    Ok((StatusCode::CREATED, no_store(), Json(information)).into_response())
}

fn refused(refused: Refused) -> OAuthError {
    let description = match refused.whose {
        Whose::Browser | Whose::Agent | Whose::Network => {
            "too many clients were registered from this network in a short while"
        }
        Whose::Everybody => "too many clients were registered here in a short while",
    };
    too_many(description, refused.retry_after())
}

fn too_many(description: &str, retry_after: u64) -> OAuthError {
    OAuthError::new(ErrorCode::TemporarilyUnavailable, description)
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .retry_after(retry_after)
}

async fn read(request: Request) -> Result<ClientMetadata, OAuthError> {
    let fail = |message| Err(OAuthError::new(ErrorCode::InvalidClientMetadata, message));
    if !media_type::is(request.headers(), media_type::JSON) {
        return fail("the Content-Type has to be application/json");
    }
    let body = match request_body::read(request.into_body(), LONGEST).await {
        Ok(body) => body,
        Err(BodyError::TooLong(_)) => return fail("the registration is longer than 16384 bytes"),
        Err(error) => {
            let message = error.message();
            let error = OAuthError::invalid_request(&message).with_status(error.status());
            return Err(error);
        }
    };
    if let Err(error @ (JsonError::TooManyValues(_) | JsonError::TooDeep)) =
        json::check(&body, MAX_VALUES)
    {
        return Err(OAuthError::new(
            ErrorCode::InvalidClientMetadata,
            &format!("the registration cannot be read: {error}"),
        ));
    }
    if serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(&body)
        .is_ok_and(|members| members.contains_key("client_id"))
    {
        return fail("client_id is given by this server, not by the client");
    }
    Ok(ClientMetadata::read(&body)?)
}
