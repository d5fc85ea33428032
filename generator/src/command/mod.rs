//! The command line. Text for people goes to stderr; stdout carries data, where it is asked for.

mod check;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use check::{Check, check};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use crate::diff::Side;
use crate::git::Revision;
use crate::lower::{MAX_DEFINITION_BYTES, Settings};
use crate::selection::{Pattern, Selection};
use crate::{BUDGET, Options, Report, remote, report, run, runtime, watch};

/// Turns an OpenAPI description into a crate that serves it as MCP tools.
#[derive(Parser)]
#[command(name = "generator", version, args_conflicts_with_subcommands = true)]
#[command(subcommand_negates_reqs = true, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    generate: Option<Generate>,
}

#[derive(Subcommand)]
enum Command {
    /// Reports what each operation becomes, and writes nothing.
    Inspect(Inspect),
    /// Reports what a strict reader of OpenAPI 3.0 rejects in a description, and writes nothing.
    ///
    /// The generator reads more than the specification allows, and goes on where an operation is
    /// wrong. Other tools that are fed the same description may refuse all of it. `check` reports
    /// which operations and schemas they reject, and why, beside the generator's own findings.
    /// It applies to OpenAPI 3.0, and to Swagger 2.0 as it is read in the shape of 3.0.
    ///
    /// Exit status: 0 when nothing is rejected; 1 when something is, or the description cannot be
    /// read; 2 when the description follows a later version, to which the check does not apply.
    Check(Check),
    /// Reports the changes between two descriptions as the users of their tools see them.
    ///
    /// OLD and NEW are descriptions: files, URLs of https, or `REVISION:PATH` for a file in a
    /// revision of the git repository around. With `--spec FILE` they are revisions of that file,
    /// and without NEW the file itself is the new side. The last line is the verdict: major where a
    /// call that worked may fail, minor where more is possible, patch where only texts changed,
    /// none.
    ///
    /// Exit status: 0; 1 when a change is found that `--fail-on` names, or a side cannot be read.
    Diff(Diff),
    /// Lists the operations that people do not find by their own words, and writes nothing.
    ///
    /// `x-mcp: {phrases: […]}` adds the words that people use for an operation to its description and
    /// to the search.
    Phrases(Phrases),
}

#[derive(Args)]
struct Diff {
    /// The description before: a file, a URL, or REVISION:PATH; with --spec, a revision.
    old: String,
    /// The description after; with --spec, a revision [default with --spec: the file itself].
    #[arg(required_unless_present = "spec")]
    new: Option<String>,
    /// The description, where OLD and NEW are revisions.
    #[arg(long, value_name = "FILE")]
    spec: Option<String>,
    /// An OpenAPI Overlay to apply to both sides, after the one beside the description; may be
    /// given again. Of a revision that has it, as it is there.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    /// Compare only tools of matching operations: `tag:NAME`, `METHOD PATH` or an operationId, in
    /// each of which `*` matches any text; may be given again.
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    only: Vec<Pattern>,
    /// Compare the tools of the generated crate in this directory: with the `--only` that it records,
    /// and the names that its `tools.lock` keeps.
    #[arg(long = "crate", value_name = "DIR")]
    of_crate: Option<PathBuf>,
    /// Text to read, JSON (one line a change; the verdict goes to stderr), or Markdown.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: DiffFormat,
    /// Exit with 1 if a change may break callers, or if there is any.
    #[arg(long, value_name = "CHANGES")]
    fail_on: Option<FailOn>,
}

