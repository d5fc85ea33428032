//! Which credential a call to the API carries.

mod mint;
mod on_behalf_of;
mod redaction;
mod seal;
mod service;

pub(crate) use mint::{Mint, MintError, Minted, OpenedKey, Revocations};
pub(crate) use on_behalf_of::MissingKey;
pub use on_behalf_of::OnBehalfOf;
pub(crate) use redaction::{Edges, Redactor, SHORTEST, Secrets};
pub(crate) use seal::Owner;
pub(crate) use service::{Chosen, Credentials, Placed, alternatives};
