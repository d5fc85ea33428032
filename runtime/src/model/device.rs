//! Browsers and networks that people signed in from before.

use crate::token::Digest;

/// A browser that signs in, as it is recognised later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Device {
    /// The digest of the secret that it keeps.
    pub(crate) secret: Digest,
    /// The digest of the network it is in.
    pub(crate) network: Digest,
}

/// Whether a browser or a network is one from which somebody signed in to an account before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recognised {
    /// The browser is, by the digest of its secret.
    Browser(Digest),
    /// The network is.
    Network,
    /// Neither is.
    No,
}
