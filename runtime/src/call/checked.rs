//! The arguments of a call, checked and healed.

use serde_json::{Map, Value};

use super::arguments::Checked;
use super::callable::Callable;
use super::error::CallError;
use super::refusals::invalid;
use crate::offload;
use crate::request_id::RequestId;

/// Checks and heals the arguments of a call.
///
/// # Errors
/// Where they do not fit their schema.
pub(super) fn checked(
    callable: &Callable,
    arguments: Map<String, Value>,
    is_large: bool,
    id: &RequestId,
) -> Result<Checked, Box<CallError>> {
    let checked = offload::run(is_large, || callable.input().check(arguments));
    let checked = checked.map_err(|violations| Box::new(invalid(&violations, id)))?;
    for healing in &checked.healed {
        let (path, what, tool) = (&healing.path, healing.what, callable.tool().name());
        tracing::debug!(request_id = %id, tool, path, what, "healed");
    }
    Ok(checked)
}
