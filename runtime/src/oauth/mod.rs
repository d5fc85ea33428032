//! The OAuth 2.1 authorization server, and the protected resource that trusts it.

mod key;
pub(crate) mod model;
mod types;

pub(crate) use types::{
    ClientId, ClientMetadata, CodeChallenge, RedirectUri, ResourceIndicator, Scopes,
};
