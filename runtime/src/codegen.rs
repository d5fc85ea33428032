//! The contract with generated code: the only names of this crate that it may use.

use std::process::ExitCode;

pub use crate::operation::{
    Access, Alias, Binding, Catalog, Content, Definition, Encoding, Example, In, Operation,
    PageSize, Paging, PagingEnd, PagingNext, Parameter, Property, RequestBody, Schema,
    SecurityKind, SecurityScheme, Server, ServerVariable, Style, Tag,
};
pub use crate::typed::Input;
/// The memory allocator of generated programs.
pub use mimalloc::MiMalloc as Allocator;
/// For the derives of typed inputs.
pub use serde;
/// For values of typed inputs that have no type of their own.
pub use serde_json::Value;

/// Runs the server as a program: reads the command line, serves, and says how it went.
pub fn main(catalog: &'static Catalog) -> ExitCode {
    crate::command::main(catalog)
}
