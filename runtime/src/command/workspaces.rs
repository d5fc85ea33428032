//! `workspaces`: which workspaces there are, and what the operator does to them.

use std::io::Write as _;

use clap::Args;

use super::common::{Common, Failure};
use super::store::StorePlace;
use crate::app::{self, Environment};

#[derive(Args)]
pub(super) struct Workspaces {
    /// Links a workspace to the API's workspace UPSTREAM_ID; an empty id unlinks it
    #[arg(long, num_args = 2, value_names = ["ID", "UPSTREAM_ID"])]
    link: Option<Vec<String>>,
    /// Suspends a workspace: its calls are refused until it is resumed; its connections stay
    #[arg(long, value_name = "ID", conflicts_with_all = ["link", "resume"])]
    suspend: Option<String>,
    /// Resumes a suspended workspace: its connections work again
    #[arg(long, value_name = "ID", conflicts_with = "link")]
    resume: Option<String>,
    #[command(flatten)]
    store: StorePlace,
    #[command(flatten)]
    common: Common,
}

/// Runs the command.
pub(super) async fn run(workspaces: Workspaces) -> Result<(), Failure> {
    let mut config = workspaces.common.settle()?;
    workspaces.store.settle(&mut config.store);
    crate::log::start(&config.log);
    let environment = Environment::default();
    let changed = match (
        workspaces.link.as_deref(),
        &workspaces.suspend,
        &workspaces.resume,
    ) {
        (Some([id, upstream_id]), _, _) => Some((
            id,
            app::link_workspace(&config, &environment, id, upstream_id).await?,
        )),
        (_, Some(id), _) => Some((
            id,
            app::suspend_workspace(&config, &environment, id, true).await?,
        )),
        (_, _, Some(id)) => Some((
            id,
            app::suspend_workspace(&config, &environment, id, false).await?,
        )),
        _ => None,
    };
    if let Some((id, false)) = changed {
        return Err(format!("there is no workspace `{id}`").into());
    }
    let mut out = std::io::stdout().lock();
    for workspace in app::workspaces(&config).await? {
        let upstream_id = workspace.upstream_id.as_deref().unwrap_or("(not linked)");
        let suspended = if workspace.suspended {
            "  (suspended)"
        } else {
            ""
        };
        let (id, name) = (workspace.id, workspace.name);
        writeln!(out, "{id}  {upstream_id}  {name}{suspended}")?;
    }
    Ok(())
}
