//! Turns an OpenAPI description into a crate of MCP tools: read → lower → emit → write.

pub mod check;
pub mod command;
pub mod diagnostic;
pub mod diff;
pub mod directory;
pub mod emit;
pub mod git;
mod input;
pub mod inspect;
pub mod ir;
mod listing;
pub mod lock;
pub mod lower;
pub mod openapi;
pub mod output;
mod pairing;
pub mod phrases;
pub mod record;
pub mod remote;
pub mod report;
pub mod run;
pub mod runtime;
pub mod selection;
pub mod target;
mod text;
pub mod vendor;
pub mod watch;

use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use check::Check;
use diagnostic::{Diagnostic, Severity};
use diff::{Diff, Side};
use emit::{Owner, Runtime};
use input::Input;
use inspect::Inspection;
use lock::{LOCK, Lock};
use lower::{Outputs, Settings, Sizes};
use output::{Copied, Difference, Written};
use phrases::Phrases;
use record::Record;
use remote::{Pin, RemoteError};
use selection::Selection;

/// What to generate, and where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The description: a file, or a URL of HTTP.
    pub spec: PathBuf,
    /// Overlays to apply after the one beside the description, in order.
    pub overlays: Vec<PathBuf>,
    /// Directory of the crate; its last part names the package.
    pub out: PathBuf,
    /// Where the crate finds its runtime; the one beside this generator unless given.
    pub runtime: Option<Runtime>,
    /// Write nothing; report what differs.
    pub check: bool,
    /// Write nothing where an operation is left out or there is none.
    pub strict: bool,
    /// How large the definition of a tool may be, in bytes of compact JSON.
    pub max_definition_bytes: usize,
    /// The operations that become tools; those that the crate records unless given.
    pub only: Option<Selection>,
    /// How many tokens the definitions of all tools may take for clients to be shown them whole. More
    /// are shortened, and if that is too little, found by the tools of search mode. What the crate
    /// records unless given.
    pub budget: Option<usize>,
    /// Write a crate without tools, too.
    pub allow_empty: bool,
    /// Copy the runtime into the crate; as the crate records it unless set.
    pub vendor: bool,
    /// Fetch a description at a URL even if the crate has a copy of it.
    pub fetch: bool,
    /// Overwrite files of the generator that were edited by hand.
    pub overwrite: bool,
}

impl Options {
    /// `spec` into `out`, all else as the command line has it.
    pub fn new(spec: impl Into<PathBuf>, out: impl Into<PathBuf>) -> Options {
        Options {
            spec: spec.into(),
            overlays: Vec::new(),
            out: out.into(),
            runtime: None,
            check: false,
            strict: false,
            max_definition_bytes: lower::MAX_DEFINITION_BYTES,
            only: None,
            budget: None,
            allow_empty: false,
            vendor: false,
            fetch: false,
            overwrite: false,
        }
    }
}

/// What generating came to.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Numbers.
    pub summary: Summary,
    /// The overlays that were applied, in order.
    pub overlays: Vec<String>,
    /// Where the text of a description at a URL is from; none for a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What happened to the files.
    pub outcome: Outcome,
    /// Findings about the description.
    pub diagnostics: Vec<Diagnostic>,
}

/// Where the text of a description at a URL is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// From the host, in this run.
    Fetched,
    /// From the copy in the crate, which an earlier run fetched.
    Copy,
}

/// Numbers about a generated crate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Tools in the catalogue.
    pub tools: usize,
    /// Of these, those that only read.
    pub reads: usize,
    /// Of these, those that may change something.
    pub writes: usize,
    /// Operations that were left out.
    pub left_out: usize,
    /// Bytes of all tool definitions as clients are served them.
    pub definition_bytes: usize,
    /// Bytes of all generated files.
    pub crate_bytes: usize,
    /// True where clients are shown the tools of search mode: all exceed the budget.
    pub search_mode: bool,
}

