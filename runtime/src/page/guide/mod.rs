//! The guide: pages that explain the connector to the people who use it, each as HTML and as Markdown, from
//! one text.

mod markdown;
mod reference;

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::{Page, Site};
use crate::tool::Tool;

/// What the chapters say of this server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct GuideFacts {
    pub(crate) site: Site,
    /// The URL to paste.
    pub(crate) resource: String,
    /// The URL for those who never want more than reading, where there are tools that change something.
    pub(crate) read_only_resource: Option<String>,
    /// Further URLs of the server.
    pub(crate) connections: Vec<NamedConnection>,
    /// Whether only programs on the same machine reach the URL.
    pub(crate) is_local: bool,
    /// A short name for configuration files and command lines.
    pub(crate) short_name: String,
    /// A sentence to try the connection with.
    pub(crate) prompt: Option<String>,
    pub(crate) read_tools: usize,
    pub(crate) write_tools: usize,
    /// Whether assistants list few tools, which find and call the others.
    pub(crate) search_mode: bool,
    /// The host of the identity provider, where people sign in at one.
    pub(crate) provider: Option<String>,
    /// Whether people sign in with a password of this server.
    pub(crate) passwords: bool,
    /// Whether each connection has a key of its own at the API.
    pub(crate) mint: bool,
    /// Whether connections last until they are revoked.
    pub(crate) until_revoked: bool,
    /// How long an access token is valid, in words.
    pub(crate) token_lifetime: String,
    /// How long a connection lasts that is not used, in words.
    pub(crate) refresh_lifetime: String,
    /// The calls of one connection in a minute.
    pub(crate) per_connection: u32,
    /// The calls of one workspace in a minute.
    pub(crate) per_workspace: u32,
    pub(crate) quota: bool,
    /// Where people get a larger quota.
    pub(crate) upgrade_url: Option<String>,
    /// Whether files come as links.
    pub(crate) files: bool,
    pub(crate) agents: Option<AgentFacts>,
    /// The URL of the metadata of the authorization server.
    pub(crate) metadata: String,
}

/// A further URL of the server.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NamedConnection {
    pub(crate) name: String,
    pub(crate) url: String,
}

/// How agents sign in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct AgentFacts {
    pub(crate) wallets: bool,
    pub(crate) keys: bool,
    /// How long an access token is valid, in words.
    pub(crate) token_lifetime: String,
}

/// A chapter as the overview and the list beside each page show it.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    path: &'static str,
    title: &'static str,
    /// What it is about, as the rest of a sentence.
    about: &'static str,
}

/// The chapters after the overview, in the order in which they are listed.
const CHAPTERS: [Entry; 8] = [
    Entry {
        path: "/docs/connect",
        title: "Connect",
        about: "what to do in Claude, ChatGPT, Cursor, VS Code, Codex, Copilot and other clients",
    },
    Entry {
        path: "/docs/sign-in",
        title: "How sign-in works",
        about: "what happens after you click Connect",
    },
    Entry {
        path: "/docs/access",
        title: "Access levels",
        about: "what an assistant can do, and how to have both levels",
    },
    Entry {
        path: "/docs/manage",
        title: "Manage and revoke",
        about: "see what is connected, and end it",
    },
    Entry {
        path: "/docs/errors",
        title: "Errors and limits",
        about: "what a failed call says, and how often assistants can call",
    },
    Entry {
        path: "/docs/agents",
        title: "Agents",
        about: "programs that sign in without a person",
    },
    Entry {
        path: TOOLS,
        title: "Tools",
        about: "each tool with its arguments",
    },
    Entry {
        path: "/docs/troubleshooting",
        title: "Troubleshooting",
        about: "what to do when something does not work",
    },
];

const OVERVIEW: Entry = Entry {
    path: "/docs",
    title: "Overview",
    about: "",
};
const TOOLS: &str = "/docs/tools";

