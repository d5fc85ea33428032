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
pub(super) use self::operations::{Counts, Operations};
pub use self::tool::{NoArguments, Tool, ToolBuilder};
use super::{CallError, ErrorKind, Runner, shape};
use crate::capacity::{Room, RunningCall, Size};
use crate::model::AccessContext;
use crate::operation::Access;
use crate::request_body::Rooms;
use crate::request_id::RequestId;
use crate::upstream::{Answer, Body};

impl Runner {
    /// Runs the handler of a hand-written tool. That of one that may change something runs to its
    /// end even where the caller stops waiting, as a write to the API does.
    pub(super) async fn handle(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        (caller, id): (&AccessContext, &RequestId),
        running: (RunningCall, Rooms),
    ) -> Handled {
        let counts = Arc::new(Counts::default());
        let handled = self.answer_of(name, arguments, (caller, id), &counts, running);
        Handled {
            answer: handled.await,
            sent_nothing: counts.sent_nothing(),
        }
    }

    /// # Errors
    /// Where the handler fails, or panics.
    async fn answer_of(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        (caller, id): (&AccessContext, &RequestId),
        counts: &Arc<Counts>,
        running: (RunningCall, Rooms),
    ) -> Result<(Answer, Option<Room>), CallError> {
        let Some(tool) = self.hand_written.iter().find(|tool| tool.name() == name) else {
            return Err(failed(id));
        };
        let context = Context::new(
            tool,
            Arc::clone(&self.operations),
            caller.clone(),
            id.clone(),
            Arc::clone(counts),
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
        let Ok(answer) = ended else {
            tracing::error!(request_id = %id, tool = name, "a hand-written tool panicked");
            return Err(failed(id));
        };
        let mut answer = answer?;
        if tool.wrapped().is_none() {
            // It has the arguments of the operation that answered, and not those of the tool.
            answer.next_page = None;
        }
        let room = self.room_for(&answer, caller).await;
        Ok((answer, room))
    }

    /// Waits for the memory in which a large answer becomes a result. Those of the calls that the
    /// handler made have ended: a handler that kept one while it waits for another could wait for ever.
    async fn room_for(&self, answer: &Answer, caller: &AccessContext) -> Option<Room> {
        let of_bytes = |bytes| Size { bytes, values: 0 };
        let size = match &answer.body {
            Body::Empty => return None,
            Body::Json(value) => shape::size(value),
            Body::Text(text) => of_bytes(text.len()),
            Body::Image { bytes, .. } | Body::Audio { bytes, .. } | Body::Binary { bytes, .. } => {
                of_bytes(bytes.len())
            }
        };
        match size.is_large() {
            true => {
                let account = self.operations.upstream().account(caller);
                account.room_for_answer(size).await
            }
            false => None,
        }
    }
}

/// What came of a handler.
pub(super) struct Handled {
    /// What it returned. A large answer has the room that it takes.
    pub(super) answer: Result<(Answer, Option<Room>), CallError>,
    /// True where nothing can have reached the API.
    pub(super) sent_nothing: bool,
}

fn failed(id: &RequestId) -> CallError {
    let message = "This server failed in handling the call.";
    CallError::new(ErrorKind::Internal, message, id.as_str())
}
