//! Clients that are described by a document at their `client_id`
//! (draft-ietf-oauth-client-id-metadata-document).

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use url::{Host, Url};

use super::authority::Authority;
use super::budgets::share;
use super::client::Client;
use super::fetches::FetchRefused;
use super::publisher::ClientIdentity;
use crate::account::Browser;
use crate::http::Document;
use crate::http::is_loopback;
use crate::json;
use crate::media_type::{JSON, essence};
use crate::model::{CachedMetadata, ClientId, ClientMetadata};
use crate::store::StoreError;

/// The longest document (the draft's own advice).
const LONGEST: usize = 5 * 1024;
/// The most values of JSON in one.
const MAX_VALUES: usize = 1000;
/// How long a document is kept that does not say.
const FRESH: Duration = Duration::from_hours(1);
/// The longest a document is kept, whatever it says.
const LONGEST_FRESH: Duration = Duration::from_hours(24);
/// How long an old document serves while a new one cannot be had.
const STALE: Duration = Duration::from_hours(24);
/// The same while too many others are asked for: requests for others do not keep a known client out.
const STALE_WHILE_BUSY: Duration = Duration::from_hours(7 * 24);

impl Authority {
    /// Finds out who a client is whose id is a URL.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn documented_client(
        &self,
        client_id: &ClientId,
        browser: &Browser,
    ) -> Result<Client, StoreError> {
        let now = browser.at;
        let Some(url) = document_url(client_id.as_str()) else {
            return Ok(Client::Unknown);
        };
        if !self.policy.client_metadata_documents {
            return Ok(Client::Unknown);
        }
        let store = &self.services.store;
        if let Some(known) = store.cached_metadata(client_id).await?
            && now < known.fresh_until
        {
            return Ok(Client::Known(known.metadata));
        }
        let flight = self.fetches.flight(client_id);
        let _alone = flight.lock().await;
        let known = store.cached_metadata(client_id).await?;
        // A request that waited takes the answer of the one before.
        if let Some(known) = &known
            && (now < known.fresh_until || now <= known.fetched)
        {
            return Ok(Client::Known(known.metadata.clone()));
        }
        let host = url.host_str().unwrap_or_default();
        let site = site(&url).unwrap_or(host);
        let (stale, otherwise) = match self.fetches.take(client_id, site, &browser.source, now) {
            Ok(()) => match self.fetch_document(&url, client_id, now).await {
                Ok(document) => {
                    let most = self.policy.registered_clients;
                    let share = share(&browser.source);
                    store
                        .cache_metadata(client_id, &document, most, share)
                        .await?;
                    return Ok(Client::Known(document.metadata));
                }
                Err(reason) => {
                    self.fetches.failed(client_id, now);
                    tracing::warn!(
                        host,
                        reason,
                        "the metadata document of a client cannot be had"
                    );
                    (STALE, Client::Unreachable(host.to_owned()))
                }
            },
            // Strangers decide how often this happens, so it is not logged.
            Err(FetchRefused::Failed) => (STALE, Client::Unreachable(host.to_owned())),
            Err(FetchRefused::Busy(refused)) => (STALE_WHILE_BUSY, Client::FetchRefused(refused)),
        };
        match known {
            Some(known) if now < known.fresh_until + stale => Ok(Client::Known(known.metadata)),
            _ => Ok(otherwise),
        }
    }

    async fn fetch_document(
        &self,
        url: &Url,
        client_id: &ClientId,
        now: SystemTime,
    ) -> Result<CachedMetadata, String> {
        let document = self.fetch.fetch(url, LONGEST).await;
        let document = document.map_err(|error| error.to_string())?;
        let metadata = read(&document, client_id, url)?;
        Ok(CachedMetadata {
            metadata,
            fetched: now,
            fresh_until: now + freshness(&document.cache_control),
        })
    }
}

/// The URL of a document, if a `client_id` is one: https, a path, and nothing that could be spelt
/// in another way.
fn document_url(client_id: &str) -> Option<Url> {
    let url = Url::parse(client_id).ok()?;
    let own_name = matches!(url.host(), Some(Host::Domain(_)));
    let plain = url.scheme() == "https"
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
        && url.port().is_none()
        && url.path() != "/"
        && own_name;
    // The same text, so that no other spelling is another client.
    (plain && url.as_str() == client_id).then_some(url)
}

