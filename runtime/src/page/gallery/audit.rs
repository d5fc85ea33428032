//! Samples of the page of a workspace's activity.

use std::time::{Duration, SystemTime};

use super::{Samples, common};
use crate::page::moment::Moment;
use crate::page::{Activity, ActivityRow, ActivitySearch, Visit};

impl Samples for Activity {
    fn samples() -> Vec<(&'static str, Activity)> {
        let row = |what: &str, is_call, problem: Option<&str>| ActivityRow {
            at: Moment::from(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)),
            what: what.to_owned(),
            is_call,
            problem: problem.map(str::to_owned),
            person: Some(common::EMAIL.to_owned()),
            client: Some("Claude (MCP connector)".to_owned()),
            elapsed_ms: is_call.then_some(84),
            request: "req_Zk3p9QfW2mXs7TbL".to_owned(),
            count: 1,
        };
        let base = Activity {
            visit: Visit::sample(),
            workspace_id: "w1".to_owned(),
            workspace: "Northwind Studio".to_owned(),
            search: ActivitySearch::default(),
            rows: vec![
                row("list_bundles", true, None),
                row("create_bundle (as new_bundle)", true, Some("rate_limited")),
                ActivityRow {
                    count: 12,
                    ..row("Access token refreshed", false, None)
                },
                ActivityRow {
                    person: None,
                    client: None,
                    ..row("Workspace suspended", false, None)
                },
            ],
            older: Some("/portal/workspaces/w1/audit?after=1795000000000.7".to_owned()),
        };
        let nothing = Activity {
            search: ActivitySearch {
                person: "eve@example.com".to_owned(),
                tool: "list_bundles".to_owned(),
                person_problem: Some("No member of this workspace has this address.".to_owned()),
                since_problem: Some("This is not a day.".to_owned()),
                is_narrow: true,
                ..ActivitySearch::default()
            },
            rows: Vec::new(),
            older: None,
            ..base.clone()
        };
        vec![("several", base), ("nothing", nothing)]
    }
}
