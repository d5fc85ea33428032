//! `--run`: builds the generated crate and starts its server in mock mode.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use serde::Deserialize;

/// How callers of a server sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Auth {
    /// Not at all.
    None,
    /// By OAuth 2.1.
    Oauth,
}

impl Auth {
    /// As the server's command line spells it.
    fn as_str(self) -> &'static str {
        match self {
            Auth::None => "none",
            Auth::Oauth => "oauth",
        }
    }
}

/// Where the server listens if it can.
const USUAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// The file in the crate that remembers another address, where the usual one was taken.
const REMEMBERED: &str = "connector.listen";
/// Seconds that one core takes for the first build, rounded up.
const FIRST_BUILD_SECONDS: u64 = 360;
/// The longest time without a line of output while Cargo builds.
const SILENCE: Duration = Duration::from_secs(8);

/// The server of a generated crate, with answers from the examples.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    /// The directory of the crate.
    pub out: &'a Path,
    /// How its callers sign in.
    pub auth: Auth,
    /// Where it listens; without it, at the same address of the loopback interface each time.
    pub listen: Option<SocketAddr>,
}

impl Server<'_> {
    /// Builds the crate and runs the server. Its streams are this program's, and where the system
    /// allows it, it takes this program's place.
    ///
    /// # Errors
    /// Where Cargo or the server cannot be started.
    pub fn serve(&self) -> anyhow::Result<ExitCode> {
        let Some(program) = self.build()? else {
            return Ok(ExitCode::FAILURE);
        };
        let command = self.command(&program)?;
        become_it(command).with_context(|| format!("{} cannot be started", program.display()))
    }

    /// Builds the crate, which Cargo reports. Returns the program, or `None` where the crate does
    /// not compile.
    fn build(&self) -> anyhow::Result<Option<PathBuf>> {
        build(&self.out.canonicalize()?)
    }

    fn command(&self, program: &Path) -> anyhow::Result<Command> {
        let out = self.out.canonicalize()?;
        let listen = self.listen.map_or_else(|| address(&out), Ok)?;
        let mut command = Command::new(program);
        command
            .args(["serve", "--mock", "--auth", self.auth.as_str()])
            .args(["--listen", &listen.to_string()])
            .current_dir(out);
        Ok(command)
    }
}

/// A server that is started again for each version of its crate. It ends with this program.
#[derive(Debug)]
pub struct Restarted<'a> {
    server: Server<'a>,
    running: Arc<Mutex<Option<Child>>>,
}

impl<'a> Restarted<'a> {
    /// A server that does not run yet.
    ///
    /// # Errors
    /// Where the signals that end this program cannot be received.
    pub fn new(server: Server<'a>) -> io::Result<Restarted<'a>> {
        let running = Arc::default();
        end_with_this(Arc::clone(&running))?;
        Ok(Restarted { server, running })
    }

    /// Builds the crate, and starts its server in the place of the one that runs, which stays where
    /// the crate does not compile.
    ///
    /// # Errors
    /// Where Cargo or the server cannot be started.
    pub fn start(&mut self) -> anyhow::Result<()> {
        let Some(program) = self.server.build()? else {
            return Ok(());
        };
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        stop(&mut running);
        let mut command = self.server.command(&program)?;
        let child = command.spawn();
        *running = Some(child.with_context(|| format!("{} cannot be started", program.display()))?);
        Ok(())
    }
}

/// Ends a server, if one runs.
fn stop(running: &mut Option<Child>) {
    if let Some(mut running) = running.take() {
        // It may have ended by itself.
        let _ = running.kill();
        let _ = running.wait();
    }
}

/// Ends the server, and then this program, at a signal that ends programs.
#[cfg(unix)]
fn end_with_this(running: Arc<Mutex<Option<Child>>>) -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        let Some(signal) = signals.forever().next() else {
            return;
        };
        // Held until the end, so that no other server is started.
        let mut running = running.lock().unwrap_or_else(PoisonError::into_inner);
        stop(&mut running);
        std::process::exit(128 + signal);
    });
    Ok(())
}

#[cfg(not(unix))]
fn end_with_this(_: Arc<Mutex<Option<Child>>>) -> io::Result<()> {
    Ok(())
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
}

