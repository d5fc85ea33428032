//! Samples of the pages that say one thing.

use std::time::Duration;

use super::{Samples, common};
use crate::model::{Refused, Whose};
use crate::page::{Busy, Connect, Notice};

impl Samples for Notice {
    fn samples() -> Vec<(&'static str, Notice)> {
        let id = common::REQUEST_ID;
        vec![
            (
                "bad-request",
                Notice::bad_request("The redirect URI is not one the client registered.", id),
            ),
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
        ]
    }
}

impl Samples for Connect {
    fn samples() -> Vec<(&'static str, Connect)> {
        let base = Connect {
            resource: "https://mcp.example.com/mcp".to_owned(),
            read_only_resource: Some("https://mcp.example.com/mcp/readonly".to_owned()),
            short_name: "example".to_owned(),
            description: common::DESCRIPTION.to_owned(),
            read_tools: 6,
            write_tools: 5,
        };
        vec![
            ("read-and-write", base.clone()),
            (
                "read-only",
                Connect {
                    resource: "http://127.0.0.1:8080/mcp".to_owned(),
                    read_only_resource: None,
                    description: String::new(),
                    write_tools: 0,
                    ..base
                },
            ),
        ]
    }
}
