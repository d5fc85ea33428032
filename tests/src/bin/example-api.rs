//! Runs the example API for people: `example-api --listen 127.0.0.1:4010`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tests::example_api::{self, Options};
use tracing_subscriber::EnvFilter;

/// Marquee, the example API of this repository.
#[derive(Parser)]
#[command(name = "example-api", version)]
struct Arguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:4010", value_name = "ADDR")]
    listen: SocketAddr,
    /// The SQLite file to keep the data in; without it, everything is forgotten at the end.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    /// The operator's key; without it, a random one is made and printed.
    #[arg(
        long,
        env = "EXAMPLE_API_OPERATOR_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    operator_key: Option<String>,
    /// How many requests each key may make a minute.
    #[arg(long, default_value_t = 120, value_name = "N")]
    requests_per_minute: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::from_default_env())
        .init();
    let own_operator_key = arguments.operator_key.is_some();
    let running = example_api::start(Options {
        listen: arguments.listen,
        database: arguments.database,
        operator_key: arguments.operator_key,
        requests_per_minute: arguments.requests_per_minute,
        ..Options::default()
    })
    .await?;

    eprintln!("Marquee listens at {}", running.url);
    if !own_operator_key {
        eprintln!("operator key: {}", running.operator_key);
    }
    for workspace in &running.workspaces {
        eprintln!("{} ({})", workspace.name, workspace.id);
        eprintln!("  full key: {}", workspace.full_key);
        eprintln!("  read key: {}", workspace.read_key);
    }
    if running.workspaces.is_empty() {
        eprintln!("The database held data already; make keys with the operator key.");
    }
    tokio::signal::ctrl_c().await?;
    running.shutdown().await
}
