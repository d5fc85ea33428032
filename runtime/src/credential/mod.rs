//! Which credential a call to the API carries.

mod service;

pub use service::Credential;
pub(crate) use service::{Chosen, CredentialError, Credentials, Placed, alternatives};
