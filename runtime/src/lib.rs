//! What every generated MCP server shares: transport, calls, answers.

pub mod access;
pub mod clock;
pub mod codegen;
pub mod credential;
pub mod operation;
pub mod secret;
pub mod typed;
pub mod upstream;

mod command {
    //! The command line; its room is still to be built.
    use std::process::ExitCode;

    use crate::operation::Catalog;

    pub(crate) fn main(_catalog: &'static Catalog) -> ExitCode {
        ExitCode::FAILURE
    }
}
