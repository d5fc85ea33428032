//! The servers as processes of their own, on a core of their own, so that what each costs can be
//! measured.

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
        let core = match role {
            Role::Stub => Core::Load,
            Role::Raw | Role::Bare => Core::Server,
        };
        let mut command = core.command(&std::env::current_exe()?);
        // As the generated server sets it for itself.
        command.env("MIMALLOC_PURGE_DELAY", "10");
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
        let mut command = Core::Server.command(program);
        command
            .args(["serve", "--listen", &address.to_string()])
            .args(arguments);
        if let Some(config) = config {
            command.arg("--config").arg(config);
        }
        // The log as it is by default, written to a file.
        let log = std::fs::File::create(target()?.join("bench.log"))?;
        let started = Instant::now();
        let child = command
            .current_dir(std::env::temp_dir())
            .stderr(log)
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
            Role::Raw => "raw",
            Role::Bare => "bare",
        }
    }
}

/// The processor core that a process runs on. The server under test has one for itself, so that what
/// it costs does not depend on how much the others leave to it.
#[derive(Clone, Copy, Debug)]
enum Core {
    Server,
    Load,
}

impl Core {
    /// A command that runs `program` on this core alone.
    fn command(self, program: &Path) -> Command {
        let mut command = Command::new("taskset");
        command.args(["-c", self.number()]).arg(program);
        command
    }

    const fn number(self) -> &'static str {
        match self {
            Core::Server => "0",
            Core::Load => "1",
        }
    }
}

/// Moves this process, which makes the load, to its core.
///
/// # Errors
/// Where there is no `taskset`, or the machine has a single core.
pub(super) async fn pin_load() -> anyhow::Result<()> {
    let pid = std::process::id().to_string();
    let mut command = Command::new("taskset");
    command.args(["-cp", Core::Load.number(), &pid]);
    let status = command.stdout(Stdio::null()).status().await;
    let status = status.context("`taskset` (util-linux) is needed to pin the servers")?;
    ensure!(status.success(), "the benchmark needs two processor cores");
    Ok(())
}

/// An address at which no process listens.
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
