//! Proxies that are not configured: every person behind one counts as one address, and shares one
//! budget. They are reported to the operator once each, with the line that makes them known.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::browser::Browser;

/// The most that are reported.
const MOST: usize = 8;

/// A request came with `X-Forwarded-For` from this address, which is no trusted proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forwarded(pub(crate) IpAddr);

/// The proxies that were reported.
#[derive(Debug, Default)]
pub(crate) struct UnlistedProxies(Mutex<BTreeSet<IpAddr>>);

impl UnlistedProxies {
    /// Looks at a page that was asked for. On the server's own machine or network a proxy is the one
    /// that sends the header.
    pub(super) fn asked(&self, browser: &Browser) {
        if let Some(Forwarded(peer)) = browser.forwarded
            && is_near(peer)
        {
            self.report(peer);
        }
    }

    /// Looks at a sign-in that succeeded. Anybody on the internet can send the header; it counts from
    /// where people sign in.
    pub(super) fn signed_in(&self, browser: &Browser) {
        if let Some(Forwarded(peer)) = browser.forwarded {
            self.report(peer);
        }
    }

    fn report(&self, peer: IpAddr) {
        let mut reported = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if reported.len() < MOST && reported.insert(peer) {
            tracing::warn!(
                %peer,
                "requests come with X-Forwarded-For from {peer}, which is not in \
                 server.trusted_proxies: everybody behind it counts as one address and shares its \
                 limits. If it is your proxy, write into connector.toml, below [server]: \
                 trusted_proxies = [\"{peer}\"]"
            );
        }
    }
}

/// Whether an address is one of this machine or of a private network (RFC 1918, RFC 4193).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_loopback() || four.is_private() || four.is_link_local(),
        IpAddr::V6(six) => {
            six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_and_of_private_networks_are_near() {
        for near in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.0.1",
            "::1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(is_near(near.parse().unwrap()), "{near}");
        }
        for far in ["203.0.113.7", "8.8.8.8", "2001:db8::1"] {
            assert!(!is_near(far.parse().unwrap()), "{far}");
        }
    }
}
