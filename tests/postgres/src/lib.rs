//! A PostgreSQL server for tests, which uses the programs of the machine and a temporary directory.
//!
//! The server ends with the process that started it, however that ends, and its directory with it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The program that runs the server, for a shell.
const KEEPER: &str = include_str!("keeper.sh");

/// How many ports are tried.
const STARTS: usize = 5;

/// A running server.
#[derive(Debug)]
pub struct Server {
    programs: PathBuf,
    port: u16,
    keeper: Mutex<Keeper>,
    databases: AtomicU64,
}

#[derive(Debug)]
struct Keeper {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

/// Returns the server that all tests of this process share.
///
/// # Errors
/// Where PostgreSQL is not installed, or does not start; a sentence.
pub fn shared() -> Result<&'static Server, String> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    SERVER
        .get_or_init(Server::start)
        .as_ref()
        .map_err(Clone::clone)
}

impl Server {
    /// Starts a server of its own, for a test that stops it.
    ///
    /// # Errors
    /// Where PostgreSQL is not installed, or does not start; a sentence.
    pub fn start() -> Result<Server, String> {
        let programs = programs()?;
        let failed = |error: std::io::Error| format!("PostgreSQL cannot be started: {error}");
        let directory = directory().map_err(failed)?;
        let mut command = match runs_as_root() {
            true => as_another_user(&directory)?,
            false => Command::new("sh"),
        };
        let mut process = command
            .args(["-c", KEEPER, "sh"])
            .args([&programs, &directory])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("PostgreSQL cannot be started".to_owned());
        };
        let mut keeper = Keeper {
            process,
            input: Some(input),
            output: BufReader::new(output),
        };
        let started = keeper.answer().and_then(|()| keeper.start());
        let port = started.map_err(|error| {
            let log = std::fs::read_to_string(directory.join("log")).unwrap_or_default();
            format!("{error}: {log}")
        })?;
        Ok(Server {
            programs,
            port,
            keeper: Mutex::new(keeper),
            databases: AtomicU64::new(0),
        })
    }

    /// Makes an empty database, and returns its URL.
    ///
    /// # Errors
    /// Where it cannot be made; a sentence.
    pub fn database(&self) -> Result<String, String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        self.run(
            "postgres",
            &format!("CREATE DATABASE {name} TEMPLATE template0"),
        )?;
        Ok(self.url(&name))
    }

    /// Returns the URL of a database. The server takes any password.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://drawbridge:hunter2@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Returns the port that it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a statement, and returns what it finds as text, a row a line.
    ///
    /// # Errors
    /// Where it fails; a sentence.
    pub fn run(&self, database: &str, statement: &str) -> Result<String, String> {
        let output = Command::new(self.programs.join("psql"))
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
            ])
            .arg(self.url(database))
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("psql: {error}"))?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned()),
            false => Err(format!("psql: {}", String::from_utf8_lossy(&output.stderr))),
        }
    }

    /// Stops the server: connections end, and none is accepted.
    ///
    /// # Errors
    /// Where the process that keeps it is gone.
    pub fn stop(&self) -> Result<(), String> {
        self.command("stop")
    }

    /// Ends the server as a crash does: nothing is completed, and the next start recovers what was
    /// committed.
    ///
    /// # Errors
    /// Where the process that keeps it is gone.
    pub fn kill(&self) -> Result<(), String> {
        self.command("kill")
    }

    /// Starts the server again, with all databases.
    ///
    /// # Errors
    /// Where it does not start.
    pub fn resume(&self) -> Result<(), String> {
        self.command("start")
    }

    fn command(&self, command: &str) -> Result<(), String> {
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.run(command)
    }
}

impl Keeper {
    /// Starts the server at a free port, which it returns: at another one where it was taken meanwhile.
    fn start(&mut self) -> Result<u16, String> {
        let mut failure = String::new();
        for _ in 0..STARTS {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
            let port = free.map_err(|error| error.to_string())?.port();
            match self.run(&format!("start {port}")) {
                Ok(()) => return Ok(port),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    fn run(&mut self, command: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("the server has ended")?;
        writeln!(input, "{command}").map_err(|error| format!("PostgreSQL: {error}"))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<(), String> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line);
        match (read, line.trim()) {
            (Ok(_), "done") => Ok(()),
            _ => Err("PostgreSQL does not start".to_owned()),
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.process.wait();
    }
}

/// Finds the directory of the programs: on the path, or where Debian installs them.
fn programs() -> Result<PathBuf, String> {
    let has_all = |directory: &PathBuf| {
        let mut programs = ["initdb", "postgres", "pg_isready", "psql"].iter();
        programs.all(|name| directory.join(name).is_file())
    };
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut debian: Vec<_> = debian.flatten().map(|it| it.path().join("bin")).collect();
    debian.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut all = std::env::split_paths(&path).chain(debian.into_iter().rev());
    all.find(has_all).ok_or_else(|| {
        "no PostgreSQL server on the path or in /usr/lib/postgresql (Debian: postgresql)".to_owned()
    })
}

/// Makes a directory that other users may enter, whose name no other process has.
fn directory() -> std::io::Result<PathBuf> {
    static DIRECTORIES: AtomicU64 = AtomicU64::new(0);
    let number = DIRECTORIES.fetch_add(1, Ordering::Relaxed);
    let name = format!("drawbridge-postgres-{}-{number}", std::process::id());
    let directory = std::env::temp_dir().join(name);
    std::fs::create_dir(&directory)?;
    Ok(directory)
}

fn runs_as_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

/// Returns a shell of a user that is not root, as which PostgreSQL refuses to run.
fn as_another_user(directory: &Path) -> Result<Command, String> {
    for user in ["postgres", "daemon"] {
        let owned = Command::new("chown").arg(user).arg(directory).output();
        if !owned.is_ok_and(|it| it.status.success()) {
            continue;
        }
        let group = Command::new("id").args(["-g", user]).output();
        let group = group.map_err(|error| format!("id: {error}"))?.stdout;
        let group = String::from_utf8_lossy(&group).trim().to_owned();
        let mut command = Command::new("setpriv");
        command.args(["--reuid", user, "--regid", &group, "--clear-groups", "sh"]);
        return Ok(command);
    }
    Err("there is no user as whom PostgreSQL could run".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_keeps_its_databases_while_it_is_stopped_and_leaves_no_directory() {
        let Ok(server) = Server::start() else {
            assert!(std::env::var_os("REQUIRE_ALL").is_none());
            return;
        };
        server.database().unwrap();
        server.run("test_0", "CREATE TABLE a (b INT)").unwrap();
        server.stop().unwrap();
        assert!(server.run("test_0", "SELECT 1").is_err());
        server.resume().unwrap();
        assert_eq!(server.run("test_0", "SELECT COUNT(*) FROM a").unwrap(), "0");
        drop(server);
        let left = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        let prefix = format!("drawbridge-postgres-{}-", std::process::id());
        let mut left = left.map(|it| it.file_name().to_string_lossy().into_owned());
        assert!(!left.any(|name| name.starts_with(&prefix)));
    }
}
