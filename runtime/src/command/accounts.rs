//! `accounts`: who has an account, and what the operator does to it.

use std::io::Write as _;

use clap::{Args, ValueEnum};

use super::common::{Common, Failure};
use super::store::StorePlace;
use crate::app::{self, Environment};
use crate::config::{Config, environment};

#[derive(Args)]
pub(super) struct Accounts {
    /// Disables an account, by id or e-mail address: its sessions and connections end at once
    #[arg(long, value_name = "ACCOUNT", group = "change")]
    disable: Option<String>,
    /// Enables a disabled account: its person can sign in again
    #[arg(long, value_name = "ACCOUNT", group = "change")]
    enable: Option<String>,
    /// Forgets which account of the identity provider belongs to an account here, and ends its sessions
    #[arg(long, value_name = "ACCOUNT", group = "change")]
    unlink: Option<String>,
    /// Prints a link by which a person sets a new password, once and within a day
    #[arg(long, value_name = "ACCOUNT", group = "change")]
    reset_password: Option<String>,
    /// Prints a link by which one person joins a workspace, by its id, within a week
    #[arg(long, value_name = "WORKSPACE", group = "change")]
    invite: Option<String>,
    /// Role of the person who is invited
    #[arg(
        long,
        value_name = "ROLE",
        default_value = "member",
        requires = "invite"
    )]
    role: InvitedRole,
    /// URL under which people reach the server that the links lead to
    #[arg(long, value_name = "URL", env = environment::PUBLIC_URL, value_parser = crate::config::parse_public_url)]
    public_url: Option<url::Url>,
    #[command(flatten)]
    store: StorePlace,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InvitedRole {
    Member,
    Owner,
}

/// Runs the command.
pub(super) async fn run(accounts: Accounts) -> Result<(), Failure> {
    let mut config = accounts.common.settle()?;
    accounts.store.settle(&mut config.store);
    config.server.public_url = accounts.public_url.or(config.server.public_url.take());
    crate::log::start(&config.log);
    let environment = Environment::default();
    let unknown = |account: &str| format!("there is no account `{account}`");
    if let Some(account) = &accounts.reset_password {
        let link = app::reset_link(&config, &environment, account).await?;
        let link = link.ok_or_else(|| format!("{}, or it is disabled", unknown(account)))?;
        return print_link("set a new password", "a day", &link);
    }
    if let Some(workspace) = &accounts.invite {
        let owner = accounts.role == InvitedRole::Owner;
        let link = app::invitation_link(&config, &environment, workspace, owner).await?;
        let link = link.ok_or_else(|| {
            format!("there is no workspace `{workspace}`; `workspaces` lists their ids")
        })?;
        return print_link("join the workspace", "a week", &link);
    }
    if let Some(account) = &accounts.unlink {
        match app::unlink_account(&config, &environment, account).await? {
            Some(true) => {}
            Some(false) => {
                return Err(format!("`{account}` is linked to no account of a provider").into());
            }
            None => return Err(unknown(account).into()),
        }
    }
    for (account, disabled) in [(&accounts.disable, true), (&accounts.enable, false)] {
        if let Some(account) = account
            && !app::disable_account(&config, &environment, account, disabled).await?
        {
            return Err(unknown(account).into());
        }
    }
    list(&config).await
}

/// Prints a link alone to standard output, so that scripts can pass it on, and its use beside it.
fn print_link(purpose: &str, time: &str, link: &str) -> Result<(), Failure> {
    let _ = writeln!(
        std::io::stderr(),
        "Send this link to one person, who can {purpose} with it, once and within {time}:"
    );
    writeln!(std::io::stdout(), "{link}")?;
    Ok(())
}

async fn list(config: &Config) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for account in app::accounts(config).await? {
        let workspaces = match account.workspaces {
            1 => "1 workspace".to_owned(),
            number => format!("{number} workspaces"),
        };
        let disabled = match account.disabled {
            Some(_) => "  (disabled)",
            None => "",
        };
        let (id, email, name) = (account.id, account.email, account.name);
        writeln!(out, "{id}  {email}  {name}  {workspaces}{disabled}")?;
    }
    Ok(())
}
