//! `[oauth.openid]`: OpenID Connect towards clients.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Reports to clients who signed in (OpenID Connect Core 1.0): a client that asks for the scope `openid`
/// gets an ID token, and may read the same claims from the userinfo endpoint. Without this section,
/// the scopes `openid`, `profile` and `email` are not offered.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct OpenIdSettings {
    /// The file of the key that signs ID tokens: RSA, PKCS #8 in base64. The server makes it where it
    /// does not exist; servers of one store need the same one.
    pub key_file: PathBuf,
}

impl Default for OpenIdSettings {
    fn default() -> OpenIdSettings {
        OpenIdSettings {
            key_file: PathBuf::from("openid.key"),
        }
    }
}
