//! Samples of the pages of the portal.

use std::time::{Duration, SystemTime};

use super::{Samples, common};
use crate::model::Role;
use crate::operation::Access;
use crate::page::moment::Moment;
use crate::page::{
    Account, Agent, ApiKey, ApiKeys, DeleteAccount, Ended, Member, Members, OwnedWorkspace,
    PendingInvitation, Profile, Session, Visit, WorkspaceRow, Workspaces,
};

/// A moment, so many minutes after a fixed one.
fn moment(minutes: u64) -> Moment {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    Moment::from(start + Duration::from_secs(minutes * 60))
}

impl WorkspaceRow {
    fn sample(id: &str, name: &str, role: Role) -> WorkspaceRow {
        WorkspaceRow {
            id: id.to_owned(),
            name: name.to_owned(),
            role,
            members: 3,
            upstream_id: Some("ws_5QdK".to_owned()),
            suspended: false,
            not_linked: None,
        }
    }
}

impl Visit {
    pub(super) fn sample() -> Visit {
        Visit {
            csrf_token: common::TOKEN.to_owned(),
            account: common::EMAIL.to_owned(),
            done: None,
            problem: None,
        }
    }
}

/// A key that works.
fn key(id: &str, name: &str, host: &str, level: Access, minutes: u64) -> ApiKey {
    ApiKey {
        id: id.to_owned(),
        name: name.to_owned(),
        made_as: None,
        claimed_name: None,
        agent: None,
        issuer: None,
        host: host.to_owned(),
        owner: None,
        workspace: "Northwind Studio".to_owned(),
        connection: None,
        tags: Vec::new(),
        level,
        scopes: match level {
            Access::Read => vec!["mcp:read".to_owned()],
            Access::Write => vec!["mcp:read".to_owned(), "mcp:write".to_owned()],
        },
        created: moment(minutes),
        last_used: Some(moment(minutes + 3000)),
        last_tools: vec!["get_account".to_owned(), "list_bundles".to_owned()],
        expires: Some(moment(minutes + 43_200)),
        ended: None,
    }
}

impl Samples for ApiKeys {
    fn samples() -> Vec<(&'static str, ApiKeys)> {
        let empty = ApiKeys {
            visit: Visit::sample(),
            active: Vec::new(),
            ended: Vec::new(),
            more: false,
            resource: "https://mcp.example.com/mcp".to_owned(),
            agents_url: None,
        };
        vec![
            ("none", empty.clone()),
            (
                "several",
                ApiKeys {
                    visit: Visit {
                        done: Some("The key was revoked. It no longer works.".to_owned()),
                        ..Visit::sample()
                    },
                    active: vec![
                        key(
                            "k1",
                            "Claude (MCP connector)",
                            "claude.ai",
                            Access::Write,
                            900,
                        ),
                        ApiKey {
                            made_as: Some("Claude (MCP connector)".to_owned()),
                            ..key("k2", "Claude at work", "claude.ai", Access::Read, 600)
                        },
                        ApiKey {
                            claimed_name: Some("Claude Code".to_owned()),
                            last_used: None,
                            expires: None,
                            owner: Some("grace@example.com".to_owned()),
                            workspace: "Analytical Engines".to_owned(),
                            ..key(
                                "k3",
                                "Claude Code on localhost, unverified (MCP connector)",
                                "localhost",
                                Access::Read,
                                0,
                            )
                        },
                        ApiKey {
                            agent: Some(Agent {
                                client_id: "agt_7Yd0q2Lr9sVxW4eTnB1uKc".to_owned(),
                                credential: "Wallet 0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
                                    .to_owned(),
                            }),
                            made_as: Some("Agent agt_7Yd0q2Lr9sVxW4eTnB1uKc (wallet)".to_owned()),
                            expires: None,
                            ..key("k5", "Night reports", "", Access::Read, 300)
                        },
                        ApiKey {
                            issuer: Some("https://id.example.com".to_owned()),
                            ..key("k6", "Claude (MCP connector)", "", Access::Read, 200)
                        },
                    ],
                    agents_url: Some("/portal/agents"),
                    ended: vec![ApiKey {
                        ended: Some(Ended {
                            at: moment(5000),
                            how: "revoked by you".to_owned(),
                        }),
                        ..key(
                            "k4",
                            "ChatGPT (MCP connector)",
                            "chatgpt.com",
                            Access::Write,
                            0,
                        )
                    }],
                    ..empty
                },
            ),
        ]
    }
}

