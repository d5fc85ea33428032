//! The contract with generated code: the only names of this crate that it may use.

use std::process::ExitCode;

pub use crate::call::{
    CallError, Connector, Context, ErrorKind, HandWritten as Tool, IntoAnswer, Json, NoArguments,
    ToolBuilder,
};
pub use crate::operation::{
    Access, Alias, Binding, Catalog, Content, Definition, Encoding, Example, In, Operation,
    PageSize, Paging, PagingEnd, PagingNext, Parameter, Property, Repeated, RequestBody, Schema,
    SecurityKind, SecurityScheme, Server, ServerVariable, Style, Tag,
};
pub use crate::typed::Input;
pub use crate::upstream::{Answer, Body};
/// The memory allocator of generated programs.
pub use mimalloc::MiMalloc as Allocator;
/// For the input schemas of hand-written tools.
pub use schemars;
/// For the derives of typed inputs.
pub use serde;
/// For the arguments and answers of hand-written tools.
pub use serde_json;
/// For values of typed inputs that have no type of their own.
pub use serde_json::Value;

/// Runs the server as a program: reads the command line, serves, and says how it went.
///
/// It serves the tools of a catalogue, or those of a [`Connector`], which adds hand-written ones:
///
/// ```no_run
/// use runtime::codegen::{Catalog, Connector, Context, NoArguments, Tool};
/// # static CATALOG: Catalog = Catalog::EMPTY;
///
/// fn main() -> std::process::ExitCode {
///     let greet = Tool::read("greet")
///         .description("Returns a greeting.")
///         .handler(|_: Context, _: NoArguments| async { Ok("Hello") });
///     runtime::codegen::main(Connector::new(&CATALOG).tool(greet))
/// }
/// ```
pub fn main(connector: impl Into<Connector>) -> ExitCode {
    crate::command::main(&connector.into())
}
