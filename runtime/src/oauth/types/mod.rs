//! The words of the OAuth RFCs as types.

mod client;
mod pkce;
mod redirect_uri;
mod request;
mod resource;
mod scope;

pub(crate) use client::{
    ClientId, ClientMetadata, GrantType, MetadataError, ResponseType, TokenEndpointAuthMethod,
};
pub(crate) use pkce::{CodeChallenge, CodeVerifier};
pub(crate) use redirect_uri::{RedirectUri, RedirectUriError, is_of_browsers};
pub(crate) use request::{AuthorizationRequest, TokenResponse, TokenType};
pub(crate) use resource::ResourceIndicator;
pub(crate) use scope::{Scope, Scopes};
