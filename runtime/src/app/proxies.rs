//! Who a request comes from, where proxies are in front of this server.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::account::Forwarded;
use crate::address::Ranges;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The addresses of proxies whose word on where a request comes from is believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(pub(super) Ranges);

impl Proxies {
    /// The peer, where it sends the header of a proxy and is none that is trusted.
    pub(super) fn unlisted(&self, peer: IpAddr, headers: &HeaderMap) -> Option<Forwarded> {
        let peer = peer.to_canonical();
        let unlisted = headers.contains_key(X_FORWARDED_FOR) && !self.trusts(peer);
        unlisted.then_some(Forwarded(peer))
    }

    /// The address a request comes from. A trusted proxy reports the one it was reached from at the
    /// right end of `X-Forwarded-For`; the rightmost that is no trusted proxy's own is believed, and
    /// nothing to its left, which anybody could have written.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
        let mut hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        while self.trusts(client) {
            match hops.next().and_then(address) {
                Some(hop) => client = hop,
                None => break,
            }
        }
        client
    }

    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.0.find(address).is_some()
    }
}

/// The address of a hop, which may come with a port.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = bare.unwrap_or(hop).parse();
    let address = address.or_else(|_| hop.parse().map(|it: SocketAddr| it.ip()));
    address.ok().map(|it| it.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client of a request from 10.0.0.1, where 10.0.0.0/8 and 192.0.2.1 are trusted.
    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".to_owned(), "192.0.2.1".to_owned()];
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", line.parse().unwrap());
        }
        let proxies = Proxies(Ranges::parse(&trusted).unwrap());
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("203.0.113.9", &["203.0.113.7"]), "203.0.113.9");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
    }

    #[test]
    fn the_rightmost_address_that_is_not_trusted_counts() {
        let forged = ["198.51.100.1, 203.0.113.7, 192.0.2.1", "10.1.1.1"];
        assert_eq!(client("10.0.0.1", &forged), "203.0.113.7");
    }

    #[test]
    fn without_a_word_the_last_hop_counts() {
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &["203.0.113.7, unknown"]), "10.0.0.1");
        assert_eq!(
            client("10.0.0.1", &["203.0.113.7, 10.0.0.2"]),
            "203.0.113.7"
        );
    }

    #[test]
    fn ports_are_left_out() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client("10.0.0.1", &["[2001:db8::1]"]), "2001:db8::1");
    }

    #[test]
    fn peer_that_sends_the_header_and_is_not_trusted_is_unlisted() {
        let proxies = Proxies(Ranges::parse(&["10.0.0.0/8".to_owned()]).unwrap());
        let mut headers = HeaderMap::new();
        let unlisted = |peer: &str, headers: &HeaderMap| {
            let found = proxies.unlisted(peer.parse().unwrap(), headers);
            found.map(|Forwarded(peer)| peer.to_string())
        };
        assert_eq!(unlisted("192.0.2.1", &headers), None);
        headers.append(X_FORWARDED_FOR, "203.0.113.7".parse().unwrap());
        assert_eq!(unlisted("192.0.2.1", &headers).unwrap(), "192.0.2.1");
        assert_eq!(unlisted("::ffff:192.0.2.1", &headers).unwrap(), "192.0.2.1");
        assert_eq!(unlisted("10.0.0.1", &headers), None);
    }
}
