//! The servers as processes of their own, so that their memory can be told apart.

use std::net::SocketAddr;
use std::process::Stdio;

use anyhow::Context;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::Role;

/// A running server; it ends when dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts this program again in another role.
    pub(super) async fn spawn(role: Role, upstream: Option<SocketAddr>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", role.name()]);
        if let Some(upstream) = upstream {
            command.arg(upstream.to_string());
        }
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let address = line.with_context(|| format!("{} did not start", role.name()))?.parse()?;
        Ok(Server { address, child })
    }

    pub(super) fn resident_kib(&self) -> anyhow::Result<u64> {
        resident_kib(self.child.id().context("the server has ended")?)
    }
}

impl Role {
    /// The word that names it on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Stub => "stub",
            Role::Bare => "bare",
            Role::Ours => "ours",
        }
    }
}

/// Resident memory of a process, in KiB.
pub(super) fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
