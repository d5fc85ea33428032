//! Calls that are refused for what they are.

use serde_json::{Map, Value};

use super::arguments::Violations;
use super::{CallError, ErrorKind};
use crate::model::AccessContext;
use crate::operation::Alias;
use crate::request_id::RequestId;
use crate::tool::Tool;

/// Refuses a call that the caller's access does not cover.
pub(super) fn authorize(
    tool: &Tool,
    arguments: &Map<String, Value>,
    caller: &AccessContext,
    id: &RequestId,
) -> Result<(), Box<CallError>> {
    if caller.allows(tool.access_of_call(Some(arguments))) {
        return Ok(());
    }
    Err(Box::new(read_only(tool.name(), id)))
}

/// Returns the error of a call that may change something, over a connection that is read-only.
pub(super) fn read_only(tool: &str, id: &RequestId) -> CallError {
    let message = format!(
        "`{tool}` may change something, and this connection is read-only; nothing was sent."
    );
    CallError::new(ErrorKind::Forbidden, message, id.as_str())
}

/// Returns the error of arguments that do not fit their schema.
pub(super) fn invalid(violations: &Violations, id: &RequestId) -> CallError {
    let message = violations.to_string();
    let mut error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
    error.details = Some(violations.to_details());
    error.hint = Some("Correct the arguments and call the tool again.".to_owned());
    error
}

/// Returns the error of a call by an earlier name whose tool is called in another way.
pub(super) fn replaced(alias: &Alias, tool: &Tool, id: &RequestId) -> CallError {
    let (old, new) = (alias.name, tool.name());
    let message = format!("`{old}` was replaced by `{new}`; nothing was sent.");
    CallError {
        hint: Some(format!(
            "Read the definition of `{new}`, and call it in place of `{old}`."
        )),
        ..CallError::new(ErrorKind::ToolReplaced, message, id.as_str())
    }
}
