//! What connections are accepted with.

use super::limits::Limits;
use super::tls::Tls;

/// How connections are accepted.
pub(in crate::app) struct Acceptance {
    pub(in crate::app) limits: Limits,
    /// The certificate, where this server speaks HTTPS itself.
    pub(in crate::app) tls: Option<Tls>,
}
