//! Who a client is, as far as its redirect URI shows.

use url::{Host, Origin, Url};

use super::Publishers;
use crate::page::{Client, Destination, DestinationKind};
use crate::text;

/// The most characters of a host in the name of a key. With the grant's id behind it, a name is
/// shorter than the 120 characters that APIs commonly allow.
const KEY_NAME_HOST: usize = 48;

/// The most characters of the name that a program on the person's own machine claims, and of its
/// host, in the name of a key.
const KEY_NAME_CLAIM: usize = 28;
const KEY_NAME_LOCAL_HOST: usize = 20;

/// A client, identified by where its answers go: by its publisher where that is known for certain,
/// otherwise as unverified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientIdentity(Client);

impl ClientIdentity {
    /// Identifies the client that goes by `claimed_name` and receives the answer at `redirect_uri`.
    /// Only the redirect URI decides who it is.
    pub(crate) fn new(claimed_name: Option<&str>, redirect_uri: &str) -> ClientIdentity {
        let verified = Publishers::embedded().find(redirect_uri);
        ClientIdentity(Client {
            name: match &verified {
                Some((name, _)) => name.clone(),
                None => text::label(claimed_name.unwrap_or_default()),
            },
            publisher: verified.map(|(_, publisher)| publisher),
            destination: destination(redirect_uri),
        })
    }

    /// The description that pages show.
    pub(crate) fn into_page(self) -> Client {
        self.0
    }

    /// The name of the API key that an approval mints: `{client} (MCP connector)`, at most 81
    /// characters. A client without a verified publisher goes by where it is, not by what it says;
    /// of a long host the end is kept, which says whose it is. Programs on the person's own machine
    /// are all at the same host, so the name that they claim distinguishes them.
    pub(crate) fn key_name(&self) -> String {
        if self.is_verified() {
            return format!("{} (MCP connector)", self.0.name);
        }
        match self.claimed_name().filter(|_| self.is_on_this_machine()) {
            Some(name) => {
                let name = beginning(name, KEY_NAME_CLAIM);
                let host = text::label(&end(self.host(), KEY_NAME_LOCAL_HOST));
                format!("{name} on {host}, unverified (MCP connector)")
            }
            None => {
                let host = text::label(&end(self.host(), KEY_NAME_HOST));
                format!("Unverified app ({host}) (MCP connector)")
            }
        }
    }

    /// The name that an unverified client claims, if it claims one.
    pub(crate) fn claimed_name(&self) -> Option<&str> {
        let name = self.0.name.as_str();
        (!self.is_verified() && !name.is_empty()).then_some(name)
    }

    /// Whether the publisher is known for certain.
    pub(crate) fn is_verified(&self) -> bool {
        self.0.publisher.is_some()
    }

    /// Whether the answer stays on the person's own machine.
    fn is_on_this_machine(&self) -> bool {
        self.0.destination.kind == DestinationKind::Loopback
    }

    /// Whether an error may be sent there without a person's word. Anybody can register a site, and
    /// would have this server lead people to it (RFC 9700 §4.11.2).
    pub(crate) fn gets_errors_at_once(&self) -> bool {
        self.is_verified() || self.is_on_this_machine()
    }

    /// The host of a site, with its port where that is not the scheme's own; the host of a loopback
    /// address; the scheme of an app.
    pub(crate) fn host(&self) -> &str {
        &self.0.destination.host
    }
}

/// Returns the first characters of a text, with a sign that something is left out.
fn beginning(text: &str, most: usize) -> String {
    match text.chars().count() > most {
        true => format!("{}…", text.chars().take(most - 1).collect::<String>()),
        false => text.to_owned(),
    }
}

/// Returns the last characters of a text, with a sign that something is left out.
fn end(text: &str, most: usize) -> String {
    let length = text.chars().count();
    match length > most {
        true => format!(
            "…{}",
            text.chars().skip(length + 1 - most).collect::<String>()
        ),
        false => text.to_owned(),
    }
}

/// Where an authorization goes that is sent to this redirect URI.
fn destination(redirect_uri: &str) -> Destination {
    let url = Url::parse(redirect_uri).ok();
    let (kind, host) = url
        .as_ref()
        .map_or((DestinationKind::App, String::new()), classify);
    let site = url.as_ref().filter(|_| kind == DestinationKind::Web);
    let domain = site.and_then(Url::domain).and_then(psl::domain_str);
    let subdomain = domain
        .and_then(|domain| site.and_then(Url::domain)?.strip_suffix(domain))
        .unwrap_or_default()
        .to_owned();
    let origin = url.as_ref().map(Url::origin).filter(Origin::is_tuple);
    let mut form_targets: Vec<_> = origin
        .map(|origin| origin.ascii_serialization())
        .into_iter()
        .collect();
    // A browser applies the policy to each redirect that follows; a site often sends on from
    // one of its hosts to another.
    if let Some(domain) = domain {
        form_targets.extend([format!("https://{domain}"), format!("https://*.{domain}")]);
        form_targets.dedup();
    }
    Destination {
        kind,
        host,
        subdomain,
        form_targets,
        redirect_uri: text::uri(redirect_uri),
    }
}

