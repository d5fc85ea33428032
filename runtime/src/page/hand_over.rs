//! The way back to a client that the browser is not simply sent on to: an app that claims a URI
//! scheme of its own, or an unknown site.

use serde::Serialize;
use url::Url;

use super::Page;
use super::client::Client;
use crate::model::is_of_browsers;

/// Lets the person go back to the client, by a button and perhaps by itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HandOver {
    /// The client.
    pub(crate) client: Client,
    /// Where to go.
    pub(crate) target: Target,
    /// What came of the request.
    pub(crate) outcome: Outcome,
    /// Whether the browser goes there without being asked.
    #[serde(skip)]
    pub(crate) by_itself: bool,
}

/// What came of a request to authorize.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "reason", rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// The person approved.
    Approved,
    /// The person did not.
    Denied,
    /// No person was asked: the request is not right. The reason is what the client receives.
    Refused(String),
}

/// An authorization response as a URI that a link may hold. It is the only one of a client's URIs
/// that is ever made into a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Target(String);

impl Target {
    /// Takes the URI of a site by https, or one whose scheme belongs to an app; `None` for any
    /// other that a browser would open itself.
    pub(crate) fn new(uri: &str) -> Option<Target> {
        let url = Url::parse(uri).ok()?;
        let visible = uri.bytes().all(|byte| byte.is_ascii_graphic());
        let opens = url.scheme() == "https" || !is_of_browsers(url.scheme());
        (visible && opens).then(|| Target(uri.to_owned()))
    }
}

impl Page for HandOver {
    const TEMPLATE: &'static str = "hand_over.html";

    fn refresh(&self) -> Option<&str> {
        self.by_itself.then_some(self.target.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_app_or_a_site_is_handed_over_to() {
        for uri in [
            "cursor://anysphere.cursor-mcp/oauth/callback?code=a",
            "com.example.app:/callback?code=a",
            "vscode://vscode.github-authentication/x",
            "https://assistant.example/cb?error=a",
        ] {
            assert_eq!(Target::new(uri).map(|uri| uri.0), Some(uri.to_owned()));
        }
        for uri in [
            "javascript:alert(1)",
            "JavaScript://%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://a/b",
            "file:///etc/passwd",
            "http://evil.example/",
            "//evil.example/",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "cursor://a b",
            "",
        ] {
            assert_eq!(Target::new(uri), None, "{uri}");
        }
    }
}
