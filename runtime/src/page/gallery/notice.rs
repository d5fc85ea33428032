//! Samples of the pages that say one thing.

use std::time::Duration;

use super::{Samples, common};
use crate::model::{Refused, Whose};
use crate::page::{Busy, Connect, ConnectorFacts, Notice, ProviderProblem, RequestProblem};

impl Samples for Notice {
    fn samples() -> Vec<(&'static str, Notice)> {
        let id = common::REQUEST_ID;
        let problems = RequestProblem::ALL.into_iter();
        let mut samples: Vec<_> = problems
            .map(|(name, problem)| (name, Notice::bad_request(problem, id)))
            .collect();
        let problems = ProviderProblem::ALL.into_iter();
        samples.extend(
            problems.map(|(name, problem)| (name, Notice::provider(problem, "Example", id))),
        );
        samples.extend([
            (
                "client-unreachable",
                Notice::client_unreachable("claude.ai", id),
            ),
            ("key-not-made", Notice::key_not_made("Pets", id)),
            (
                "workspace-not-linked",
                Notice::workspace_not_linked(
                    "Studio",
                    "example workspaces --link wsp_1 UPSTREAM_ID",
                    id,
                ),
            ),
            ("expired", Notice::expired(id)),
            ("forbidden", Notice::forbidden(id)),
            ("dead-link", Notice::dead_link(id)),
            ("not-found", Notice::not_found(id)),
            ("nothing-here", Notice::nothing_here(id).leading_home()),
            ("endpoint", Notice::endpoint(id).leading_home()),
            ("for-programs", Notice::for_programs(id)),
            ("refused", Notice::refused(id)),
            ("late", Notice::late(id)),
            (
                "throttled",
                Notice::throttled(
                    Busy::Authorizations,
                    Refused {
                        whose: Whose::Network,
                        wait: Duration::from_secs(30),
                    },
                    id,
                ),
            ),
            ("unavailable", Notice::unavailable(id)),
            ("signed-out", Notice::signed_out()),
            ("password-set", Notice::password_set()),
            ("account-deleted", Notice::account_deleted()),
        ]);
        samples
    }
}

impl Samples for Connect {
    fn samples() -> Vec<(&'static str, Connect)> {
        let tools = common::tools(6, 5);
        let public = ConnectorFacts {
            name: "example",
            site: "Example API",
            description: common::DESCRIPTION,
            resource: "https://mcp.example.com/mcp",
            read_only_resource: "https://mcp.example.com/mcp/readonly",
            is_local: false,
            has_guide: true,
            tools: &tools,
        };
        let local = ConnectorFacts {
            description: "",
            resource: "http://127.0.0.1:8080/mcp",
            is_local: true,
            has_guide: false,
            tools: tools.get(..6).unwrap_or_default(),
            ..public
        };
        vec![
            ("read-and-write", Connect::new(public)),
            ("local", Connect::new(local)),
        ]
    }
}
