//! `cargo run --release -p tests --bin bench`: what a call costs, see [`tests::bench`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use tests::bench::{self, Options, Role};

/// The allocator of generated servers, so that all servers of the benchmark have the same.
#[global_allocator]
static ALLOCATOR: runtime::codegen::Allocator = runtime::codegen::Allocator;

#[derive(Parser)]
#[command(about = "Measures a tool call beside a raw proxy and a bare MCP server")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Rounds a server and setting
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds a round
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Calls over which the growth of memory is measured
    #[arg(long, default_value_t = 200_000)]
    memory_calls: usize,
    /// API descriptions, for a server with GitHub's
    #[arg(long, env = "SPEC_CORPUS", default_value = "../shared/specs")]
    corpus: PathBuf,
    /// Another generated server to compare with: the program of an earlier commit
    #[arg(long, value_name = "PROGRAM")]
    other: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Play one of the servers (the benchmark starts them itself)
    Serve {
        role: RoleName,
        upstream: Option<SocketAddr>,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleName {
    Stub,
    Raw,
    Bare,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Serve { role, upstream }) => {
            let role = match role {
                RoleName::Stub => Role::Stub,
                RoleName::Raw => Role::Raw,
                RoleName::Bare => Role::Bare,
            };
            tokio::runtime::Runtime::new()?.block_on(bench::serve(role, upstream))
        }
        None => {
            let options = Options {
                rounds: arguments.rounds,
                round: Duration::from_secs_f64(arguments.seconds),
                memory_calls: arguments.memory_calls,
                corpus: arguments.corpus.is_dir().then_some(arguments.corpus),
                other: arguments.other,
            };
            // One thread: the load client must leave the cores to what it measures.
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?
                .block_on(bench::run(&options))
        }
    }
}