/// Builds the crate in `out`; Cargo reports its progress. Returns the program, or `None` where it
/// does not compile, which Cargo has reported then.
fn build(out: &Path) -> anyhow::Result<Option<PathBuf>> {
    let manifest = out.join("Cargo.toml");
    if !was_built(&manifest)? {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
        let minutes = (FIRST_BUILD_SECONDS / cores).div_ceil(60);
        eprintln!(
            "the first build compiles all libraries and takes about {minutes} min on {cores} cores; \
             the next start takes seconds"
        );
    }
    let mut building = cargo()
        .args(["build", "--message-format=json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(&manifest)
        .stdout(Stdio::piped())
        .spawn()
        .context("Cargo cannot be started")?;
    let messages = building.stdout.take().context("Cargo has no output")?;
    let program = report_until_built(messages);
    let status = building.wait()?;
    if !status.success() {
        return Ok(None);
    }
    program
        .map(Some)
        .with_context(|| format!("{} builds no program", manifest.display()))
}

/// Whether Cargo has built the program of this manifest before.
fn was_built(manifest: &Path) -> anyhow::Result<bool> {
    let output = cargo()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .arg("--manifest-path")
        .arg(manifest)
        .stderr(Stdio::inherit())
        .output()
        .context("Cargo cannot be started")?;
    // What keeps Cargo from reading the manifest is reported when it builds.
    let Ok(metadata) = serde_json::from_slice::<Metadata>(&output.stdout) else {
        return Ok(false);
    };
    let package = metadata.packages.iter();
    let package = package.filter(|package| package.manifest_path == manifest);
    let mut programs = package
        .flat_map(|package| &package.targets)
        .filter(|target| target.kind.iter().any(|kind| kind == "bin"));
    let directory = metadata.target_directory.join("debug");
    Ok(programs.any(|program| {
        directory
            .join(&program.name)
            .with_extension(std::env::consts::EXE_EXTENSION)
            .is_file()
    }))
}

/// What `cargo metadata` reports, as far as it matters here.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: PathBuf,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

/// A message of Cargo, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
}

/// Reads Cargo's messages to their end. Where Cargo draws no progress bar, a line says at least
/// every eight seconds how far the build is. Returns the program that was built last.
fn report_until_built(messages: impl io::Read + Send + 'static) -> Option<PathBuf> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(messages).lines().map_while(Result::ok);
        for message in lines.filter_map(|line| serde_json::from_str::<Message>(&line).ok()) {
            if send.send(message).is_err() {
                break;
            }
        }
    });
    let started = Instant::now();
    let (mut crates, mut program) = (0, None);
    let mut reported = started;
    loop {
        match receive.recv_timeout(SILENCE.saturating_sub(reported.elapsed())) {
            Ok(message) => {
                crates += usize::from(message.reason == "compiler-artifact");
                program = message.executable.or(program);
            }
            Err(RecvTimeoutError::Timeout) => {
                reported = Instant::now();
                if !io::stderr().is_terminal() {
                    let seconds = started.elapsed().as_secs();
                    eprintln!("building for {seconds} s: {crates} crates are compiled");
                }
            }
            Err(RecvTimeoutError::Disconnected) => return program,
        }
    }
}

/// Where the server listens: at the address of last time, else at the usual one, else at a free
/// one that is remembered, so that clients find it again.
fn address(out: &Path) -> anyhow::Result<SocketAddr> {
    let file = out.join(REMEMBERED);
    let remembered = fs::read_to_string(&file).ok();
    let remembered = remembered.and_then(|text| text.trim().parse::<SocketAddr>().ok());
    let wanted = remembered.unwrap_or(USUAL);
    if TcpListener::bind(wanted).is_ok() {
        return Ok(wanted);
    }
    let free = TcpListener::bind((wanted.ip(), 0))?.local_addr()?;
    if remembered.is_none() {
        fs::write(&file, format!("{free}\n"))?;
        eprintln!("{wanted} is taken; this server listens at {free} from now on");
    } else {
        eprintln!(
            "{wanted} is taken, perhaps by this server, started before; this one listens at {free}, \
             where clients that know {wanted} do not look for it"
        );
    }
    Ok(free)
}

#[cfg(unix)]
fn become_it(mut command: Command) -> io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    // Returns only if the program could not be started. Signals reach the server itself.
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_it(mut command: Command) -> io::Result<ExitCode> {
    let status = command.status()?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that is gone with the test.
    struct Scratch(PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn scratch(name: &str) -> Scratch {
        let name = format!("drawbridge-run-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    #[test]
    fn remembered_address_is_used_again_while_it_is_free() {
        let scratch = scratch("free");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = free.local_addr().unwrap();
        fs::write(scratch.0.join(REMEMBERED), format!("{wanted}\n")).unwrap();
        drop(free);
        assert_eq!(address(&scratch.0).unwrap(), wanted);
    }

    #[test]
    fn remembered_address_that_is_taken_stays_remembered() {
        let scratch = scratch("taken");
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let wanted = taken.local_addr().unwrap();
        let file = scratch.0.join(REMEMBERED);
        fs::write(&file, format!("{wanted}\n")).unwrap();
        let other = address(&scratch.0).unwrap();
        assert_ne!(other, wanted);
        assert_eq!(fs::read_to_string(&file).unwrap(), format!("{wanted}\n"));
    }

    #[test]
    fn usual_address_is_not_written_down_and_a_replacement_is() {
        let scratch = scratch("usual");
        // Another program may have the usual port on this machine.
        let own = TcpListener::bind(USUAL);
        let other = address(&scratch.0).unwrap();
        assert_ne!(other, USUAL);
        assert_eq!(address(&scratch.0).unwrap(), other);
        drop(own);
    }

    #[test]
    fn program_is_the_executable_that_cargo_built_last() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","executable":"/a/b"}"#,
            "\nnot JSON\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        let program = report_until_built(messages.as_bytes());
        assert_eq!(program, Some(PathBuf::from("/a/b")));
    }
}
