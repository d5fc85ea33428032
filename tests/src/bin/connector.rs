//! The example's server as a program: what `generated/src/main.rs` is, but built wherever the
//! suites that spawn it are.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::codegen::main(&generated::CATALOG)
}
