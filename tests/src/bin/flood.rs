//! `cargo run --release -p tests --bin flood`: sign-ins during a flood, see [`tests::flood`].

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tests::flood::{self, Options};

/// That of a generated server.
#[global_allocator]
static ALLOCATOR: runtime::codegen::Allocator = runtime::codegen::Allocator;

#[derive(Parser)]
#[command(about = "Signs a person in again and again while one address floods the server")]
struct Arguments {
    /// Seconds of each flood
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Sign-ins during each flood
    #[arg(long, default_value_t = 20)]
    sign_ins: u32,
}

fn main() -> anyhow::Result<ExitCode> {
    // The server under attack is this program in its other role.
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return Ok(runtime::codegen::main(&generated::CATALOG));
    }
    let arguments = Arguments::parse();
    let options = Options {
        length: Duration::from_secs(arguments.seconds),
        sign_ins: arguments.sign_ins,
    };
    // One thread: the flood must leave a core to the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(match runtime.block_on(flood::run(&options))? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}
