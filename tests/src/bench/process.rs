//! The servers as processes of their own, so that their memory can be told apart.

use std::ffi::OsStr;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::load::Connection;
use super::{LOOPBACK, Role};

/// A running server; it ends when dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    started: Instant,
    child: Child,
}

impl Server {
    /// Starts this program again in another role.
    pub(super) async fn play(role: Role, upstream: Option<SocketAddr>) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", role.name()]);
        if let Some(upstream) = upstream {
            command.arg(upstream.to_string());
        }
        let started = Instant::now();
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let address = line
            .with_context(|| format!("{} did not start", role.name()))?
            .parse()?;
        Ok(Server {
            address,
            started,
            child,
        })
    }

    /// Starts a generated server as people deploy it, for everybody.
    pub(super) fn generated(
        program: &Path,
        arguments: &[&str],
        config: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let arguments = [&["--auth", "none"], arguments].concat();
        Server::generated_at(free()?, program, &arguments, config)
    }

    /// Starts a generated server as people deploy it, at an address that is free.
    pub(super) fn generated_at(
        address: SocketAddr,
        program: &Path,
        arguments: &[&str],
        config: Option<&Path>,
    ) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(["serve", "--listen", &address.to_string()])
            .args(arguments);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        let started = Instant::now();
        let child = command
            .current_dir(std::env::temp_dir())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Server {
            address,
            started,
            child,
        })
    }

    /// Connects as soon as the server listens.
    pub(super) async fn connect(&self) -> anyhow::Result<Connection> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            match Connection::open(self.address).await {
                Ok(connection) => return Ok(connection),
                Err(error) if Instant::now() > deadline => return Err(error.context("no start")),
                Err(_) => tokio::time::sleep(Duration::from_micros(500)).await,
            }
        }
    }

    /// How long ago the process was started.
    pub(super) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Processor time the server has used, in seconds. Unlike calls a second, it hardly depends on
    /// what else the machine is doing.
    pub(super) fn processor_seconds(&self) -> anyhow::Result<f64> {
        /// What the kernel counts processor time in, on every Linux (`USER_HZ`).
        const TICKS_A_SECOND: f64 = 100.0;
        let pid = self.child.id().context("the server has ended")?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program, in parentheses, may hold blanks.
        let (_, fields) = stat.rsplit_once(')').context("no process statistics")?;
        let ticks = fields
            .split_whitespace()
            .skip(11)
            .take(2)
            .map(str::parse::<f64>);
        Ok(ticks.sum::<Result<f64, _>>()? / TICKS_A_SECOND)
    }

    /// Resident memory, in KiB.
    pub(super) fn resident_kib(&self) -> anyhow::Result<u64> {
        let pid = self.child.id().context("the server has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        Ok(line
            .context("no VmRSS")?
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()?)
    }
}

impl Role {
    /// The word that names it on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Stub => "stub",
            Role::Bare => "bare",
        }
    }
}

/// An address that nobody listens at.
pub(super) fn free() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind(LOOPBACK)?.local_addr()?)
}

/// The target directory that this program was built into.
pub(super) fn target() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let release = program.parent().context("a program in a directory")?;
    Ok(release.parent().context("a target directory")?.to_owned())
}

/// Runs cargo to its end.
pub(super) async fn cargo(arguments: &[&OsStr]) -> anyhow::Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program).args(arguments).status().await?;
    ensure!(status.success(), "cargo {arguments:?} failed");
    Ok(())
}
