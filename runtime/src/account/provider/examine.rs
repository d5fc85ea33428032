//! A look at the provider before anyone signs in: whether its endpoints and keys can be fetched, and
//! whether it knows the callback URL.

use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::{Provider, SignInSecrets};
use crate::http::{Failure, Outgoing};

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
            room: None,
            account: None,
        };
        match self.endpoints.client.send(request).await {
            Err(Failure::Redirect {
                headers, target, ..
            }) => Ok(Examined {
                callback: match target == self.redirect_uri {
                    true => Callback::Registered,
                    false => Callback::NotReported,
                },
                headers: *headers,
            }),
            Ok(answer) => Ok(Examined {
                callback: match answer.status.is_client_error() {
                    true => Callback::Unknown,
                    false => Callback::NotReported,
                },
                headers: answer.headers,
            }),
            Err(_) => Ok(Examined {
                callback: Callback::NotReported,
                headers: HeaderMap::new(),
            }),
        }
    }
}
