//! The server as a program. This file is yours: the generator wrote it once and leaves it alone.

mod publishable_key;

use std::process::ExitCode;

use runtime::codegen::Connector;

/// A call allocates hundreds of small pieces, which this allocator does in much less time.
#[global_allocator]
static ALLOCATOR: runtime::codegen::Allocator = runtime::codegen::Allocator;

fn main() -> ExitCode {
    let connector = Connector::new(&generated::CATALOG).tool(publishable_key::tool());
    runtime::codegen::main(connector)
}
