//! Samples of the pages that a client has to do with.

use super::{Samples, common};
use crate::operation::Access;
use crate::page::{Consent, HandOver, Outcome, ScopeChoice, ScopeKind, Target, Tools};

impl Samples for Consent {
    fn samples() -> Vec<(&'static str, Consent)> {
        let scope = |name: &str, description: &str, kind, checked| ScopeChoice {
            name: name.to_owned(),
            description: description.to_owned(),
            kind,
            checked,
        };
        let scopes = |level| {
            let full = level == Access::Write;
            vec![
                scope(
                    "mcp:read",
                    "Use the tools that only read",
                    ScopeKind::Required,
                    true,
                ),
                scope(
                    "mcp:write",
                    "Use the tools that change things",
                    ScopeKind::Full,
                    full,
                ),
                scope(
                    "offline_access",
                    "Stay connected",
                    ScopeKind::Optional,
                    true,
                ),
            ]
        };
        let verified = Consent {
            csrf_token: common::TOKEN.to_owned(),
            client: common::claude(),
            account: common::EMAIL.to_owned(),
            other_account_url: Some("/oauth/login".to_owned()),
            workspace_id: "w1".to_owned(),
            workspace: "Northwind Studio".to_owned(),
            switch_url: Some("/oauth/consent/sample/workspace".to_owned()),
            not_linked: None,
            highest: Access::Write,
            level: Access::Read,
            scopes: scopes(Access::Read),
            tools: Tools::new(&common::tools(6, 5)),
            connection: None,
            tags: Vec::new(),
            resource: "https://mcp.example.com/mcp".to_owned(),
        };
        vec![
            ("verified", verified.clone()),
            (
                "full",
                Consent {
                    level: Access::Write,
                    client: common::chatgpt(),
                    scopes: scopes(Access::Write),
                    tools: Tools::new(&common::tools(412, 267)),
                    ..verified.clone()
                },
            ),
            (
                "read-only-connector",
                Consent {
                    highest: Access::Read,
                    scopes: scopes(Access::Read)
                        .into_iter()
                        .filter(|scope| scope.kind != ScopeKind::Full)
                        .collect(),
                    tools: Tools::new(&common::tools(3, 0)),
                    resource: "https://mcp.example.com/mcp/readonly".to_owned(),
                    switch_url: None,
                    ..verified.clone()
                },
            ),
            (
                "named-connection",
                Consent {
                    connection: Some("work".to_owned()),
                    tags: vec!["bundles".to_owned(), "media".to_owned()],
                    resource: "https://mcp.example.com/mcp/as/work/toolsets/bundles,media"
                        .to_owned(),
                    ..verified.clone()
                },
            ),
            (
                "not-linked",
                Consent {
                    not_linked: Some(common::not_linked(None)),
                    ..verified.clone()
                },
            ),
            (
                "unknown",
                Consent {
                    client: common::unknown(),
                    ..verified.clone()
                },
            ),
            (
                "loopback",
                Consent {
                    client: common::claude_code(),
                    ..verified.clone()
                },
            ),
            (
                "app",
                Consent {
                    client: common::cursor(),
                    ..verified.clone()
                },
            ),
            (
                "hostile",
                Consent {
                    client: common::hostile(),
                    workspace: "<script>alert(1)</script>".to_owned(),
                    ..verified
                },
            ),
        ]
    }
}

impl Samples for HandOver {
    fn samples() -> Vec<(&'static str, HandOver)> {
        let app = |outcome, query: &str| {
            let uri = format!("cursor://anysphere.cursor-mcp/oauth/callback?{query}");
            Some(HandOver {
                client: common::cursor(),
                target: Target::new(&uri)?,
                outcome,
                by_itself: true,
            })
        };
        let refused = || {
            let uri = "https://assistant.acme.example/oauth/callback?tenant=42&error=sample";
            Some(HandOver {
                client: common::unknown(),
                target: Target::new(uri)?,
                outcome: Outcome::Refused("response_type is missing".to_owned()),
                by_itself: false,
            })
        };
        let shapes = [
            (
                "approved",
                app(Outcome::Approved, "code=sample&state=sample"),
            ),
            ("denied", app(Outcome::Denied, "error=access_denied")),
            ("refused", refused()),
        ];
        let shapes = shapes.into_iter();
        shapes
            .filter_map(|(name, page)| Some((name, page?)))
            .collect()
    }
}