#[derive(Args)]
struct Generate {
    /// The description: OpenAPI, as JSON or YAML; a file, or a URL of https.
    spec: PathBuf,
    /// An OpenAPI Overlay to apply, after the one beside the description; may be given again.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    /// Directory of the crate; its last part names the package.
    #[arg(long, value_name = "DIR", default_value = "generated")]
    out: PathBuf,
    /// Where the crate finds its runtime, the package `drawbridge-runtime`: a directory, or the URL
    /// of a git repository as Cargo takes it [default: the one beside this generator].
    #[arg(long, value_name = "DIR|URL")]
    runtime: Option<String>,
    /// The tag of the runtime's release, where `--runtime` is a URL.
    #[arg(long, value_name = "TAG", requires = "runtime")]
    runtime_tag: Option<String>,
    /// Fetch the description again, where it is a URL: otherwise the crate's copy of it is read.
    #[arg(long)]
    fetch: bool,
    /// Copy the runtime into the crate, which then builds wherever it is copied to. The crate
    /// records it for later runs; `--runtime` without `--vendor` ends it.
    #[arg(long, conflicts_with = "runtime_tag")]
    vendor: bool,
    /// Make tools only of matching operations: `tag:NAME`, `METHOD PATH` or an operationId, in each
    /// of which `*` matches any text; may be given again. The crate records it for later runs
    /// without `--only`; `*` chooses all operations again.
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    only: Vec<Pattern>,
    /// Show clients all tools if their definitions take at most this many tokens as they are listed,
    /// each counted as four bytes, and otherwise the tools of search mode. Definitions that take more
    /// as a whole are shortened in lists [default: what the crate records, or 25000].
    #[arg(long, value_name = "TOKENS")]
    budget: Option<usize>,
    /// Overwrite generated files that were edited by hand, which otherwise end the run before it
    /// writes.
    #[arg(long)]
    overwrite: bool,
    /// Write a crate without tools where the description or `--only` leaves none.
    #[arg(long)]
    allow_empty: bool,
    /// Write nothing; show what differs and exit with 1 if anything does.
    #[arg(long)]
    check: bool,
    /// Write nothing and exit with 1 if an operation is left out or there is none.
    #[arg(long)]
    strict: bool,
    /// The most bytes that the definition of a tool may take, as compact JSON.
    #[arg(long, value_name = "N", default_value_t = MAX_DEFINITION_BYTES)]
    max_definition_bytes: usize,
    /// Build the crate, then serve it on a loopback port with answers from the examples.
    #[arg(long, conflicts_with_all = ["check", "format"])]
    run: bool,
    /// Write the crate anew whenever the description changes, or a file or overlay that belongs to
    /// it; with `--run`, start the server again.
    #[arg(long, conflicts_with_all = ["check", "format"])]
    watch: bool,
    /// With `--run`: the address to listen on [default: 127.0.0.1:8080; where that is taken, a
    /// free one that is the same each time].
    #[arg(long, value_name = "ADDR", requires = "run")]
    listen: Option<SocketAddr>,
    /// With `--run`: whether the server's callers sign in.
    #[arg(long, value_name = "MODE", default_value = "none", requires = "run")]
    auth: run::Auth,
    /// `json` writes the summary and all findings to stdout.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

#[derive(Args)]
struct Inspect {
    /// The description: OpenAPI, as JSON or YAML; a file, or a URL of https.
    spec: PathBuf,
    /// An OpenAPI Overlay to apply, after the one beside the description; may be given again.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    /// Show only matching operations: `tag:NAME`, `METHOD PATH` or an operationId, in each of which
    /// `*` matches any text; may be given again.
    #[arg(long, value_name = "PATTERN", value_parser = Pattern::parse)]
    only: Vec<Pattern>,
    /// A table to read, or JSON on stdout.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: InspectFormat,
    /// The most bytes that the definition of a tool may take, as compact JSON.
    #[arg(long, value_name = "N", default_value_t = MAX_DEFINITION_BYTES)]
    max_definition_bytes: usize,
    /// Exit with 1 if the definitions of all tools take more tokens than this as they are listed with
    /// the same `--budget` of the generator, each counted as four bytes, and list the largest.
    #[arg(long, value_name = "TOKENS")]
    budget: Option<usize>,
    /// Exit with 1 if an operation is left out or there is none.
    #[arg(long)]
    strict: bool,
}

#[derive(Args)]
struct Phrases {
    /// The description: OpenAPI, as JSON or YAML; a file, or a URL of https.
    spec: PathBuf,
    /// An OpenAPI Overlay to apply, after the one beside the description; may be given again.
    #[arg(long = "overlay", value_name = "FILE")]
    overlays: Vec<PathBuf>,
    /// A table to read, or JSON on stdout.
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: InspectFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InspectFormat {
    Table,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    Text,
    Json,
    Markdown,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Breaking,
    Any,
}

/// Runs the generator's command line and returns its exit status.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match (arguments.command, arguments.generate) {
        (Some(Command::Inspect(inspect)), _) => self::inspect(&inspect),
        (Some(Command::Check(check)), _) => self::check(&check),
        (Some(Command::Diff(diff)), _) => self::diff(&diff),
        (Some(Command::Phrases(phrases)), _) => self::phrases(&phrases),
        (None, Some(generate)) => self::generate(generate),
        (None, None) => Ok(ExitCode::from(2)),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {}", report::error(&error));
        ExitCode::FAILURE
    })
}

