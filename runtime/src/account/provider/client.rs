//! What this server proves with at a token endpoint who it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::secret::Secret;

/// What a client proves with at a token endpoint who it is.
#[derive(Clone, Copy)]
pub(super) struct ClientCredentials<'a> {
    pub(super) id: &'a str,
    pub(super) secret: Option<&'a Secret>,
}

impl ClientCredentials<'_> {
    /// Adds to a form what authenticates the client, or returns the header field that does: with `basic`, by
    /// HTTP Basic authentication (RFC 6749 §2.3.1).
    pub(super) fn authenticated(
        self,
        basic: bool,
        form: &[(&str, &str)],
    ) -> (Option<HeaderValue>, String) {
        let mut all = Serializer::new(String::new());
        all.extend_pairs(form);
        let authorization = match self.secret {
            Some(secret) if basic => self.basic(secret),
            _ => None,
        };
        if authorization.is_none() {
            all.append_pair("client_id", self.id);
            if let Some(secret) = self.secret {
                all.append_pair("client_secret", secret.expose());
            }
        }
        (authorization, all.finish())
    }

    fn basic(self, secret: &Secret) -> Option<HeaderValue> {
        let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", encode(self.id), encode(secret.expose()));
        let pair = STANDARD.encode(pair);
        let mut value = HeaderValue::from_str(&format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}
