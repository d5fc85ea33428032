//! Where an authorization response goes: which URIs may be registered, and when one matches.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A redirect URI, kept and compared as the text it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct RedirectUri(String);

/// Why a URI cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RedirectUriError(&'static str);

/// Schemes that no authorization response of an app may go to: a browser opens them itself, or they
/// are no place that can receive one.
const OF_BROWSERS: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "data",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "intent",
    "jar",
    "javascript",
    "mailto",
    "moz-extension",
    "resource",
    "sms",
    "tel",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Schemes of apps that are in use as clients, though they are no domain of their maker's in
/// reverse.
const KNOWN_APPS: &[&str] = &[
    "claude",
    "cursor",
    "goose",
    "jetbrains",
    "kiro",
    "lmstudio",
    "raycast",
    "vscode",
    "vscode-insiders",
    "vscodium",
    "warp",
    "windsurf",
    "zed",
];

/// Whether a scheme is one that a browser opens itself, or none that could be an app's.
pub(crate) fn is_of_browsers(scheme: &str) -> bool {
    OF_BROWSERS.contains(&scheme)
}

/// Whether a scheme is an app's own: a known one's, or a domain in reverse (RFC 8252 §7.1). Any
/// other may be opened by a part of the person's system that does what the URI says.
fn is_of_app(scheme: &str) -> bool {
    let labels: Vec<&str> = scheme.rsplit('.').collect();
    let domain = labels.join(".");
    let ends_known = psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.is_known());
    let is_domain = !labels.contains(&"") && ends_known && psl::domain_str(&domain).is_some();
    is_domain || KNOWN_APPS.contains(&scheme)
}

/// The longest that is taken, in bytes.
const LONGEST: usize = 2048;

/// The parameters of an authorization response, which a registered URI cannot have of its own.
const OF_RESPONSES: &[&str] = &[
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
];

impl RedirectUri {
    /// Takes a URI that a client wants to register: `https` at a site, `http` at a loopback
    /// address (RFC 8252 §7.3), or a scheme of an app (§7.1).
    ///
    /// # Errors
    /// Where no authorization response may go there.
    pub(crate) fn register(text: &str) -> Result<RedirectUri, RedirectUriError> {
        RedirectUri::take(text, is_of_app)
    }

    /// Takes a URI that the operator configures; any app is possible.
    ///
    /// # Errors
    /// Where no authorization response may go there.
    pub(crate) fn configure(text: &str) -> Result<RedirectUri, RedirectUriError> {
        RedirectUri::take(text, |_| true)
    }