/// What happened to the files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// They were written.
    Written(Written),
    /// They were compared ([`Options::check`]); without differences all is as it should be.
    Compared(Vec<Difference>),
    /// They were left alone, because of findings that [`Options::strict`] does not accept.
    Refused,
    /// They were left alone, because there are no tools and [`Options::allow_empty`] is off.
    Empty,
}

impl Report {
    /// Whether all is as it was asked for.
    pub fn is_success(&self) -> bool {
        match &self.outcome {
            Outcome::Written(_) => true,
            Outcome::Compared(differences) => differences.is_empty(),
            Outcome::Refused | Outcome::Empty => false,
        }
    }
}

/// Why nothing was generated.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// The description could not be read.
    #[error(transparent)]
    Read(#[from] openapi::ReadError),
    /// The description could not be fetched.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The revision of the description could not be read.
    #[error(transparent)]
    Git(#[from] git::GitError),
    /// The crate cannot be written there.
    #[error(transparent)]
    Target(#[from] target::TargetError),
    /// The record of an earlier run cannot be used.
    #[error(transparent)]
    Record(#[from] record::RecordError),
    /// The lock of an earlier run cannot be used.
    #[error(transparent)]
    Lock(#[from] lock::LockError),
    /// The crate could not be written out.
    #[error(transparent)]
    Emit(#[from] emit::EmitError),
    /// The directory could not be read or written.
    #[error(transparent)]
    Output(#[from] output::OutputError),
}

/// How many tokens the definitions of all tools may take for clients to be shown them, unless
/// something else is asked for.
pub const BUDGET: usize = 25_000;

/// How many bytes of a definition a token is, roughly.
const BYTES_OF_A_TOKEN: usize = 4;

/// About how many tokens the definitions of all tools take: a quarter of their bytes.
fn definition_tokens(api: &ir::Api) -> usize {
    let sizes = Sizes::new(api);
    let bytes: usize = api.operations.iter().map(|one| sizes.tool(one)).sum();
    bytes.div_ceil(BYTES_OF_A_TOKEN)
}

/// Reads a description and writes the crate that serves it.
///
/// # Errors
/// Where the description cannot be read at all, or the output is refused or cannot be written.
/// What is wrong within the description is in the report.
pub fn generate(options: &Options) -> Result<Report, GenerateError> {
    let record = Record::read(&options.out)?;
    let chosen = options.budget;
    let only = options.only.clone().unwrap_or(record.only);
    let options = Options {
        only: Some(only.clone()),
        budget: options.budget.or(record.budget),
        vendor: options.vendor || record.vendor && options.runtime.is_none(),
        ..options.clone()
    };
    let url = remote::url(&options.spec);
    let pin = record
        .source
        .filter(|pin| !options.fetch && url == Some(&pin.url));
    if let (Some(url), None, true) = (url, &pin, options.check && !options.fetch) {
        let (url, out) = (url.to_owned(), options.out.clone());
        return Err(RemoteError::NoCopy { url, out }.into());
    }
    let input = Input::open(&options.spec, &options.out, pin.as_ref())?;
    let settings = Settings {
        max_definition_bytes: options.max_definition_bytes,
        budget: options.budget.unwrap_or(BUDGET),
        only,
        lock: Lock::read(&options.out)?,
        ..Settings::default()
    };
    let (mut api, overlays, diagnostics) = read(&input, &options.overlays, &settings)?;
    api.search_mode = match (chosen, record.search_mode) {
        (None, Some(recorded)) => recorded,
        _ => definition_tokens(&api) > settings.budget,
    };
    let source = url.map(|_| match pin {
        Some(_) => Source::Copy,
        None => Source::Fetched,
    });
    let recorded = input.pin();
    let report = write_with(&api, diagnostics, &options, recorded, input.into_files())?;
    Ok(Report {
        overlays,
        source,
        ..report
    })
}

/// Reads a description, applies the overlay beside it and then `overlays`, and reports what it
/// would become with these settings.
///
/// # Errors
/// Where one of the files cannot be read at all.
pub fn inspect(
    spec: &Path,
    overlays: &[PathBuf],
    settings: &Settings,
) -> Result<Inspection, GenerateError> {
    let input = Input::open(spec, Path::new(""), None)?;
    let (api, overlays, diagnostics) = read(&input, overlays, settings)?;
    Ok(Inspection {
        overlays,
        ..Inspection::new(&api, diagnostics)
    })
}

/// Reads a description, applies the overlay beside it and then `overlays`, and reports what a
/// strict reader of OpenAPI 3.0 rejects in the result.
///
/// # Errors
/// Where one of the files cannot be read at all.
pub fn check(spec: &Path, overlays: &[PathBuf]) -> Result<Check, GenerateError> {
    let input = Input::open(spec, Path::new(""), None)?;
    let document = input.read(overlays)?;
    let mut check = Check::new(&document);
    check.diagnostics = lower::lower(document).diagnostics;
    input.rename(&mut check.diagnostics);
    if let Some(strict) = &mut check.strict {
        input.rename(&mut strict.rejections);
    }
    Ok(check)
}

/// The settings that the crate in `directory` records: its choice of operations and the names that
/// its tools keep.
///
/// # Errors
/// Where there is no crate, or its record cannot be used.
pub fn settings_of(directory: &Path) -> Result<Settings, GenerateError> {
    if !directory.join(record::MANIFEST).is_file() {
        return Err(record::RecordError::Missing(directory.to_owned()).into());
    }
    let record = Record::read(directory)?;
    Ok(Settings {
        only: record.only,
        budget: record.budget.unwrap_or(BUDGET),
        lock: Lock::read(directory)?,
        ..Settings::default()
    })
}

/// Whether the crate in `directory` records that its clients are shown search mode.
///
/// # Errors
/// Where its record cannot be used.
pub fn mode_of(directory: &Path) -> Result<Option<bool>, GenerateError> {
    Ok(Record::read(directory)?.search_mode)
}

/// Reads the descriptions of both sides with the same overlays and settings, and returns the
/// differences as the users of their tools see them.
///
/// # Errors
/// Where one of the files cannot be read at all.
pub fn diff(
    old: &Side,
    new: &Side,
    overlays: &[PathBuf],
    settings: &Settings,
) -> Result<Diff, GenerateError> {
    let settings = Settings {
        outputs: Outputs::Declared,
        ..settings.clone()
    };
    if old.is_lock() || new.is_lock() {
        let (old, new) = (
            lock(old, overlays, &settings)?,
            lock(new, overlays, &settings)?,
        );
        return Ok(Diff::of_locks(&old, &new));
    }
    let (api, diagnostics) = side(old, overlays, &settings)?;
    let before = (&api, diagnostics);
    let (api, diagnostics) = side(new, overlays, &settings)?;
    Ok(Diff::new(before, (&api, diagnostics)))
}

/// The API of one side of a comparison.
fn side(
    side: &Side,
    overlays: &[PathBuf],
    settings: &Settings,
) -> Result<(ir::Api, Vec<Diagnostic>), GenerateError> {
    let input = match side {
        Side::Description(spec) | Side::Lock(spec) => Input::open(spec, Path::new(""), None)?,
        Side::Revision(revision) => Input::revision(revision, revision.snapshot(overlays)?)?,
    };
    let (mut api, _, diagnostics) = read(&input, overlays, settings)?;
    // Declared answers count more than those that are published, which are read where it matters.
    if definition_tokens(&api) > settings.budget {
        let settings = Settings {
            outputs: Outputs::Published,
            ..settings.clone()
        };
        let (published, ..) = read(&input, overlays, &settings)?;
        api.search_mode = definition_tokens(&published) > settings.budget;
    }
    Ok((api, diagnostics))
}

/// The lock of one side of a comparison: of a description, the one that its crate would have.
fn lock(side: &Side, overlays: &[PathBuf], settings: &Settings) -> Result<Lock, GenerateError> {
    match side {
        Side::Lock(path) => Ok(Lock::load(path)?),
        Side::Revision(revision) if side.is_lock() => {
            let snapshot = revision.snapshot(&[])?;
            let bytes = snapshot.files.get(&snapshot.entry);
            let text = String::from_utf8_lossy(bytes.map_or(&[][..], Vec::as_slice));
            Ok(Lock::parse(Path::new(&revision.to_string()), &text)?)
        }
        _ => Ok(Lock::of(&self::side(side, overlays, settings)?.0)),
    }
}

/// Reads a description, applies the overlay beside it and then `overlays`, and reports which operations
/// people do not find by their own words.
///
/// # Errors
/// Where one of the files cannot be read at all.
pub fn phrases(spec: &Path, overlays: &[PathBuf]) -> Result<Phrases, GenerateError> {
    let input = Input::open(spec, Path::new(""), None)?;
    let (api, _, _) = read(&input, overlays, &Settings::default())?;
    Ok(Phrases::new(&api))
}

/// The API of a description, the overlays that were applied, and what was found on the way.
fn read(
    input: &Input,
    overlays: &[PathBuf],
    settings: &Settings,
) -> Result<(ir::Api, Vec<String>, Vec<Diagnostic>), openapi::ReadError> {
    let document = input.read(overlays)?;
    let overlays = document.overlays().to_vec();
    let mut lowered = lower::lower_with(document, settings);
    input.rename(&mut lowered.diagnostics);
    Ok((lowered.api, overlays, lowered.diagnostics))
}

/// The SHA-256 of a text, in hexadecimal digits.
fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes `api` as the crate that `options` describe; `diagnostics` are what reading it found.
///
/// # Errors
/// Where the output is refused or cannot be written. Findings about the description are in the
/// report.
pub fn write(
    api: &ir::Api,
    diagnostics: Vec<Diagnostic>,
    options: &Options,
) -> Result<Report, GenerateError> {
    write_with(api, diagnostics, options, None, Copied::new())
}

/// As [`write`], with the files of a description that was fetched, and its record.
fn write_with(
    api: &ir::Api,
    diagnostics: Vec<Diagnostic>,
    options: &Options,
    source: Option<Pin>,
    mut copied: Copied,
) -> Result<Report, GenerateError> {
    let (package, vendored) = target::package(options)?;
    let record = Record {
        only: options.only.clone().unwrap_or_default(),
        vendor: options.vendor,
        search_mode: Some(api.search_mode),
        budget: options.budget,
        lock: package.lock.as_deref().map(digest),
        source,
    };
    copied.extend(vendored);
    let mut files = emit::emit(api, &package)?;
    files.push(emit::File {
        path: LOCK.to_owned(),
        contents: Lock::of(api).text(),
        owner: Owner::Generator,
    });
    let reads = |operation: &&ir::Operation| operation.access == ir::Access::Read;
    let sizes = Sizes::new(api);
    let generated = files.iter().filter(|file| file.owner == Owner::Generator);
    let left_out = |found: &&Diagnostic| found.severity == Severity::Error;
    let summary = Summary {
        tools: api.operations.len(),
        reads: api.operations.iter().filter(reads).count(),
        writes: api.operations.len() - api.operations.iter().filter(reads).count(),
        left_out: diagnostics.iter().filter(left_out).count(),
        definition_bytes: api
            .operations
            .iter()
            .map(|operation| sizes.tool(operation))
            .sum(),
        crate_bytes: generated.map(|file| file.contents.len()).sum(),
        search_mode: api.search_mode,
    };
    let outcome = if options.strict && (summary.left_out > 0 || summary.tools == 0) {
        Outcome::Refused
    } else if summary.tools == 0 && !options.allow_empty {
        Outcome::Empty
    } else if options.check {
        Outcome::Compared(output::compare(&options.out, &files, &copied, &record)?)
    } else {
        Outcome::Written(output::write(
            &options.out,
            &files,
            &copied,
            &record,
            options.overwrite,
        )?)
    };
    Ok(Report {
        summary,
        overlays: Vec::new(),
        source: None,
        outcome,
        diagnostics,
    })
}
