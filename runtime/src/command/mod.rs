//! The command line of a generated server.

mod accounts;
mod allocator;
mod audit;
mod common;
mod doctor;
mod greeting;
mod health;
mod search;
mod store;
mod store_copy;
mod workspaces;

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::app::{self, Environment, Server};
use crate::call::Connector;
use crate::config::{Auth, LogFormat};
use crate::operation::Catalog;

use accounts::Accounts;
use audit::Audit;
use common::{Common, Failure, Format, Serve};
use doctor::Doctor;
use greeting::Greeting;
use search::Search;
use store_copy::StoreCommand;
use workspaces::Workspaces;

#[derive(Parser)]
#[command(disable_help_subcommand = true)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Serves MCP over Streamable HTTP
    Serve(Serve),
    /// Serves MCP over standard input and output
    Stdio(Common),
    /// Prints the tools exactly as clients see them
    Tools(Tools),
    /// Prints the tools that a request in a person's words finds
    Search(Search),
    /// Checks the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Lists workspaces, links them to the API's, suspends and resumes them
    Workspaces(Workspaces),
    /// Lists accounts, disables, enables and unlinks them, invites people, makes links for forgotten passwords
    Accounts(Accounts),
    /// Prints what people, clients and tools did, by client, workspace, person, tool and time
    Audit(Box<Audit>),
    /// Examines a deployment from outside and inside, and says how to mend each fault
    Doctor(Box<Doctor>),
    /// Asks the server on this machine whether it is ready; exit status 1 where it is not
    Health(Box<Serve>),
    /// Moves accounts, clients and keys from one store to another
    #[command(subcommand)]
    Store(StoreCommand),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Reads and checks the settings, and prints those in force, without secrets, as TOML
    Check(Serve),
}

#[derive(Args)]
struct Tools {
    /// How the tools are printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    #[command(flatten)]
    common: Common,
}

/// Writes a line to the person at the terminal. A closed stream is no failure.
macro_rules! say {
    ($($text:tt)*) => {{
        let _ = writeln!(std::io::stderr(), $($text)*);
    }};
}

