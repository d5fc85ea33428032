//! What a server says when it starts: where it is, how the first person gets in, and what to type
//! into each client.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::json;
use url::Url;

use crate::http::is_loopback;

/// The content of a greeting.
pub(super) struct Greeting<'a> {
    /// What the API calls itself, and its version.
    pub(super) title: (&'a str, &'a str),
    /// What clients may call the server.
    pub(super) name: &'a str,
    /// The URL of the endpoint.
    pub(super) url: &'a Url,
    /// How many tools read, and how many may change something.
    pub(super) tools: (usize, usize),
    /// Whether calls are answered from examples.
    pub(super) mock: bool,
    /// Whether people sign in.
    pub(super) sign_in: bool,
    /// The one-time link that makes the first account, as long as there is none.
    pub(super) setup_link: Option<&'a str>,
    /// The URL that the identity provider sends browsers back to, where people sign in at one.
    pub(super) callback: Option<&'a str>,
    /// E-mail addresses of accounts that exist already.
    pub(super) accounts: &'a [String],
    /// The file that holds them, where they are in one.
    pub(super) store: Option<&'a Path>,
}

impl Greeting<'_> {
    /// The whole text, for a person at a terminal.
    pub(super) fn text(&self) -> String {
        let (title, version) = self.title;
        let (reads, writes) = self.tools;
        let mock = match self.mock {
            true => ", answered from examples",
            false => "",
        };
        let count = reads + writes;
        let mut text = format!(
            "{title} {version}: {count} tools ({reads} read, {writes} write){mock}\n\n  \
             MCP endpoint, to paste into a client:\n    {}\n\n",
            self.url
        );
        if self.sign_in && self.url.path() != "/" {
            text += &format!(
                "  Page for people, with the steps for each client:\n    {}/\n\n",
                self.url.origin().ascii_serialization()
            );
        }
        if let Some(callback) = self.callback {
            text += &format!(
                "  Callback URL (redirect URI), to register at the identity provider exactly so:\n    \
                 {callback}\n\n"
            );
        }
        if let Some(link) = self.setup_link {
            text += &format!(
                "  No account exists yet. This link creates the first one; it works once, within a \
                 day:\n    {link}\n\n"
            );
        }
        if let (Some((first, others)), None) = (self.accounts.split_first(), self.setup_link) {
            let others: String = others.iter().map(|it| format!(" or {it}")).collect();
            text += &format!("  Sign in as {first}{others}, as at an earlier start.");
            text += &match self.store {
                Some(file) => format!(
                    " To start over, stop the server and delete\n    {}*\n\n",
                    file.display()
                ),
                None => " To start over, stop the server and empty the database.\n\n".to_owned(),
            };
        }
        if !self.sign_in {
            text += "  Sign-in is off: every caller acts with this server's credentials.\n\n";
        }
        for (client, line) in self.clients() {
            // Writing to a text does not fail.
            let _ = writeln!(text, "  {client:<16} {line}");
        }
        text
    }

    /// For each client what to type, or where to paste.
    fn clients(&self) -> [(&'static str, String); 7] {
        let (name, url) = (self.name, self.url.as_str());
        let cursor = json!({ "mcpServers": { name: { "url": url } } });
        let code = json!({ "name": name, "type": "http", "url": url });
        let (origin, add) = (self.url.origin().ascii_serialization(), "codex mcp add");
        let web = match is_loopback(&origin) {
            true => "need an https URL that the internet reaches: see `server.public_url`",
            false => "Settings → Connectors → add a custom one, paste the URL",
        };
        let codex = match self.sign_in {
            true => format!("{add} {name} --url {url} && codex mcp login {name}"),
            false => format!("{add} {name} --url {url}"),
        };
        let inspector = "npx @modelcontextprotocol/inspector --transport http --server-url";
        [
            (
                "Claude Code",
                format!("claude mcp add --transport http {name} {url}"),
            ),
            ("Codex", codex),
            ("Cursor", format!("mcp.json: {cursor}")),
            ("VS Code", format!("code --add-mcp '{code}'")),
            ("MCP Inspector", format!("{inspector} {url}")),
            ("over stdio only", format!("npx mcp-remote {url}")),
            ("Claude, ChatGPT", web.to_owned()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(url: &str, setup_link: Option<&str>) -> String {
        let greeting = Greeting {
            title: ("Marquee API", "1.0.0"),
            name: "marquee",
            url: &url.parse().unwrap(),
            tools: (2, 1),
            mock: false,
            sign_in: setup_link.is_some(),
            setup_link,
            callback: None,
            accounts: &["ada@example.com".to_owned(), "bob@example.com".to_owned()],
            store: Some(Path::new("/srv/connector.db")),
        };
        greeting.text()
    }

    #[test]
    fn the_url_and_the_link_are_on_lines_of_their_own() {
        let said = text(
            "https://mcp.example.com/mcp",
            Some("https://mcp.example.com/link"),
        );
        let lines: Vec<_> = said.lines().map(str::trim).collect();
        assert_eq!(lines[0], "Marquee API 1.0.0: 3 tools (2 read, 1 write)");
        assert!(lines.contains(&"https://mcp.example.com/mcp"));
        assert!(lines.contains(&"https://mcp.example.com/link"));
    }

    #[test]
    fn accounts_that_exist_are_named_with_the_file_that_holds_them() {
        let later = text("http://127.0.0.1:8080/mcp", None);
        let expected = "Sign in as ada@example.com or bob@example.com";
        assert!(later.contains(expected), "{later}");
        assert!(later.contains("/srv/connector.db*"), "{later}");
        let first = text(
            "http://127.0.0.1:8080/mcp",
            Some("https://mcp.example.com/link"),
        );
        assert!(!first.contains("ada@example.com"), "{first}");
    }

    #[test]
    fn a_local_url_is_not_offered_to_clients_in_the_web() {
        let local = text("http://127.0.0.1:8080/mcp", None);
        assert!(local.contains("need an https URL"), "{local}");
        let public = text("https://mcp.example.com/mcp", None);
        assert!(public.contains("paste the URL"), "{public}");
    }
}
