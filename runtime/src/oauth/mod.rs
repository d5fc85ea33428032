//! The OAuth 2.1 authorization server, and the protected resource that trusts it. One endpoint,
//! one file.

mod access_token_response;
mod agents;
mod authority;
mod authorize;
mod bearer;
mod budgets;
mod client;
mod client_assertion;
mod client_keys;
mod client_metadata;
mod consent;
mod enterprise;
mod error;
mod fetches;
mod key;
mod key_cache;
mod known_clients;
mod metadata;
mod openid;
pub(crate) mod publisher;
mod register;
mod resource;
mod response;
mod revoke;
mod routes;
mod token;
mod transaction;
mod upstream_key;
mod userinfo;

pub(crate) use agents::link::{AgentRequest, LinkError};
pub(crate) use agents::state::Agents;
pub(crate) use authority::{Authority, Parts};
pub(crate) use bearer::BearerError;
pub(crate) use enterprise::state::Enterprise;
pub(crate) use known_clients::KnownClients;
pub(crate) use metadata::{AUTHORIZATION_SERVER, PROTECTED_RESOURCE};
pub(crate) use openid::OpenId;
pub(crate) use resource::{Resource, Resources};
pub(crate) use routes::router;
