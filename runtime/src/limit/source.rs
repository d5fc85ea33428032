//! Where requests come from, as budgets count it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};

use crate::address::Ranges;
use crate::token::Digest;

/// Where a request comes from: an address with the networks around it, or a range whose addresses
/// many people share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// An address, the narrowest network first. The holder of an IPv6 address has the other 2^64 of
    /// its network, so that these count as one.
    Address([IpNet; 3]),
    /// A range that is configured as the shared egress of an assistant.
    Shared(IpNet),
}

/// Lengths of the prefixes that budgets are kept for: an address, its neighbours, a provider's
/// network.
const IPV4: [u8; 3] = [32, 24, 16];
const IPV6: [u8; 3] = [64, 48, 32];

impl Source {
    /// The source at an address. `shared` are the ranges that many people share.
    pub(crate) fn of(address: IpAddr, shared: &Ranges) -> Source {
        let address = canonical(address);
        if let Some(range) = shared.find(address) {
            return Source::Shared(range.trunc());
        }
        let lengths = match address {
            IpAddr::V4(_) => IPV4,
            IpAddr::V6(_) => IPV6,
        };
        Source::Address(lengths.map(|length| {
            let network = IpNet::new(address, length).unwrap_or_else(|_| address.into());
            network.trunc()
        }))
    }

    /// The source of a request that came over no network.
    pub(crate) fn unknown() -> Source {
        Source::of(Ipv4Addr::UNSPECIFIED.into(), &Ranges::default())
    }

    /// The network that counts as one.
    pub(crate) fn network(&self) -> IpNet {
        match self {
            Source::Address([network, ..]) | Source::Shared(network) => *network,
        }
    }

    /// Whether many people share it.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Source::Shared(_))
    }

    /// What the store keeps of it: enough to see that two rows are from one source.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.network().to_string())
    }
}

/// An address in its shortest form: IPv4 where IPv6 only carries it, mapped (RFC 4291 §2.5.5.2) or
/// translated (RFC 6052 §2.1).
fn canonical(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address.to_canonical() else {
        return address.to_canonical();
    };
    let translated = Ipv6Net::new(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);
    match translated.is_ok_and(|range| range.contains(&six)) {
        true => {
            let [.., a, b, c, d] = six.octets();
            Ipv4Addr::new(a, b, c, d).into()
        }
        false => six.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(address: &str) -> Source {
        let shared = Ranges::parse(&["160.79.104.0/21".to_owned()]).unwrap();
        Source::of(address.parse().unwrap(), &shared)
    }

    fn network(address: &str) -> String {
        source(address).network().to_string()
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_source() {
        assert_eq!(network("2001:db8:0:1::7"), "2001:db8:0:1::/64");
        assert_eq!(source("2001:db8:0:1::7"), source("2001:db8:0:1:a:b:c:d"));
        assert_ne!(source("2001:db8:0:1::7"), source("2001:db8:0:2::7"));
    }

    #[test]
    fn ipv4_addresses_that_ipv6_carries_are_ipv4_addresses() {
        assert_eq!(network("203.0.113.7"), "203.0.113.7/32");
        for carried in ["::ffff:203.0.113.7", "64:ff9b::203.0.113.7"] {
            assert_eq!(source(carried), source("203.0.113.7"), "{carried}");
        }
        assert_ne!(source("::ffff:203.0.113.7"), source("::ffff:203.0.113.8"));
    }

    #[test]
    fn addresses_of_a_shared_range_are_one_source() {
        assert_eq!(source("160.79.104.1"), source("::ffff:160.79.111.254"));
        assert!(source("160.79.104.1").is_shared());
        assert!(!source("160.79.112.1").is_shared());
    }
}