/// Runs the program.
pub(crate) fn main(connector: &Connector) -> ExitCode {
    let catalog = connector.catalog();
    let command = Command::command()
        .name(catalog.name)
        .about(format!("{} as an MCP server", catalog.title))
        .version(catalog.version);
    let command = match command
        .try_get_matches()
        .and_then(|it| Command::from_arg_matches(&it))
    {
        Ok(command) => command,
        Err(error) => error.exit(),
    };
    let outcome = match command.action {
        Action::Serve(serve) => {
            allocator::return_freed_memory_soon();
            block_on(self::serve(connector, serve))
        }
        Action::Stdio(common) => block_on(stdio(connector, common)),
        Action::Tools(tools) => print(connector, tools),
        Action::Search(search) => search::run(connector, &search),
        Action::Config(ConfigCommand::Check(serve)) => check(connector, serve),
        Action::Workspaces(command) => block_on(workspaces::run(command)),
        Action::Accounts(command) => block_on(accounts::run(command)),
        Action::Audit(command) => block_on(audit::run(*command)),
        Action::Doctor(command) => block_on(doctor::run(connector, *command)),
        Action::Health(serve) => block_on(health::run(*serve)),
        Action::Store(command) => block_on(store_copy::run(command)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn block_on(action: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(action);
    // A blocked read of standard input would hold the process up for ever.
    runtime.shutdown_background();
    outcome
}

fn check(connector: &Connector, serve: Serve) -> Result<(), Failure> {
    let config = serve.settle()?;
    for warning in app::check(connector.clone(), &config)? {
        say!("warning: {warning}");
    }
    let mut out = std::io::stdout().lock();
    write!(out, "{}", config.effective()?)?;
    Ok(())
}

async fn serve(connector: &Connector, serve: Serve) -> Result<(), Failure> {
    let config = serve.settle()?;
    crate::log::start(&config.log);
    let (mock, auth, format) = (config.server.mock, config.server.auth, config.log.format);
    let store = match &config.store.url {
        Some(_) => None,
        None => Some(std::path::absolute(&config.store.path)?),
    };
    let stop = stop_signal()?;
    app::raise_file_limit();
    let server = app::start(connector.clone(), config, Environment::default()).await?;
    match format {
        LogFormat::Text => greet(connector.catalog(), &server, mock, auth, store.as_deref()),
        LogFormat::Json => report(&server, mock),
    }
    stop.cancelled().await;
    tracing::info!("stopping");
    server.shutdown().await;
    Ok(())
}

fn greet(catalog: &Catalog, server: &Server, mock: bool, auth: Auth, store: Option<&Path>) {
    let greeting = Greeting {
        title: (catalog.title, catalog.version),
        name: catalog.server_name,
        url: server.url(),
        tools: server.tools(),
        mock,
        sign_in: auth == Auth::Oauth,
        setup_link: server.setup_link(),
        callback: server.callback(),
        accounts: server.accounts(),
        store,
    };
    say!("{}", greeting.text());
    for warning in server.warnings() {
        say!("warning: {warning}");
    }
}

/// The greeting as lines of a log that machines read.
fn report(server: &Server, mock: bool) {
    let (reads, writes) = server.tools();
    tracing::info!(url = %server.url(), reads, writes, mock, "serving");
    if let Some(callback) = server.callback() {
        tracing::info!(
            callback,
            "the identity provider has to know this callback URL"
        );
    }
    if let Some(link) = server.setup_link() {
        // The operator has to learn it; it works once, and only as long as there is no account.
        say!("{}", serde_json::json!({ "setup_link": link }));
    }
    for warning in server.warnings() {
        tracing::warn!("{warning}");
    }
}

async fn stdio(connector: &Connector, common: Common) -> Result<(), Failure> {
    let config = common.settle()?;
    crate::log::start(&config.log);
    let stop = stop_signal()?;
    let (read, write) = (tokio::io::stdin(), tokio::io::stdout());
    let environment = Environment::default();
    app::serve_streams(connector.clone(), &config, &environment, read, write, stop).await??;
    Ok(())
}

/// Cancelled when the process is asked to end.
fn stop_signal() -> Result<CancellationToken, Failure> {
    let token = CancellationToken::new();
    let stop = token.clone();
    let wait = signals()?;
    tokio::spawn(async move {
        wait.await;
        stop.cancel();
    });
    Ok(token)
}

#[cfg(unix)]
fn signals() -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> std::io::Result<impl Future<Output = ()> + Send> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

fn print(connector: &Connector, tools: Tools) -> Result<(), Failure> {
    let config = tools.common.settle()?;
    crate::log::start(&config.log);
    let definitions = app::definitions(connector.clone(), &config)?;
    let mut out = std::io::stdout().lock();
    let written = match tools.format {
        Format::Json => json(&mut out, &definitions),
        Format::Table => table(&mut out, &definitions),
    };
    match written {
        // The reader may stop reading.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// One array, one tool a line, each as it is served.
fn json(out: &mut impl Write, definitions: &[serde_json::Value]) -> std::io::Result<()> {
    let lines: Vec<_> = definitions.iter().map(|tool| format!("\n{tool}")).collect();
    writeln!(out, "[{}\n]", lines.join(","))
}

fn table(out: &mut impl Write, definitions: &[serde_json::Value]) -> std::io::Result<()> {
    let text = |tool: &serde_json::Value, key: &str| {
        tool.get(key)
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let width = definitions
        .iter()
        .map(|tool| text(tool, "name").len())
        .max()
        .unwrap_or(0);
    for tool in definitions {
        let read_only = tool.pointer("/annotations/readOnlyHint") == Some(&true.into());
        let access = if read_only { "read " } else { "write" };
        let bytes = tool.to_string().len();
        let (name, title) = (text(tool, "name"), text(tool, "title"));
        writeln!(out, "{name:width$}  {access}  {bytes:>6} B  {title}")?;
    }
    Ok(())
}
