//! Which credential a call to the API carries.

mod on_behalf_of;
mod service;

pub use on_behalf_of::{OnBehalfOf, OnBehalfOfSettings};
pub use service::Credential;
pub(crate) use service::{Chosen, CredentialError, Credentials, Placed, alternatives};
