//! A look at the provider before anyone signs in: whether its endpoints and keys can be fetched, and
//! whether it knows the callback URL.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, Method, StatusCode};

use super::{Provider, SignInSecrets};
use crate::http::Outgoing;

/// What a look at the provider found.
pub(crate) struct Examined {
    /// Whether it knows the callback URL.
    pub(crate) callback: Callback,
    /// The header fields of its answer.
    pub(crate) headers: HeaderMap,
}

/// Whether the provider knows the callback URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Callback {
    /// It sends browsers back to it.
    Registered,
    /// It refuses the request.
    Unknown,
    /// Its answer does not say.
    NotReported,
}

impl Provider {
    /// Fetches what sign-in needs, and begins a sign-in without a person: `prompt=none` sends a
    /// browser back at once where the callback URL is registered, with an error (OpenID Connect Core
    /// §3.1.2.6), and a request with another callback URL is refused on a page (RFC 6749 §4.1.2.1).
    ///
    /// # Errors
    /// Where the discovery document or the keys cannot be had, in words.
    pub(crate) async fn examine(&self, now: SystemTime) -> Result<Examined, String> {
        let discovery = self.endpoints.discovery(now).await;
        let discovery = discovery.map_err(|error| error.to_string())?;
        let keys = self.endpoints.keys(&discovery.jwks_uri, false, now).await;
        let keys = keys.map_err(|error| error.to_string())?;
        if keys.is_empty() {
            return Err("its key set has no key that is of use".to_owned());
        }
        let secrets = SignInSecrets {
            state: "doctor",
            cookie: "doctor",
        };
        let mut url = self.authorization_url(&discovery, &secrets, false);
        url.query_pairs_mut().append_pair("prompt", "none");
        let request = Outgoing {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            pieces: Vec::new(),
            room: None,
            account: None,
        };
        // Followed, a redirect on the provider's own host could lead to the callback.
        let Ok(answer) = self.endpoints.client.send_once(request).await else {
            return Ok(Examined {
                callback: Callback::NotReported,
                headers: HeaderMap::new(),
            });
        };
        let location = answer.headers.get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let leads_back = location.is_some_and(|location| {
            let rest = location.strip_prefix(&*self.redirect_uri);
            rest.is_some_and(|rest| rest.starts_with(['?', '#']))
        });
        Ok(Examined {
            callback: match answer.status {
                status if status.is_redirection() && leads_back => Callback::Registered,
                // Other refusals, such as 403 and 429, are of something else than the request.
                StatusCode::BAD_REQUEST => Callback::Unknown,
                _ => Callback::NotReported,
            },
            headers: answer.headers,
        })
    }
}
