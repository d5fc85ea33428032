//! Ranges of IP addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// Ranges of addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges(Vec<IpNet>);

impl Ranges {
    /// Reads addresses and ranges of them.
    ///
    /// # Errors
    /// Where an entry is neither, as a sentence that names it.
    pub(crate) fn parse(entries: &[String]) -> Result<Ranges, String> {
        let range = |entry: &String| {
            let range = entry.parse().or_else(|_| entry.parse().map(IpAddr::into));
            range.map_err(|_: std::net::AddrParseError| {
                format!(
                    "`{entry}` is no address; write one like 10.0.0.7, or a range like 10.0.0.0/8"
                )
            })
        };
        let ranges = entries.iter().map(range).collect::<Result<_, _>>();
        ranges.map(Ranges)
    }

    /// The range that an address is in.
    pub(crate) fn find(&self, address: IpAddr) -> Option<IpNet> {
        let mut ranges = self.0.iter();
        ranges.find(|range| range.contains(&address)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_that_is_no_address_is_named() {
        let entries = ["10.0.0.0/8".to_owned(), "proxy.example.com".to_owned()];
        let error = Ranges::parse(&entries).unwrap_err();
        assert!(
            error.starts_with("`proxy.example.com` is no address"),
            "{error}"
        );
    }
}
