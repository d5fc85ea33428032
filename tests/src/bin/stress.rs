//! `cargo run --release -p tests --bin stress`: the worst calls at once, see [`tests::stress`].

use std::process::ExitCode;

use clap::Parser;
use tests::stress::{self, Options};

/// That of a generated server.
#[global_allocator]
static ALLOCATOR: runtime::codegen::Allocator = runtime::codegen::Allocator;

#[derive(Parser)]
#[command(about = "Measures probes and memory while one connection makes the worst calls at once")]
struct Arguments {
    /// Calls at once
    #[arg(long, default_value_t = 24)]
    calls: usize,
    /// How often each case is repeated
    #[arg(long, default_value_t = 3)]
    rounds: usize,
}

fn main() -> anyhow::Result<ExitCode> {
    // The servers under stress are this program in its other role.
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return Ok(runtime::codegen::main(&stress::CATALOG));
    }
    let arguments = Arguments::parse();
    let options = Options {
        calls: arguments.calls,
        rounds: arguments.rounds,
    };
    tokio::runtime::Runtime::new()?.block_on(stress::run(&options))?;
    Ok(ExitCode::SUCCESS)
}
