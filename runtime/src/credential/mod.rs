//! Which credential a call to the API carries.

mod mint;
mod on_behalf_of;
mod redaction;
mod seal;
mod service;

pub use mint::{CreateSettings, FindSettings, Levels, MintSettings, Pointer, RevokeSettings};
pub(crate) use mint::{Mint, MintError, Minted, OpenedKey, Order, Revocations};
pub use on_behalf_of::{OnBehalfOf, OnBehalfOfSettings};
pub(crate) use redaction::{Edges, Redactor, SHORTEST, Secrets};
pub(crate) use seal::Owner;
pub use seal::{SealedKey, SealingKeySettings};
pub use service::Credential;
pub(crate) use service::{Chosen, CredentialError, Credentials, Placed, alternatives};