fn classify(url: &Url) -> (DestinationKind, String) {
    let Some(host) = url.host() else {
        return (DestinationKind::App, format!("{}:", url.scheme()));
    };
    if !matches!(url.scheme(), "http" | "https") {
        return (DestinationKind::App, format!("{}:", url.scheme()));
    }
    let shown = host.to_string();
    let loopback = match host {
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback() || address.is_unspecified(),
        Host::Ipv6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|mapped| mapped.is_loopback())
        }
    };
    // The port of a loopback address is whichever was free, so it is not shown.
    match (loopback, url.port()) {
        (true, _) => (DestinationKind::Loopback, shown),
        (false, None) => (DestinationKind::Web, shown),
        (false, Some(port)) => (DestinationKind::Web, format!("{shown}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";

    #[test]
    fn only_the_exact_redirect_uri_of_a_publisher_earns_the_badge() {
        for uri in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://claude.com/api/mcp/auth_callback",
            "https://chatgpt.com/connector_platform_oauth_redirect",
            "https://vscode.dev/redirect",
            "https://chatgpt.com/connector/oauth/Zk3d9Q",
            "https://chatgpt.com/connector/oauth/a-B_9",
        ] {
            assert!(ClientIdentity::new(None, uri).is_verified(), "{uri}");
        }
        for uri in [
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai/api/mcp/auth_callback?x=1",
            "https://claude.ai/API/mcp/auth_callback",
            "https://CLAUDE.ai/api/mcp/auth_callback",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https://claude.ai./api/mcp/auth_callback",
            "http://claude.ai/api/mcp/auth_callback",
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "https://claude.ai@evil.example/api/mcp/auth_callback",
            "https://claude.ai\\@evil.example/api/mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_callback#",
            "https://chatgpt.com/connector/oauth/",
            "https://chatgpt.com/connector/oauth/a/b",
            "https://chatgpt.com/connector/oauth/a/",
            "https://chatgpt.com/connector/oauth/..",
            "https://chatgpt.com/connector/oauth/%2e%2e",
            "https://chatgpt.com/connector/oauth/a?next=https://evil.example",
            "https://chatgpt.com/connector/oauth/a#b",
            "https://chatgpt.com/connector/oauth/a\\b",
            "https://chatgpt.com/connector/oauth/a b",
            "https://chatgpt.com/connector/oauthx/a",
            "http://chatgpt.com/connector/oauth/a",
            "https://chatgpt.com:443/connector/oauth/a",
            "https://chatgpt.com.evil.example/connector/oauth/a",
            "https://evil.example/https://chatgpt.com/connector/oauth/a",
            "http://localhost/callback",
            "http://127.0.0.1:3118/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "",
        ] {
            assert!(
                !ClientIdentity::new(Some("Claude"), uri).is_verified(),
                "{uri}"
            );
        }
    }

    #[test]
    fn a_key_takes_its_name_from_the_publisher_or_from_the_host() {
        assert_eq!(
            ClientIdentity::new(Some("anything"), CLAUDE).key_name(),
            "Claude (MCP connector)"
        );
        assert_eq!(
            ClientIdentity::new(Some("Claude"), "https://evil.example/cb").key_name(),
            "Unverified app (evil.example) (MCP connector)"
        );
        assert_eq!(
            ClientIdentity::new(None, "cursor://anysphere.cursor-mcp/oauth/callback").key_name(),
            "Unverified app (cursor:) (MCP connector)"
        );
    }

    #[test]
    fn key_of_a_local_program_is_named_by_its_claim_and_marked_unverified() {
        let name = |claim: Option<&str>, uri| ClientIdentity::new(claim, uri).key_name();
        let local = "http://localhost:3118/callback";
        assert_eq!(
            name(Some("Claude Code"), local),
            "Claude Code on localhost, unverified (MCP connector)"
        );
        assert_eq!(
            name(Some("Codex"), "http://127.0.0.1:1455/auth/callback"),
            "Codex on 127.0.0.1, unverified (MCP connector)"
        );
        assert_eq!(
            name(None, local),
            "Unverified app (localhost) (MCP connector)"
        );
        // An app's scheme is not its own, so that what it claims is not its name.
        assert_eq!(
            name(
                Some("Claude"),
                "cursor://anysphere.cursor-mcp/oauth/callback"
            ),
            "Unverified app (cursor:) (MCP connector)"
        );
        let long = "x".repeat(64);
        let host = format!("http://{long}.localhost/");
        assert!(name(Some(&long), &host).chars().count() <= 81);
        assert!(name(Some(&long), &host).contains(" on …"));
    }

    #[test]
    fn loopback_and_apps_are_distinguished_from_sites() {
        let kind = |uri| ClientIdentity::new(None, uri).0.destination.kind;
        for uri in [
            "http://localhost/callback",
            "http://127.0.0.1:8080/",
            "http://[::1]:1/",
            "https://app.localhost/",
            "http://0.0.0.0/",
        ] {
            assert_eq!(kind(uri), DestinationKind::Loopback, "{uri}");
        }
        assert_eq!(
            kind("https://localhost.evil.example/"),
            DestinationKind::Web
        );
        assert_eq!(kind("com.example.app:/callback"), DestinationKind::App);
        assert_eq!(kind("vscode://vscode.auth/x"), DestinationKind::App);
    }

    #[test]
    fn what_the_owner_of_a_domain_chooses_is_distinguished_from_the_domain() {
        let subdomain = |uri| ClientIdentity::new(None, uri).0.destination.subdomain;
        assert_eq!(
            subdomain("https://claude.ai.evil.co.uk:8443/"),
            "claude.ai."
        );
        assert_eq!(subdomain("https://claude.ai/"), "");
        assert_eq!(subdomain("http://127.0.0.1/"), "");
        assert_eq!(subdomain("cursor://claude.ai.evil.example/"), "");
    }

    #[test]
    fn the_host_shown_is_the_one_a_browser_would_go_to() {
        let host = |uri| ClientIdentity::new(None, uri).host().to_owned();
        assert_eq!(host("https://claude.ai\\@evil.example/"), "claude.ai");
        assert_eq!(host("https://claude.ai%2f@evil.example/"), "evil.example");
        assert_eq!(
            host("https://b\u{fc}cher.example:8443/"),
            "xn--bcher-kva.example:8443"
        );
    }
}
