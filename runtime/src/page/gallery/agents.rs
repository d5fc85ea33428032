//! Samples of the page that links agents.

use super::Samples;
use crate::operation::Access;
use crate::page::{AgentWorkspace, LinkAgent, LinkedAgent, Visit};

impl Samples for LinkAgent {
    fn samples() -> Vec<(&'static str, LinkAgent)> {
        let workspace = |id: &str, name: &str, selected| AgentWorkspace {
            id: id.to_owned(),
            name: name.to_owned(),
            selected,
        };
        let base = LinkAgent {
            visit: Visit::sample(),
            workspaces: vec![
                workspace("w1", "Northwind Studio", true),
                workspace("w2", "Analytical Engines", false),
            ],
            wallets: true,
            keys: true,
            highest: Access::Write,
            level: Access::Read,
            name: String::new(),
            name_problem: None,
            credential: String::new(),
            credential_problem: None,
            linked: None,
        };
        vec![
            ("form", base.clone()),
            (
                "problems",
                LinkAgent {
                    wallets: true,
                    keys: false,
                    name_problem: Some("Give the agent a name.".to_owned()),
                    credential: "0x1234".to_owned(),
                    credential_problem: Some(
                        "An address is 0x and 40 hexadecimal digits.".to_owned(),
                    ),
                    ..base.clone()
                },
            ),
            (
                "linked",
                LinkAgent {
                    highest: Access::Read,
                    linked: Some(LinkedAgent {
                        name: "Night reports".to_owned(),
                        client_id: "agt_7Yd0q2Lr9sVxW4eTnB1uKc".to_owned(),
                        resource: "https://mcp.example.com/mcp".to_owned(),
                    }),
                    ..base.clone()
                },
            ),
            (
                "no-workspace",
                LinkAgent {
                    workspaces: Vec::new(),
                    ..base
                },
            ),
        ]
    }
}
