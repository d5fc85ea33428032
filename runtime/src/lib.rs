//! What every generated MCP server shares: transport, calls, answers.

pub mod codegen;
pub mod operation;
pub mod typed;

mod command {
    //! The command line; its room is still to be built.
    use std::process::ExitCode;

    use crate::operation::Catalog;

    pub(crate) fn main(_catalog: &'static Catalog) -> ExitCode {
        ExitCode::FAILURE
    }
}