/// The texts of the chapters that have a template, by path.
const TEXTS: [(&str, &str); 8] = [
    (OVERVIEW.path, include_str!("chapters/overview.md")),
    ("/docs/connect", include_str!("chapters/connect.md")),
    ("/docs/sign-in", include_str!("chapters/sign-in.md")),
    ("/docs/access", include_str!("chapters/access.md")),
    ("/docs/manage", include_str!("chapters/manage.md")),
    ("/docs/errors", include_str!("chapters/errors.md")),
    ("/docs/agents", include_str!("chapters/agents.md")),
    (
        "/docs/troubleshooting",
        include_str!("chapters/troubleshooting.md"),
    ),
];

/// The guide of one server.
#[derive(Debug)]
pub(crate) struct Guide {
    chapters: Vec<Chapter>,
    tools: Vec<Tool>,
}

/// One page of the guide.
#[derive(Clone, Debug)]
pub(crate) struct Chapter {
    pub(crate) markdown: Arc<str>,
    pub(crate) page: GuidePage,
}

/// A page of the guide in HTML.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct GuidePage {
    title: String,
    /// Its path.
    path: String,
    chapters: Vec<Entry>,
    /// HTML, which `markdown` made of the chapter's text.
    body: Value,
}

impl Page for GuidePage {
    const TEMPLATE: &'static str = "guide.html";
}

impl Guide {
    /// Writes the chapters.
    ///
    /// # Errors
    /// Where a text is no template, which a test rules out.
    pub(crate) fn new(facts: &GuideFacts, tools: Vec<Tool>) -> Result<Guide, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()?;
        environment.set_syntax(syntax);
        environment.add_filter("md", |text: String| markdown::escape(&text));
        environment.add_global("chapters", Value::from(Serde(CHAPTERS)));
        environment.add_global("pick", pick(facts));
        environment.add_global("support", support(facts));
        environment.add_global("report", report(facts));
        let mut chapters = Vec::with_capacity(TEXTS.len() + 1);
        for (path, text) in TEXTS {
            let text = environment.render_str(text, Serde(facts))?;
            chapters.push(Chapter::new(path, text.trim_end().to_owned() + "\n"));
        }
        chapters.push(Chapter::new(
            TOOLS,
            reference::index(&tools, facts.search_mode),
        ));
        Ok(Guide { chapters, tools })
    }

    /// The chapter at a path, which has no `.md` at its end.
    pub(crate) fn chapter(&self, path: &str) -> Option<&Chapter> {
        self.chapters.iter().find(|it| it.page.path == path)
    }

    /// The page of a tool.
    pub(crate) fn tool(&self, name: &str) -> Option<Chapter> {
        let tool = self.tools.iter().find(|it| it.name() == name)?;
        let (markdown, html) = reference::tool(tool);
        Some(Chapter {
            markdown: markdown.into(),
            page: GuidePage::new(tool.title().to_owned(), format!("{TOOLS}/{name}"), html),
        })
    }
}

impl Chapter {
    fn new(path: &'static str, markdown: String) -> Chapter {
        let entry = CHAPTERS.iter().find(|it| it.path == path);
        let title = entry.map_or(OVERVIEW.title, |it| it.title);
        Chapter {
            page: GuidePage::new(
                title.to_owned(),
                path.to_owned(),
                markdown::chapter(&markdown),
            ),
            markdown: markdown.into(),
        }
    }
}

impl GuidePage {
    fn new(title: String, path: String, html: String) -> GuidePage {
        GuidePage {
            title,
            path,
            chapters: [[OVERVIEW].as_slice(), CHAPTERS.as_slice()].concat(),
            body: Value::from_safe_string(html),
        }
    }
}

/// What a person does between signing in and authorizing.
fn pick(facts: &GuideFacts) -> &'static str {
    match facts.write_tools {
        0 => "Pick a workspace if you are in more than one.",
        _ => "Pick a workspace if you are in more than one, and an access level.",
    }
}

/// What a person does who cannot go on.
fn support(facts: &GuideFacts) -> String {
    match &facts.site.support_url {
        Some(url) => format!("[contact support]({url})"),
        None => "turn to the people who run this server".to_owned(),
    }
}

/// The beginning of a sentence that ends with what to report.
fn report(facts: &GuideFacts) -> String {
    match &facts.site.support_url {
        Some(url) => format!("[report]({url})"),
        None => "report to the people who run this server".to_owned(),
    }
}
