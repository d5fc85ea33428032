//! The keys of clients and agents that publish them (`jwks_uri`). They are fetched as documents of clients
//! are: with bounds, from public addresses only, and one fetch at a time for each client.

use std::time::{Duration, SystemTime};

use http::StatusCode;
use url::Url;

use super::authority::Authority;
use super::error::{ErrorCode, OAuthError};
use super::fetches::FetchRefused;
use super::key_cache::KeyCache;
use crate::json;
use crate::jwt::{self, Jwk};
use crate::limit::Source;
use crate::media_type::{JSON, essence};
use crate::model::{AGENT_KEYS, ClientId, Refused};

/// The longest set of keys, in bytes, and the most values of JSON in one.
const LONGEST: usize = 32 * 1024;
const MAX_VALUES: usize = 1000;
/// How long keys are used before they are fetched again. A key that its owner removes signs nothing after
/// that.
const FRESH: Duration = Duration::from_mins(5);
/// How long after a fetch an unknown key, or a signature that no key made, has the set fetched again.
const PAUSE: Duration = Duration::from_secs(30);

/// Returns the keys of a client. `again` says that the right one was not among those that were returned
/// before.
///
/// # Errors
/// Where they cannot be fetched.
pub(super) async fn fetched(
    authority: &Authority,
    cache: &KeyCache,
    (client, url, source): (&ClientId, &Url, &Source),
    again: bool,
    now: SystemTime,
) -> Result<Vec<Jwk>, OAuthError> {
    let fresh = if again { PAUSE } else { FRESH };
    if let Some(keys) = cache.get(client, fresh, now) {
        return Ok(keys);
    }
    let flight = authority.fetches.flight(client);
    let _alone = flight.lock().await;
    if let Some(keys) = cache.get(client, fresh, now) {
        return Ok(keys);
    }
    let site = url.host_str().unwrap_or_default();
    let taken = authority.fetches.take(client, site, source, now);
    taken.map_err(|refused| match refused {
        FetchRefused::Failed => unreachable(),
        FetchRefused::Busy(refused) => too_many(refused),
    })?;
    match fetch(authority, url).await {
        Ok(keys) => {
            cache.put(client, &keys, now);
            Ok(keys)
        }
        Err(reason) => {
            authority.fetches.failed(client, now);
            tracing::warn!(%client, reason, "the keys of a client cannot be fetched");
            Err(unreachable())
        }
    }
}

async fn fetch(authority: &Authority, url: &Url) -> Result<Vec<Jwk>, String> {
    let document = authority.fetch.fetch(url, LONGEST).await;
    let document = document.map_err(|error| error.to_string())?;
    let essence = essence(&document.content_type);
    if essence != JSON && !essence.ends_with("+json") {
        return Err("the document is not JSON".to_owned());
    }
    json::check(&document.body, MAX_VALUES).map_err(|error| error.to_string())?;
    let set = serde_json::from_slice(&document.body).map_err(|error| error.to_string())?;
    jwt::keys(&set, AGENT_KEYS).ok_or_else(|| "it is not a JSON Web Key Set".to_owned())
}

fn too_many(refused: Refused) -> OAuthError {
    let message = "too many keys of clients are fetched just now";
    OAuthError::new(ErrorCode::TemporarilyUnavailable, message)
        .with_status(StatusCode::TOO_MANY_REQUESTS)
        .retry_after(refused.retry_after())
}

fn unreachable() -> OAuthError {
    let message = "the keys of the client cannot be fetched just now";
    OAuthError::new(ErrorCode::TemporarilyUnavailable, message).retry_after(PAUSE.as_secs())
}