    fn take(text: &str, is_app: fn(&str) -> bool) -> Result<RedirectUri, RedirectUriError> {
        let fail = |message| Err(RedirectUriError(message));
        if text.len() > LONGEST {
            return fail("it is longer than 2048 bytes");
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
        {
            return fail("it has characters that no URI has");
        }
        if text.contains('#') {
            return fail("it has a fragment");
        }
        if text.contains('*') {
            return fail("it has a wildcard; each redirect URI is given in full");
        }
        let Ok(url) = Url::parse(text) else {
            return fail("it is no absolute URI");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return fail("it names a user");
        }
        let mut names = url.query_pairs().map(|(name, _)| name);
        if names.any(|name| OF_RESPONSES.contains(&&*name)) {
            return fail("its query has a parameter of the authorization response");
        }
        match (url.scheme(), url.host()) {
            ("https", Some(Host::Domain(host))) if is_public_suffix(host) => {
                fail("its host is a public suffix, which has no single owner")
            }
            ("https", Some(_)) => Ok(RedirectUri(text.to_owned())),
            ("http", Some(_)) if Loopback::of(text).is_some() => Ok(RedirectUri(text.to_owned())),
            ("http" | "https", _) => {
                fail("http is for loopback addresses only (localhost, 127.0.0.1, [::1]); use https")
            }
            (scheme, _) if is_of_browsers(scheme) => {
                fail("its scheme cannot receive an authorization response")
            }
            (scheme, _) if !is_app(scheme) => fail(
                "its scheme is not known as an app's own; use a domain of yours in reverse \
                 (RFC 8252 section 7.1), like com.example.app:/callback, or a loopback address, or \
                 have the operator of this server configure the client",
            ),
            // `scheme:/path` or `scheme://place/path`; opaque ones name no place.
            _ if url.cannot_be_a_base() => fail("it has no path after its scheme"),
            _ => Ok(RedirectUri(text.to_owned())),
        }
    }

    /// Takes a URI that was stored, or that a registered one matched.
    pub(crate) fn stored(text: String) -> RedirectUri {
        RedirectUri(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request may name `requested` where this one is registered: the same text, except
    /// for the port of a loopback address (RFC 8252 §7.3).
    pub(crate) fn admits(&self, requested: &str) -> bool {
        if self.0 == requested {
            return true;
        }
        match (Loopback::of(&self.0), Loopback::of(requested)) {
            (Some(registered), Some(requested)) => registered == requested,
            _ => false,
        }
    }

    /// Whether it leads to an app that is in use as a client.
    pub(crate) fn is_of_known_app(&self) -> bool {
        let scheme = self.0.split(':').next().unwrap_or_default();
        KNOWN_APPS.contains(&scheme)
    }

    /// The origin of a site or loopback address, as `form-action` of a Content Security Policy
    /// spells it; `None` for an app.
    pub(crate) fn origin(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        let web = matches!(url.scheme(), "http" | "https");
        web.then(|| url.origin().ascii_serialization())
    }

    /// The URI with the parameters of an authorization response added. What was registered stays
    /// as it was, character for character.
    pub(crate) fn with_response(&self, parameters: &[(&str, &str)]) -> String {
        let joint = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some((_, query)) if query.ends_with('&') => "",
            Some(_) => "&",
        };
        let added = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{}{joint}{added}", self.0)
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_public_suffix(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host != "localhost" && psl::domain_str(host).is_none()
}

/// A loopback address without its port: two that are equal differ in the port only.
#[derive(PartialEq, Eq)]
struct Loopback<'a> {
    host: &'a str,
    rest: &'a str,
}

impl<'a> Loopback<'a> {
    fn of(uri: &'a str) -> Option<Loopback<'a>> {
        let rest = uri.strip_prefix("http://")?;
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let host = ["localhost", "127.0.0.1", "[::1]"]
            .into_iter()
            .find(|host| authority.starts_with(host))?;
        let (host, port) = authority.split_at(host.len());
        let port_fits = match port.strip_prefix(':') {
            Some(port) => port.bytes().all(|it| it.is_ascii_digit()) && port.parse::<u16>().is_ok(),
            None => port.is_empty(),
        };
        port_fits.then_some(Loopback { host, rest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_clients_register_is_taken() {
        for uri in [
            "https://claude.ai/api/mcp/auth_callback",
            "http://localhost:6274/oauth/callback",
            "http://127.0.0.1:33418/",
            "http://localhost/",
            "http://[::1]:1/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/oauth",
            "vscode://vscode.mcp/callback",
            "com.googleusercontent.apps.12-ab:/oauth",
            "https://example.com/cb?tenant=42",
        ] {
            assert!(RedirectUri::register(uri).is_ok(), "{uri}");
        }
    }

    #[test]
    fn what_no_response_may_go_to_is_refused() {
        for uri in [
            "javascript:alert(1)",
            "JavaScript://%0aalert(1)",
            "data:text/html,x",
            "https://example.com/#a",
            "https://user@example.com/",
            "https://claude.ai\\@evil.example/",
            "http://evil.example/",
            "http://127.0.0.2/",
            "http://localhost.evil.example/",
            "http://localhost:80@evil.example/",
            "https://co.uk/",
            "https://*.example.com/",
            "https://example.com/?code=1",
            "urn:ietf:wg:oauth:2.0:oob",
            "ms-msdt:/id",
            "search-ms://query",
            "ldap://evil.example/x",
            "itms-services://x/y",
            "x-apple.systempreferences:/x",
            "com:/x",
            "com..example:/x",
            "/callback",
            "",
            "https://example.com/ x",
            "https://ex\u{430}mple.com/",
        ] {
            assert!(RedirectUri::register(uri).is_err(), "{uri}");
        }
    }

    #[test]
    fn the_operator_may_know_any_app_but_no_browser() {
        assert!(RedirectUri::configure("desk://callback").is_ok());
        assert!(RedirectUri::configure("javascript://callback").is_err());
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        let registered = RedirectUri::register("http://localhost/callback").unwrap();
        for same in [
            "http://localhost/callback",
            "http://localhost:3118/callback",
        ] {
            assert!(registered.admits(same), "{same}");
        }
        for other in [
            "http://localhost:3118/other",
            "http://localhost:3118/callback?bar=foo",
            "http://localhost:3118/callback/",
            "http://127.0.0.1:3118/callback",
            "http://127.0.0.2/callback",
            "http://app.localhost/callback",
            "http://localhost./callback",
            "http://localhost.evil.example/callback",
            "http://localhost:80@evil.example/callback",
            "http://localhost:99999/callback",
            "http://localhost:+80/callback",
            "https://localhost/callback",
            "HTTP://localhost/callback",
        ] {
            assert!(!registered.admits(other), "{other}");
        }
    }

    #[test]
    fn a_site_matches_as_text_only() {
        let registered = RedirectUri::register("https://example.com/Call?a=b").unwrap();
        for other in [
            "https://example.com/call?a=b",
            "https://example.com/Call/?a=b",
            "https://example.com/Call?a=b&c=d",
            "https://example.com:443/Call?a=b",
            "https://EXAMPLE.com/Call?a=b",
            "https://example.com/%43all?a=b",
        ] {
            assert!(!registered.admits(other), "{other}");
        }
    }

    #[test]
    fn a_response_is_added_to_what_was_registered() {
        let with = |uri: &str| {
            RedirectUri::register(uri)
                .unwrap()
                .with_response(&[("code", "a b"), ("iss", "https://i")])
        };
        assert_eq!(
            with("https://a.example/cb"),
            "https://a.example/cb?code=a+b&iss=https%3A%2F%2Fi"
        );
        assert_eq!(
            with("https://a.example/cb?x=%7e"),
            "https://a.example/cb?x=%7e&code=a+b&iss=https%3A%2F%2Fi"
        );
        assert_eq!(
            with("https://a.example/cb?"),
            "https://a.example/cb?code=a+b&iss=https%3A%2F%2Fi"
        );
    }
}
