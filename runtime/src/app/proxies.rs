//! Who a request comes from, where proxies stand before this server.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The addresses of proxies whose word on where a request comes from is believed.
#[derive(Clone, Debug, Default)]
pub(super) struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads `server.trusted_proxies`.
    ///
    /// # Errors
    /// Where an entry is neither an address nor a range of them.
    pub(super) fn parse(entries: &[String]) -> Result<Proxies, String> {
        let range = |entry: &String| {
            let range = entry.parse().or_else(|_| entry.parse().map(IpAddr::into));
            range.map_err(|_: std::net::AddrParseError| {
                format!(
                    "server.trusted_proxies: `{entry}` is no address; write one like 10.0.0.7, or \
                     a range like 10.0.0.0/8"
                )
            })
        };
        entries
            .iter()
            .map(range)
            .collect::<Result<_, _>>()
            .map(Proxies)
    }

    /// The address a request comes from. A trusted proxy tells the one it was reached from at the
    /// right end of `X-Forwarded-For`; the rightmost that is no trusted proxy's own is believed, and
    /// nothing to its left, which anybody could have written.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines = headers.get_all("x-forwarded-for").iter().rev();
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
        self.0.iter().any(|range| range.contains(&address))
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
        let proxies = Proxies::parse(&trusted).unwrap();
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
    fn what_is_no_address_is_told() {
        let error = Proxies::parse(&["proxy.example.com".to_owned()]).unwrap_err();
        assert!(
            error.contains("`proxy.example.com` is no address"),
            "{error}"
        );
    }
}
