//! Runs the example API for people: `example-api --listen 127.0.0.1:4010`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use tests::example_api::{self, Connector, Options};
use tracing::Level;

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
    /// The key of a connector that calls on behalf of others.
    #[arg(
        long,
        env = "EXAMPLE_API_CONNECTOR_KEY",
        hide_env_values = true,
        value_name = "KEY",
        requires = "connector"
    )]
    connector_key: Option<String>,
    /// The origin of that connector, such as http://127.0.0.1:8080; its statements are believed.
    #[arg(long, value_name = "URL")]
    connector: Option<String>,
    /// How many requests each key may make a minute.
    #[arg(long, default_value_t = 120, value_name = "N")]
    requests_per_minute: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(Level::WARN)
        .init();
    let own_operator_key = arguments.operator_key.is_some();
    let running = example_api::start(Options {
        listen: arguments.listen,
        database: arguments.database,
        operator_key: arguments.operator_key,
        connector_key: arguments.connector_key,
        requests_per_minute: arguments.requests_per_minute,
        ..Options::default()
    })
    .await?;

    eprintln!("Marquee listens at {}", running.url);
    if !own_operator_key {
        eprintln!("operator key: {}", running.operator_key);
    }
    if let Some(issuer) = arguments.connector {
        running.trust(Connector {
            jwks_uri: format!("{issuer}/oauth/jwks"),
            audience: running.url.clone(),
            issuer,
        });
        eprintln!("connector key: {}", running.connector_key);
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
