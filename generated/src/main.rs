//! The server as a program. This file is yours: the generator wrote it once and leaves it alone.

use std::process::ExitCode;

fn main() -> ExitCode {
    runtime::codegen::main(&generated::CATALOG)
}
