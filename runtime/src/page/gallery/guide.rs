//! The pages of the guide.

use super::{Samples, common, site};
use crate::operation::{Operation, Schema};
use crate::page::guide::GuidePage;
use crate::page::{AgentFacts, Guide, GuideFacts, NamedConnection};
use crate::tool::Tool;

/// A tool with arguments, and a description that tries what can be tried.
static TOOL: Operation = Operation {
    name: "search_bundles",
    title: "Search *bundles* | <b>all</b>",
    description: "# Searches\n\nFinds bundles. <script>alert(1)</script>\n\n![x](https://a.example/x.png)",
    input: Schema {
        json: r#"{"type":"object","properties":{
            "query":{"type":"string","description":"Words | of the\nname."},
            "state":{"enum":["open","closed"]},
            "limit":{"type":["integer","null"]}},"required":["query"]}"#,
        ..Schema::NO_ARGUMENTS
    },
    ..Operation::BASE
};

impl Samples for GuidePage {
    fn samples() -> Vec<(&'static str, GuidePage)> {
        let mut tools = common::tools(6, 5);
        tools.push(Tool::new(&TOOL, Vec::new()));
        let Ok(guide) = Guide::new(&facts(), tools) else {
            return Vec::new();
        };
        let chapters = [
            ("overview", "/docs"),
            ("connect", "/docs/connect"),
            ("sign-in", "/docs/sign-in"),
            ("access", "/docs/access"),
            ("manage", "/docs/manage"),
            ("errors", "/docs/errors"),
            ("agents", "/docs/agents"),
            ("tools", "/docs/tools"),
            ("troubleshooting", "/docs/troubleshooting"),
        ];
        let chapters = chapters
            .into_iter()
            .filter_map(|(name, path)| Some((name, guide.chapter(path)?.page.clone())));
        let mut samples: Vec<_> = chapters.collect();
        samples.extend(guide.tool(TOOL.name).map(|it| ("tool", it.page)));
        samples
    }
}

fn facts() -> GuideFacts {
    GuideFacts {
        site: site(),
        resource: "https://mcp.example.com/mcp".to_owned(),
        read_only_resource: Some("https://mcp.example.com/mcp/readonly".to_owned()),
        connections: vec![NamedConnection {
            name: "second".to_owned(),
            url: "https://mcp.example.com/mcp/as/second".to_owned(),
        }],
        is_local: false,
        short_name: "example".to_owned(),
        prompt: Some("Use Example API: list the bundles.".to_owned()),
        read_tools: 7,
        write_tools: 5,
        search_mode: true,
        provider: Some("id.example.com".to_owned()),
        passwords: true,
        mint: true,
        until_revoked: false,
        token_lifetime: "1 hour".to_owned(),
        refresh_lifetime: "30 days".to_owned(),
        per_connection: 120,
        per_workspace: 120,
        quota: true,
        upgrade_url: None,
        files: true,
        agents: Some(AgentFacts {
            wallets: true,
            keys: true,
            token_lifetime: "1 hour".to_owned(),
        }),
        metadata: "https://mcp.example.com/.well-known/oauth-authorization-server".to_owned(),
    }
}
