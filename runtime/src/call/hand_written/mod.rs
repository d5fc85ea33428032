//! Tools that the owner of a server writes in Rust, beside those that are generated.

mod answer;
mod connector;
mod context;
mod operations;
mod tool;

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::{Map, Value};

pub use self::answer::{IntoAnswer, Json};
pub use self::connector::{Connector, ConnectorError};
pub use self::context::Context;
pub(super) use self::operations::Operations;
pub use self::tool::{NoArguments, Tool, ToolBuilder};
use super::{CallError, ErrorKind, Runner};
use crate::capacity::RunningCall;
use crate::model::AccessContext;
use crate::operation::Access;
use crate::request_body::Rooms;
use crate::request_id::RequestId;
use crate::upstream::Answer;

impl Runner {
    /// Runs the handler of a hand-written tool. That of one that may change something runs to its
    /// end even where the caller stops waiting, as a write to the API does.
    ///
    /// # Errors
    /// Where the handler fails, or panics.
    pub(super) async fn handle(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        (caller, id): (&AccessContext, &RequestId),
        running: (RunningCall, Rooms),
    ) -> Result<Answer, CallError> {
        let Some(tool) = self.hand_written.iter().find(|tool| tool.name() == name) else {
            return Err(failed(id));
        };
        let context = Context::new(
            tool,
            Arc::clone(&self.operations),
            caller.clone(),
            id.clone(),
        );
        let answer = AssertUnwindSafe(tool.handle(context, arguments)).catch_unwind();
        let ended = async move {
            let answer = answer.await;
            drop(running);
            answer
        };
        let ended = match tool.access() {
            Access::Read => ended.await,
            Access::Write => {
                let ended = self.operations.upstream().run_to_its_end(ended).await;
                ended.unwrap_or_else(|error| Err(Box::new(error) as Box<dyn Any + Send>))
            }
        };
        match ended {
            Ok(answer) => answer,
            Err(_) => {
                tracing::error!(request_id = %id, tool = name, "a hand-written tool panicked");
                Err(failed(id))
            }
        }
    }
}

fn failed(id: &RequestId) -> CallError {
    let message = "This server failed in handling the call.";
    CallError::new(ErrorKind::Internal, message, id.as_str())
}
