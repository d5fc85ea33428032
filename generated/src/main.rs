//! The server as a program. This file is yours: the generator wrote it once and leaves it alone.

use std::process::ExitCode;

/// A call allocates hundreds of small pieces, which this allocator does in much less time.
#[global_allocator]
static ALLOCATOR: runtime::codegen::Allocator = runtime::codegen::Allocator;

fn main() -> ExitCode {
    runtime::codegen::main(&generated::CATALOG)
}