impl Samples for Workspaces {
    fn samples() -> Vec<(&'static str, Workspaces)> {
        vec![
            (
                "two",
                Workspaces {
                    visit: Visit::sample(),
                    workspaces: vec![
                        WorkspaceRow::sample("w1", "Northwind Studio", Role::Owner),
                        WorkspaceRow {
                            upstream_id: None,
                            members: 1,
                            suspended: true,
                            ..WorkspaceRow::sample("w2", "Analytical Engines", Role::Member)
                        },
                    ],
                },
            ),
            (
                "none",
                Workspaces {
                    visit: Visit {
                        problem: Some("Give the workspace a name.".to_owned()),
                        ..Visit::sample()
                    },
                    workspaces: Vec::new(),
                },
            ),
        ]
    }
}

impl Samples for Members {
    fn samples() -> Vec<(&'static str, Members)> {
        let member = |id: &str, name: &str, email: &str, role, you| Member {
            id: id.to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            role,
            you,
            joined: moment(0),
        };
        let ada = |role| member("u1", "Ada Lovelace", common::EMAIL, role, true);
        let grace = |role| member("u2", "Grace Hopper", "grace@example.com", role, false);
        vec![
            (
                "owner",
                Members {
                    visit: Visit::sample(),
                    workspace: WorkspaceRow::sample("w1", "Northwind Studio", Role::Owner),
                    may_link: true,
                    members: vec![ada(Role::Owner), grace(Role::Member)],
                    invitations: vec![PendingInvitation {
                        id: "i1".to_owned(),
                        role: Role::Member,
                        inviter: common::EMAIL.to_owned(),
                        expires: moment(10_000),
                    }],
                    new_link: Some(
                        "https://mcp.example.com/account/join/V3ryL0ngOneTimeT0ken-sample"
                            .to_owned(),
                    ),
                },
            ),
            (
                "not-linked",
                Members {
                    visit: Visit::sample(),
                    workspace: WorkspaceRow {
                        upstream_id: None,
                        not_linked: Some(common::not_linked(Some("/portal/workspaces/w1#link"))),
                        ..WorkspaceRow::sample("w1", "Northwind Studio", Role::Owner)
                    },
                    may_link: true,
                    members: vec![ada(Role::Owner)],
                    invitations: Vec::new(),
                    new_link: None,
                },
            ),
            (
                "member",
                Members {
                    visit: Visit::sample(),
                    workspace: WorkspaceRow {
                        suspended: true,
                        ..WorkspaceRow::sample("w2", "Analytical Engines", Role::Member)
                    },
                    may_link: false,
                    members: vec![grace(Role::Owner), ada(Role::Member)],
                    invitations: Vec::new(),
                    new_link: None,
                },
            ),
        ]
    }
}

impl Samples for Account {
    fn samples() -> Vec<(&'static str, Account)> {
        let session = |id: &str, browser: &str, current| Session {
            id: id.to_owned(),
            browser: browser.to_owned(),
            created: moment(0),
            last_seen: moment(90),
            current,
        };
        let profile = Profile {
            name: "Ada Lovelace".to_owned(),
            email: common::EMAIL.to_owned(),
            name_problem: None,
            email_problem: None,
        };
        let base = Account {
            visit: Visit::sample(),
            profile,
            sessions: vec![
                session("s1", "Firefox on Linux", true),
                session("s2", "Safari on iPhone", false),
            ],
            has_password: true,
            password_minimum: 10,
            current_password_problem: None,
            new_password_problem: None,
            retry_after: None,
        };
        vec![
            ("two-sessions", base.clone()),
            (
                "problems",
                Account {
                    profile: Profile {
                        name: String::new(),
                        email: "ada@".to_owned(),
                        name_problem: Some("Enter your name.".to_owned()),
                        email_problem: Some("This is not an e-mail address.".to_owned()),
                    },
                    sessions: vec![session("s1", "Firefox on Linux", true)],
                    current_password_problem: Some("This is not your password.".to_owned()),
                    new_password_problem: Some("Use at least 10 characters.".to_owned()),
                    ..base
                },
            ),
        ]
    }
}

impl Samples for DeleteAccount {
    fn samples() -> Vec<(&'static str, DeleteAccount)> {
        let base = DeleteAccount {
            visit: Visit::sample(),
            connections: 2,
            deleted: vec!["Analytical Engines".to_owned()],
            left: vec!["Northwind Studio".to_owned()],
            ownerless: Vec::new(),
        };
        let ownerless = DeleteAccount {
            visit: Visit {
                problem: Some(
                    "A workspace needs an owner. Make somebody else an owner first.".to_owned(),
                ),
                ..Visit::sample()
            },
            ownerless: vec![OwnedWorkspace {
                id: "w1".to_owned(),
                name: "Northwind Studio".to_owned(),
            }],
            ..base.clone()
        };
        vec![("consequences", base), ("only-owner", ownerless)]
    }
}
