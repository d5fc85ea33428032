//! Resource indicators (RFC 8707): which protected resource a token is for.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::Url;

/// The identifier of a protected resource, in the one spelling this server uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct ResourceIndicator(String);

impl ResourceIndicator {
    /// The resource at `path` of `origin`. The root has no slash at its end, as the MCP
    /// specification prefers.
    pub(crate) fn new(origin: &str, path: &str) -> ResourceIndicator {
        let path = if path == "/" { "" } else { path };
        ResourceIndicator(format!("{origin}{path}"))
    }

    /// Takes an identifier that was stored.
    pub(crate) fn stored(text: String) -> ResourceIndicator {
        ResourceIndicator(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a client that says `text` means this resource. Scheme and host may be in any
    /// letter case (MCP, "Canonical Server URI"), and one slash more or less at the end is the same
    /// endpoint; all else is compared as it is.
    pub(crate) fn is_meant_by(&self, text: &str) -> bool {
        let Some((origin, path)) = split(text) else {
            return false;
        };
        let meant = ResourceIndicator::new(&origin, path);
        without_slash(&self.0) == without_slash(&meant.0)
    }

    /// The path of the resource that a client means by `text`, where it is one of `origin`.
    pub(crate) fn path_at<'t>(text: &'t str, origin: &str) -> Option<&'t str> {
        let (meant, path) = split(text)?;
        (meant == origin).then_some(path)
    }
}

/// The origin of an identifier in the one spelling, and its path as it is.
fn split(text: &str) -> Option<(String, &str)> {
    if text.contains(['?', '#', '@', '\\']) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let (_, rest) = text.split_once("://")?;
    let path = rest.find('/').map_or("", |slash| &rest[slash..]);
    Some((url.origin().ascii_serialization(), path))
}

/// An identifier without one slash at its end.
fn without_slash(text: &str) -> &str {
    text.strip_suffix('/').unwrap_or(text)
}

impl fmt::Display for ResourceIndicator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letter_case_of_scheme_and_host_does_not_matter() {
        let resource = ResourceIndicator::new("https://mcp.example.com", "/mcp");
        assert!(resource.is_meant_by("https://mcp.example.com/mcp"));
        assert!(resource.is_meant_by("HTTPS://MCP.Example.com/mcp"));
        assert!(resource.is_meant_by("https://mcp.example.com:443/mcp"));
    }

    #[test]
    fn another_place_is_another_resource() {
        let resource = ResourceIndicator::new("https://mcp.example.com", "/mcp");
        for other in [
            "https://mcp.example.com/mcp//",
            "https://mcp.example.com//mcp",
            "https://mcp.example.com/MCP",
            "https://mcp.example.com/mcp#a",
            "https://mcp.example.com/mcp?a",
            "https://mcp.example.com",
            "https://mcp.example.com.evil.example/mcp",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com:8443/mcp",
            "",
        ] {
            assert!(!resource.is_meant_by(other), "{other}");
        }
    }

    #[test]
    fn a_slash_at_the_end_does_not_matter() {
        let resource = ResourceIndicator::new("https://mcp.example.com", "/mcp");
        assert!(resource.is_meant_by("https://mcp.example.com/mcp/"));
        let resource = ResourceIndicator::new("https://mcp.example.com", "/mcp/");
        assert!(resource.is_meant_by("https://mcp.example.com/mcp"));
    }

    #[test]
    fn the_root_may_end_in_a_slash() {
        let resource = ResourceIndicator::new("https://mcp.example.com", "/");
        assert_eq!(resource.as_str(), "https://mcp.example.com");
        assert!(resource.is_meant_by("https://mcp.example.com/"));
    }
}
