//! A disk of a few kilobytes that only one server has, to be filled.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Mounts the disk over a directory, with the files that are in it, and says so; then waits.
const MOUNT: &str = "aside=$(mktemp -d) && cp -a \"$1/.\" \"$aside\" \
    && mount -t tmpfs -o \"size=$2\" tmpfs \"$1\" && cp -a \"$aside/.\" \"$1\" \
    && rm -r \"$aside\" && echo mounted && exec sleep infinity";

/// A process that holds a disk in memory, in a mount namespace of its own: it needs no privileges
/// where users may make namespaces, and nothing of it is left when the process ends.
#[derive(Debug)]
pub(super) struct SmallDisk {
    _holder: Child,
    id: String,
    /// What namespaces a program enters.
    entered: &'static [&'static str],
}

impl SmallDisk {
    /// Puts a disk of `bytes` in the place of a directory, with the same files.
    pub(super) async fn over(directory: &Path, bytes: u64) -> anyhow::Result<SmallDisk> {
        let own_user = SmallDisk::hold(
            directory,
            bytes,
            &["--user", "--map-root-user", "--mount"],
            &["--preserve-credentials", "--user", "--mount"],
        );
        match own_user.await {
            Ok(disk) => Ok(disk),
            // Where that is forbidden, root needs none.
            Err(_) => SmallDisk::hold(directory, bytes, &["--mount"], &["--mount"]).await,
        }
    }

    async fn hold(
        directory: &Path,
        bytes: u64,
        namespaces: &[&str],
        entered: &'static [&'static str],
    ) -> anyhow::Result<SmallDisk> {
        let mut holder = Command::new("unshare")
            .args(namespaces)
            .args(["sh", "-c", MOUNT, "sh"])
            .arg(directory)
            .arg(bytes.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("unshare")?;
        let output = holder.stdout.take().context("no output")?;
        let said = BufReader::new(output).lines().next_line().await?;
        ensure!(
            said.as_deref() == Some("mounted"),
            "no disk can be mounted in a namespace"
        );
        let id = holder.id().context("the namespace has ended")?.to_string();
        Ok(SmallDisk {
            _holder: holder,
            id,
            entered,
        })
    }

    /// A command that runs a program where the disk is.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.id])
            .args(self.entered)
            .arg(program);
        command
    }

    /// Where others find a path of the namespace.
    pub(super) fn seen(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.id));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }
}
