//! How much an API may come to. A few lines of a description that every operation repeats make much
//! of little: without a bound, tools are lowered until the memory is full.

use super::size::compact;
use crate::diagnostic::Diagnostic;
use crate::ir::{Content, Operation};
use crate::openapi::Node;

/// How many tools an API has at most.
const MAX_TOOLS: usize = 50_000;
/// How many arguments they have at most, together.
const MAX_ARGUMENTS: usize = 200_000;
/// How many bytes their input schemas take at most, together, as compact JSON without definitions.
const MAX_INPUT_BYTES: usize = 64_000_000;

/// What the operations so far have come to.
#[derive(Default)]
pub(crate) struct Budget {
    tools: usize,
    arguments: usize,
    input_bytes: usize,
    spent: bool,
}

impl Budget {
    /// Takes an operation in.
    ///
    /// # Errors
    /// With it, the API would come to too much.
    pub(crate) fn spend(
        &mut self,
        operation: Operation,
        node: &Node,
    ) -> Result<Operation, Diagnostic> {
        let properties = match operation.request_body.as_ref().map(|body| &body.content) {
            Some(Content::Properties(properties)) => properties.len(),
            _ => 0,
        };
        self.tools += 1;
        self.arguments += operation.parameters.len() + properties;
        self.input_bytes += compact(&operation.input.json);
        let bounds = [
            (self.tools, MAX_TOOLS, "tools"),
            (self.arguments, MAX_ARGUMENTS, "arguments of all tools"),
            (
                self.input_bytes,
                MAX_INPUT_BYTES,
                "bytes of all input schemas",
            ),
        ];
        match bounds.iter().find(|(used, most, _)| used > most) {
            None => Ok(operation),
            Some((_, most, what)) => {
                self.spent = true;
                Err(Diagnostic::error(
                    node.at.as_str(),
                    format!(
                        "the description comes to more than {most} {what}; so are all operations behind it"
                    ),
                    "hide operations that are not needed, or divide the description",
                ))
            }
        }
    }

    /// Whether there is no room for any other operation.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent
    }
}
