//! Which credential a call to the API carries.

mod exchange;
mod key_file;
mod mint;
mod on_behalf_of;
mod redaction;
mod service;

pub(crate) use exchange::{Exchange, PersonToken, TokenSource};
pub(crate) use key_file::{MissingKey, read_or_make};
pub(crate) use mint::{Mint, MintError, Minted, OpenedKey, Revocations};
pub use on_behalf_of::OnBehalfOf;
pub(crate) use redaction::{Edges, RedactedStream, Redactor, SHORTEST, Secrets};
pub(crate) use service::{Chosen, Credentials, Own, Placed, alternatives};
