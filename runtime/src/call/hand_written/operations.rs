//! The operations that hand-written tools call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::call::{CallError, Callable, ErrorKind, invalid};
use crate::model::AccessContext;
use crate::operation::Operation;
use crate::request_id::RequestId;
use crate::tool::Tool;
use crate::upstream::{Answer, Held, Upstream};

/// The API, as hand-written tools call it.
#[derive(Debug)]
pub(in crate::call) struct Operations {
    upstream: Upstream,
    /// What checks the arguments of each operation that was called, by its address: operations are
    /// constants.
    callables: Mutex<HashMap<usize, Arc<Callable>>>,
}

impl Operations {
    pub(in crate::call) fn new(upstream: Upstream) -> Operations {
        Operations {
            upstream,
            callables: Mutex::default(),
        }
    }

    pub(in crate::call) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Calls an operation for a caller: checks the arguments, sends the request, reads the answer.
    /// `number` distinguishes the calls of one request.
    ///
    /// # Errors
    /// Where the call failed.
    pub(super) async fn call(
        &self,
        operation: &'static Operation,
        arguments: Map<String, Value>,
        (caller, id): (&AccessContext, &RequestId),
        number: u32,
    ) -> Result<Answer, CallError> {
        let callable = self.callable(operation);
        let checked = callable.input().check(arguments);
        let checked = checked.map_err(|violations| {
            let error = invalid(&violations, id);
            let message = format!("`{}`: {}", operation.name, error.message);
            CallError { message, ..error }
        })?;
        let held = Held {
            number,
            ..Held::default()
        };
        let sent =
            self.upstream
                .call_holding(operation, checked.arguments, caller, id.as_str(), held);
        match sent.await {
            Ok((answer, _)) => Ok(answer),
            Err(error) => {
                let error = CallError::of_upstream(&error, operation, id.as_str());
                let (operation, kind) = (operation.name, error.kind);
                tracing::debug!(request_id = %id, operation, %kind, "an operation failed");
                Err(error)
            }
        }
    }

    fn callable(&self, operation: &'static Operation) -> Arc<Callable> {
        let make = || {
            let given = self.upstream.given_arguments(operation);
            Arc::new(Callable::new(Tool::new(operation, given)))
        };
        let mut callables = self
            .callables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let callable = callables.entry(std::ptr::from_ref(operation).addr());
        Arc::clone(callable.or_insert_with(make))
    }
}

/// The error of a value that is no object of arguments.
pub(super) fn no_arguments(operation: &Operation, reason: &str, id: &RequestId) -> CallError {
    let message = format!("The arguments of `{}` are none: {reason}.", operation.name);
    CallError::new(ErrorKind::Internal, message, id.as_str())
}
