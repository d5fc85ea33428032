//! The operations that hand-written tools call.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use crate::call::refusals::invalid;
use crate::call::{CallError, Callable, ErrorKind};
use crate::model::AccessContext;
use crate::operation::{Access, Operation};
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
    ///
    /// # Errors
    /// Where the call failed.
    pub(in crate::call) async fn call(
        &self,
        callable: &Callable,
        arguments: Map<String, Value>,
        (caller, id): (&AccessContext, &RequestId),
        counts: &Counts,
    ) -> Result<Answer, CallError> {
        let operation = callable.tool().descriptor();
        let number = counts.called.fetch_add(1, Ordering::Relaxed);
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
        // Counted before it is sent: a handler that stops waiting does not know whether it was.
        counts.sent.fetch_add(1, Ordering::Relaxed);
        match sent.await {
            Ok((answer, _)) => Ok(answer),
            Err(error) => {
                if error.is_before_sending() {
                    counts.sent.fetch_sub(1, Ordering::Relaxed);
                }
                let error = CallError::of_upstream(&error, operation, id.as_str());
                let (operation, kind) = (operation.name, error.kind);
                tracing::debug!(request_id = %id, operation, %kind, "an operation failed");
                Err(error)
            }
        }
    }

    /// What checks the arguments of an operation, with the operation as it is called.
    pub(in crate::call) fn callable(&self, operation: &'static Operation) -> Arc<Callable> {
        let make = || {
            let operation = match self.upstream.describes(operation) {
                true => operation,
                false => limited_by_method(operation),
            };
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

/// What one call of a hand-written tool counts.
#[derive(Debug, Default)]
pub(in crate::call) struct Counts {
    /// Calls of operations: the number of each distinguishes it from the others.
    called: AtomicU32,
    /// Requests that may have reached the API.
    sent: AtomicU32,
}

impl Counts {
    /// Counts for a request that the server makes by itself: its number is none that a call has.
    pub(in crate::call) fn apart() -> Counts {
        Counts {
            called: AtomicU32::new(u32::MAX),
            ..Counts::default()
        }
    }

    /// Returns true where nothing can have reached the API.
    pub(super) fn sent_nothing(&self) -> bool {
        self.sent.load(Ordering::Relaxed) == 0
    }
}

/// An operation that is no part of the catalogue, as its method allows it: the generator has not
/// looked at it, and a constant that does not mention `access` and `idempotent` has those of a read.
fn limited_by_method(operation: &'static Operation) -> &'static Operation {
    let (is_safe, is_idempotent) = match operation.method {
        "GET" | "HEAD" | "OPTIONS" | "QUERY" => (true, true),
        "PUT" | "DELETE" | "TRACE" => (false, true),
        _ => (false, false),
    };
    let access = match is_safe {
        true => operation.access,
        false => Access::Write,
    };
    let idempotent = operation.idempotent && is_idempotent;
    if access == operation.access && idempotent == operation.idempotent {
        return operation;
    }
    // Made once for each constant, and as lasting as these are.
    Box::leak(Box::new(Operation {
        access,
        idempotent,
        ..operation.clone()
    }))
}

/// The error of a value that is no object of arguments.
pub(super) fn no_arguments(operation: &Operation, reason: &str, id: &RequestId) -> CallError {
    let message = format!("The arguments of `{}` are none: {reason}.", operation.name);
    CallError::new(ErrorKind::Internal, message, id.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constant_is_no_more_than_its_method() {
        let is = |method, access, idempotent| {
            let operation: &'static Operation = Box::leak(Box::new(Operation {
                method,
                access,
                idempotent,
                ..Operation::BASE
            }));
            let limited = limited_by_method(operation);
            (limited.access, limited.idempotent)
        };
        assert_eq!(is("GET", Access::Read, true), (Access::Read, true));
        assert_eq!(is("GET", Access::Write, false), (Access::Write, false));
        assert_eq!(is("PUT", Access::Read, true), (Access::Write, true));
        for method in ["POST", "PATCH", "get", "MOVE"] {
            assert_eq!(is(method, Access::Read, true), (Access::Write, false));
        }
    }
}
