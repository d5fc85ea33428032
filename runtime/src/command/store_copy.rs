//! `store`: moves a store from one database to another.

use std::io::Write as _;

use clap::Subcommand;

use super::common::Failure;
use crate::app;

#[derive(Subcommand)]
pub(super) enum StoreCommand {
    /// Copies all accounts, clients and keys to a store that is empty; stop the servers first
    #[command(
        after_help = "FROM and TO are a file, or the URL of a PostgreSQL database. Other people on this \
                      machine can read a password here; leave it out, and set PGPASSWORD"
    )]
    Copy {
        /// The store that is copied
        from: String,
        /// The store to copy to, which is made where it is missing
        to: String,
    },
}

/// Runs the command.
pub(super) async fn run(command: StoreCommand) -> Result<(), Failure> {
    let StoreCommand::Copy { from, to } = command;
    crate::log::start(&crate::log::LogSettings::default());
    let copied = app::copy_store(&from, &to).await?;
    let mut out = std::io::stdout().lock();
    for (table, rows) in copied {
        writeln!(out, "{rows:>9} {table}")?;
    }
    Ok(())
}
