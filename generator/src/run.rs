//! `--run`: builds the generated crate and starts its server in mock mode.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, ExitCode};

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

/// Runs the server of the crate in `out` on a free port of the loopback interface. The server's
/// streams are this program's, and where the system allows it, it takes this program's place.
///
/// # Errors
/// Where Cargo cannot be started.
pub fn serve_mock(out: &Path, auth: Auth) -> io::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .args(["run", "--quiet", "--manifest-path"])
        .arg(out.canonicalize()?.join("Cargo.toml"))
        .args(["--", "serve", "--mock", "--listen", "127.0.0.1:0", "--auth"])
        .arg(auth.as_str())
        .current_dir(out);
    become_it(command)
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
