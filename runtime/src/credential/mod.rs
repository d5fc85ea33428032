//! Which credential a call to the API carries.

mod service;

pub use service::Credential;