fn read(document: &Document, client_id: &ClientId, url: &Url) -> Result<ClientMetadata, String> {
    #[derive(Deserialize)]
    struct Identity {
        client_id: String,
        client_secret: Option<serde::de::IgnoredAny>,
        client_name: Option<String>,
        token_endpoint_auth_method: Option<String>,
    }
    let essence = essence(&document.content_type);
    let is_json = essence == JSON || essence.ends_with("+json");
    if !is_json {
        return Err("the document is not JSON".to_owned());
    }
    json::check(&document.body, MAX_VALUES).map_err(|error| error.to_string())?;
    let identity: Identity =
        serde_json::from_slice(&document.body).map_err(|error| error.to_string())?;
    if identity.client_id != client_id.as_str() {
        return Err("the document is of another client".to_owned());
    }
    if identity.client_secret.is_some() {
        return Err("the document has a secret in it".to_owned());
    }
    if identity.client_name.is_none() {
        return Err("the document has no client_name".to_owned());
    }
    if let Some(method) = &identity.token_endpoint_auth_method
        && method.starts_with("client_secret")
    {
        return Err("the document asks for a shared secret".to_owned());
    }
    let mut metadata = read_metadata(&document.body)?;
    // A document may send people to its own site, to their own machine, or to a site whose owner
    // is known: not to a third party.
    let fits = |uri: &str| {
        ClientIdentity::new(None, uri).is_verified()
            || Url::parse(uri).is_ok_and(|uri| match uri.scheme() {
                "http" => is_loopback(&uri.origin().ascii_serialization()),
                "https" => site(&uri) == site(url),
                _ => true,
            })
    };
    metadata.redirect_uris.retain(|uri| fits(uri.as_str()));
    match metadata.redirect_uris.is_empty() {
        false => Ok(metadata),
        true => Err("every redirect URI is at another site than the document".to_owned()),
    }
}

/// Reads the metadata as a public client's: a client that offers more than `none` is asked for no
/// more than that, which is all there is.
fn read_metadata(body: &[u8]) -> Result<ClientMetadata, String> {
    let mut members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(|error| error.to_string())?;
    members.remove("token_endpoint_auth_method");
    let body = serde_json::to_vec(&members).map_err(|error| error.to_string())?;
    ClientMetadata::read(&body).map_err(|error| error.to_string())
}

/// The registrable domain of a URL.
fn site(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    Some(psl::domain_str(host).unwrap_or(host))
}

/// How long a document is fresh (RFC 9111 §4.2.1), within bounds.
fn freshness(cache_control: &str) -> Duration {
    let lower = cache_control.to_ascii_lowercase();
    let mut lasts = FRESH;
    for directive in lower.split(',') {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim() {
            "no-store" | "no-cache" => return Duration::ZERO,
            // A value that is no number means stale (§4.2.1 there: encouraged).
            "max-age" => {
                let seconds = value.trim().trim_matches('"').parse();
                lasts = Duration::from_secs(seconds.unwrap_or(0)).min(LONGEST_FRESH);
            }
            _ => {}
        }
    }
    lasts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_spelling_of_a_url_is_a_client() {
        assert!(document_url("https://claude.ai/oauth/mcp-oauth-client-metadata").is_some());
        for other in [
            "https://claude.ai/",
            "https://claude.ai",
            "https://claude.ai:443/a",
            "https://claude.ai:8443/a",
            "https://Claude.ai/a",
            "https://claude.ai/a/../b",
            "https://claude.ai/a#b",
            "https://user@claude.ai/a",
            "http://claude.ai/a",
            "https://127.0.0.1/a",
            "https://[::1]/a",
        ] {
            assert_eq!(document_url(other), None, "{other}");
        }
    }

    #[test]
    fn a_document_is_kept_as_long_as_it_says_but_no_longer_than_a_day() {
        assert_eq!(freshness("public, max-age=60"), Duration::from_mins(1));
        assert_eq!(freshness("no-store"), Duration::ZERO);
        assert_eq!(freshness("max-age=86400, No-Store"), Duration::ZERO);
        assert_eq!(freshness("no-cache=\"x\", max-age=60"), Duration::ZERO);
        assert_eq!(freshness("max-age=soon"), Duration::ZERO);
        assert_eq!(freshness("max-age=99999999"), LONGEST_FRESH);
        assert_eq!(freshness(""), FRESH);
    }
}
