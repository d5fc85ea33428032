//! What a handler receives beside its arguments.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::operations::{self, Counts, Operations};
use super::tool::Tool;
use crate::call::{CallError, ErrorKind};
use crate::model::AccessContext;
use crate::operation::{Access, Operation};
use crate::request_id::RequestId;
use crate::upstream::{Answer, Body};

/// Who calls a tool, and what its handler can do for them. Cloning it is cheap.
///
/// A call of an operation takes the way of every other call of it: its arguments are checked against
/// its schema, the credentials of the caller are added, it is sent again where that is safe, and
/// secrets are removed from the answer. It is neither counted nor recorded on its own: the call of the
/// tool is.
#[derive(Clone, Debug)]
pub struct Context {
    operations: Arc<Operations>,
    caller: AccessContext,
    id: RequestId,
    /// The most that operations may do that the handler calls.
    most: Access,
    counts: Arc<Counts>,
}

impl Context {
    pub(super) fn new(
        tool: &Tool,
        operations: Arc<Operations>,
        caller: AccessContext,
        id: RequestId,
        counts: Arc<Counts>,
    ) -> Context {
        let most = match tool.writes_for_readers() {
            true => Access::Write,
            false => caller.access,
        };
        Context {
            operations,
            caller,
            id,
            most,
            counts,
        }
    }

    /// What the caller may do: that of the connection, and without sign-in that of the server.
    #[must_use]
    pub fn access(&self) -> Access {
        self.caller.access
    }

    /// The API's id of the workspace that the caller acts for, where it has one.
    #[must_use]
    pub fn workspace(&self) -> Option<&str> {
        self.caller.workspace.as_deref()
    }

    /// This server's id of the workspace; none without sign-in.
    #[must_use]
    pub fn workspace_id(&self) -> Option<&str> {
        let grant = self.caller.grant.as_deref()?;
        Some(grant.workspace.as_str())
    }

    /// This server's id of the person who approved the connection; none without sign-in.
    #[must_use]
    pub fn person_id(&self) -> Option<&str> {
        let grant = self.caller.grant.as_deref()?;
        Some(grant.person.as_str())
    }

    /// The id of the call, which the result, the log, the audit and the API have.
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.id.as_str()
    }

    /// Calls an operation of the API. `arguments` are those of its tool, as anything that becomes a
    /// JSON object.
    ///
    /// An operation that the catalogue does not have may change something unless its method is safe
    /// (RFC 9110 §9.2.1), whatever its constant says, and is sent again only where its method is
    /// idempotent (§9.2.2) or it carries an idempotency key.
    ///
    /// # Errors
    /// Where the arguments do not fit, the connection is not allowed to call the operation, or the
    /// call fails. The error can be returned as it is.
    pub async fn call(
        &self,
        operation: &'static Operation,
        arguments: impl Serialize,
    ) -> Result<Answer, CallError> {
        let arguments = serde_json::to_value(arguments).map_err(|error| error.to_string());
        let arguments = arguments.and_then(|value| match value {
            Value::Object(arguments) => Ok(arguments),
            Value::Null => Ok(Map::new()),
            _ => Err("they are no object".to_owned()),
        });
        let arguments =
            arguments.map_err(|reason| operations::no_arguments(operation, &reason, &self.id))?;
        let callable = self.operations.callable(operation);
        if callable.tool().access() > self.most {
            let message = format!(
                "`{}` may change something, and this connection is read-only; it was not called.",
                operation.name
            );
            return Err(self.error(ErrorKind::Forbidden, message));
        }
        let caller = (&self.caller, &self.id);
        self.operations
            .call(&callable, arguments, caller, &self.counts)
            .await
    }

    /// Calls the operation of a typed input (feature `typed` of the generated crate).
    ///
    /// # Errors
    /// As [`Context::call`].
    pub async fn send<I: crate::typed::Input>(&self, input: &I) -> Result<Answer, CallError> {
        let arguments = input.arguments();
        let arguments = arguments.map_err(|error| {
            operations::no_arguments(I::OPERATION, &error.to_string(), &self.id)
        })?;
        self.call(I::OPERATION, arguments).await
    }

    /// Calls an operation, and reads the JSON of its answer.
    ///
    /// # Errors
    /// As [`Context::call`], and where the answer is other than `T`.
    pub async fn call_as<T: DeserializeOwned>(
        &self,
        operation: &'static Operation,
        arguments: impl Serialize,
    ) -> Result<T, CallError> {
        let answer = self.call(operation, arguments).await?;
        let value = match answer.body {
            Body::Json(value) => value,
            _ => Value::Null,
        };
        T::deserialize(value).map_err(|_| {
            let name = operation.name;
            // The error of the library repeats values of the answer.
            let expected = std::any::type_name::<T>();
            tracing::error!(request_id = %self.id, operation = name, expected, "an unexpected answer");
            let message = format!("The API's answer to `{name}` is not as expected.");
            self.error(ErrorKind::InvalidResponse, message)
        })
    }

    /// An error of this call, with the hint of its kind.
    #[must_use]
    pub fn error(&self, kind: ErrorKind, message: impl Into<String>) -> CallError {
        CallError::new(kind, message, self.id.as_str())
    }
}
