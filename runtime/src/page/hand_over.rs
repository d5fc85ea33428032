//! The way back to an app that claims a URI scheme of its own.

use serde::Serialize;
use url::Url;

use super::client::Client;
use super::{Page, samples};

/// Sends the browser on to an app, with a button for where that does not happen by itself.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct HandOver {
    /// The app.
    pub(crate) client: Client,
    /// Where to go.
    pub(crate) target: AppUri,
    /// Whether the person approved. A refusal is handed over, too.
    pub(crate) approved: bool,
}

/// An authorization response for an app: a URI that a link may hold. It is the only one of a
/// client's URIs that is ever made into a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct AppUri(String);

/// Schemes that a browser takes as its own: they show a page or run a program inside the browser
/// instead of opening an app.
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
    "javascript",
    "jar",
    "moz-extension",
    "resource",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

impl AppUri {
    /// Takes a URI whose scheme belongs to an app; `None` for any that a browser would open itself.
    pub(crate) fn new(uri: &str) -> Option<AppUri> {
        let url = Url::parse(uri).ok()?;
        let visible = uri.bytes().all(|byte| byte.is_ascii_graphic());
        (visible && !OF_BROWSERS.contains(&url.scheme())).then(|| AppUri(uri.to_owned()))
    }
}

impl Page for HandOver {
    const TEMPLATE: &'static str = "hand_over.html";

    fn samples() -> Vec<(&'static str, HandOver)> {
        let sample = |approved, query: &str| {
            let uri = format!("cursor://anysphere.cursor-mcp/oauth/callback?{query}");
            Some(HandOver {
                client: samples::cursor(),
                target: AppUri::new(&uri)?,
                approved,
            })
        };
        let approved = sample(true, "code=sample&state=sample").map(|page| ("approved", page));
        let denied = sample(false, "error=access_denied").map(|page| ("denied", page));
        approved.into_iter().chain(denied).collect()
    }

    fn refresh(&self) -> Option<&str> {
        Some(&self.target.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_app_is_handed_over_to() {
        for uri in [
            "cursor://anysphere.cursor-mcp/oauth/callback?code=a",
            "com.example.app:/callback?code=a",
            "vscode://vscode.github-authentication/x",
        ] {
            assert_eq!(AppUri::new(uri).map(|uri| uri.0), Some(uri.to_owned()));
        }
        for uri in [
            "javascript:alert(1)",
            "JavaScript://%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://a/b",
            "file:///etc/passwd",
            "https://evil.example/",
            "//evil.example/",
            "java\nscript:alert(1)",
            " javascript:alert(1)",
            "cursor://a b",
            "",
        ] {
            assert_eq!(AppUri::new(uri), None, "{uri}");
        }
    }
}