fn generate(arguments: Generate) -> anyhow::Result<ExitCode> {
    let runtime = arguments.runtime.as_deref();
    let runtime = runtime.map(|place| runtime::runtime(place, arguments.runtime_tag.as_deref()));
    let runtime = runtime.transpose().unwrap_or_else(|wrong| {
        // As clap reports the values that it checks itself.
        let error = ErrorKind::ValueValidation;
        Arguments::command().error(error, wrong).exit()
    });
    let options = Options {
        spec: arguments.spec,
        overlays: arguments.overlays,
        out: arguments.out,
        runtime,
        check: arguments.check,
        strict: arguments.strict,
        max_definition_bytes: arguments.max_definition_bytes,
        only: (!arguments.only.is_empty()).then(|| Selection::new(arguments.only)),
        budget: arguments.budget,
        allow_empty: arguments.allow_empty,
        vendor: arguments.vendor,
        fetch: arguments.fetch,
        overwrite: arguments.overwrite,
    };
    let server = arguments.run.then_some(run::Server {
        out: &options.out,
        auth: arguments.auth,
        listen: arguments.listen,
    });
    if arguments.watch {
        return watch(&options, server);
    }
    let report = generate_once(&options)?;
    if arguments.format == Format::Json {
        print(&report)?;
    }
    match server.filter(|_| report.is_success()) {
        Some(server) => {
            announce(&options);
            server.serve()
        }
        None if report.is_success() => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// Writes the crate, and prints what became of it.
fn generate_once(options: &Options) -> anyhow::Result<Report> {
    let started = Instant::now();
    eprintln!("reading {}", options.spec.display());
    let report = crate::generate(options)?;
    eprint!(
        "{}",
        report::diagnostics(&options.spec, &report.diagnostics, false)
    );
    report::outcome(&options.out, &report);
    eprintln!("done in {:.2} s", started.elapsed().as_secs_f64());
    Ok(report)
}

fn announce(options: &Options) {
    let out = options.out.display();
    eprintln!("building {out} and starting it; Ctrl-C ends it");
}

/// Writes the crate, and again after each change of the description, until the program is ended. An
/// error leaves the crate and its server as they are.
fn watch(options: &Options, server: Option<run::Server<'_>>) -> anyhow::Result<ExitCode> {
    if remote::url(&options.spec).is_some() {
        anyhow::bail!("a description at a URL cannot be watched; name a file");
    }
    let mut server = server.map(run::Restarted::new).transpose()?;
    loop {
        let state = watch::State::of(&options.spec, &options.overlays);
        let done = generate_once(options).and_then(|report| match &mut server {
            Some(server) if report.is_success() => {
                announce(options);
                server.start()
            }
            _ => Ok(()),
        });
        if let Err(error) = done {
            eprintln!("error: {}", report::error(&error));
        }
        eprintln!("watching {}", options.spec.display());
        state.wait_for_change();
    }
}

fn inspect(arguments: &Inspect) -> anyhow::Result<ExitCode> {
    let settings = Settings {
        max_definition_bytes: arguments.max_definition_bytes,
        budget: arguments.budget.unwrap_or(BUDGET),
        only: Selection::new(arguments.only.clone()),
        ..Settings::default()
    };
    let inspection = crate::inspect(&arguments.spec, &arguments.overlays, &settings)?;
    match arguments.format {
        InspectFormat::Json => print(&inspection)?,
        InspectFormat::Table => {
            eprint!(
                "{}",
                report::diagnostics(&arguments.spec, &inspection.diagnostics, true)
            );
            if !inspection.overlays.is_empty() {
                eprintln!("with {}", inspection.overlays.join(", "));
            }
            to_stdout(inspection.table().as_bytes())?;
        }
    }
    let over = arguments.budget.and_then(|it| inspection.over_budget(it));
    if let Some(over) = &over {
        eprint!("{over}");
    }
    let is_accepted = !arguments.strict || inspection.is_complete();
    Ok(if is_accepted && over.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn phrases(arguments: &Phrases) -> anyhow::Result<ExitCode> {
    let phrases = crate::phrases(&arguments.spec, &arguments.overlays)?;
    match arguments.format {
        InspectFormat::Json => print(&phrases)?,
        InspectFormat::Table => to_stdout(phrases.table().as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn diff(arguments: &Diff) -> anyhow::Result<ExitCode> {
    let side = |text: &str| match &arguments.spec {
        Some(spec) => Side::Revision(Revision::of_file(text, spec)),
        None => Side::parse(text),
    };
    let old = side(&arguments.old);
    let new = match (&arguments.new, &arguments.spec) {
        (Some(new), _) => side(new),
        (None, spec) => Side::Description(PathBuf::from(spec.as_deref().unwrap_or_default())),
    };
    let mut settings = match &arguments.of_crate {
        Some(directory) => crate::settings_of(directory)?,
        None => Settings::default(),
    };
    if !arguments.only.is_empty() {
        settings.only = Selection::new(arguments.only.clone());
    }
    let diff = crate::diff(&old, &new, &arguments.overlays, &settings)?;
    for (side, errors) in [(&old, &diff.old_errors), (&new, &diff.new_errors)] {
        let name = PathBuf::from(side.to_string());
        eprint!("{}", report::diagnostics(&name, errors, false));
    }
    match arguments.format {
        DiffFormat::Text => to_stdout(diff.text().as_bytes())?,
        DiffFormat::Markdown => to_stdout(diff.markdown().as_bytes())?,
        DiffFormat::Json => {
            to_stdout(diff.json()?.as_bytes())?;
            eprintln!("{}", diff.summary());
        }
    }
    let is_refused = match arguments.fail_on {
        Some(FailOn::Any) => !diff.changes.is_empty(),
        Some(FailOn::Breaking) => diff.is_breaking(),
        None => false,
    };
    Ok(if is_refused {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Data for programs: JSON on stdout.
fn print(data: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(data)?;
    text.push(b'\n');
    to_stdout(&text)
}

/// A reader that has gone away is not a failure.
fn to_stdout(text: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
