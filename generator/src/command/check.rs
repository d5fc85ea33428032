//! `check`: what other tools make of a description, and what directories ask of it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::{Format, print, to_stdout};
use crate::directory::{Directory, readiness};
use crate::lower::Settings;
use crate::report;

#[derive(Args)]
pub(super) struct Check {
    /// The description: OpenAPI 3.0 or Swagger 2.0, as JSON or YAML; a file, or a URL of https.
    spec: PathBuf,
    /// An OpenAPI Overlay to apply, after the one beside the description; may be given again.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    /// Report instead which rules of the directory of an assistant the connector keeps, and what to do
    /// about the others. Exit status: 1 when a rule fails.
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<DirectoryName>,
    /// With `--directory`: report for the generated crate in this directory, with the operations,
    /// the names and the list that it records.
    #[arg(long = "crate", value_name = "DIR", requires = "directory")]
    of_crate: Option<PathBuf>,
    /// With `--directory`: write the file for the submission, filled in as far as the description
    /// allows, into this directory.
    #[arg(long, value_name = "DIR", requires = "directory")]
    write: Option<PathBuf>,
    /// Text to read, or JSON on stdout.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DirectoryName {
    Claude,
    Chatgpt,
}

/// What `check` exits with for a description of a version to which it does not apply.
const NOT_APPLICABLE: u8 = 2;

/// Reports what a directory asks for, and writes the file for it.
fn check_directory(arguments: &Check, directory: DirectoryName) -> anyhow::Result<ExitCode> {
    let directory = match directory {
        DirectoryName::Claude => Directory::Claude,
        DirectoryName::Chatgpt => Directory::Chatgpt,
    };
    let (settings, search_mode) = match &arguments.of_crate {
        Some(place) => (crate::settings_of(place)?, crate::mode_of(place)?),
        None => (Settings::default(), None),
    };
    let overlays = &arguments.overlays;
    let readiness = readiness(&arguments.spec, overlays, directory, &settings, search_mode)?;
    match arguments.format {
        Format::Json => print(&readiness)?,
        Format::Text => to_stdout(readiness.text().as_bytes())?,
    }
    if let Some(out) = &arguments.write {
        let file = out.join(readiness.file);
        std::fs::write(&file, &readiness.submission)
            .with_context(|| format!("{} cannot be written", file.display()))?;
        eprintln!("wrote {}", file.display());
    }
    Ok(match readiness.is_ready() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

pub(super) fn check(arguments: &Check) -> anyhow::Result<ExitCode> {
    if let Some(directory) = arguments.directory {
        return check_directory(arguments, directory);
    }
    let check = crate::check(&arguments.spec, &arguments.overlays)?;
    match arguments.format {
        Format::Json => print(&check)?,
        Format::Text => {
            eprint!(
                "{}",
                report::diagnostics(&arguments.spec, &check.diagnostics, false)
            );
            if !check.overlays.is_empty() {
                eprintln!("with {}", check.overlays.join(", "));
            }
            to_stdout(check.text(&arguments.spec).as_bytes())?;
        }
    }
    Ok(match check.is_accepted() {
        Some(true) => ExitCode::SUCCESS,
        Some(false) => ExitCode::FAILURE,
        None => ExitCode::from(NOT_APPLICABLE),
    })
}
