//! The generator as a program: what `generator/src/main.rs` is, but built wherever the suites that
//! spawn it are.

use std::process::ExitCode;

fn main() -> ExitCode {
    generator::command::main()
}
