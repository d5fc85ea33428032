//! Calls of tools, written down in batches, so that no caller waits for the store.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use crate::access::Grant;
use crate::clock::Clock;
use crate::store::Store;

/// How many calls may wait to be written down. Where there are more, callers do wait.
const WAITING: usize = 4096;
/// How many are written at once.
const BATCH: usize = 256;
/// How long a call may wait for others to be written with it.
const PAUSE: Duration = Duration::from_millis(50);
/// How long after a failure of the store it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A call that a signed-in caller made, or was refused.
#[derive(Clone, Debug)]
pub(crate) struct ToolCall {
    /// When it ended.
    pub(crate) at: SystemTime,
    pub(crate) request_id: String,
    /// With which key it was made.
    pub(crate) grant: Arc<Grant>,
    pub(crate) tool: &'static str,
    /// `ok`, or the kind of failure.
    pub(crate) outcome: String,
}

/// Where calls are noted. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    noted: mpsc::Sender<ToolCall>,
    clock: Arc<dyn Clock>,
}

/// The calls that were noted, on their way to the store.
#[derive(Debug)]
pub(crate) struct NotedCalls(mpsc::Receiver<ToolCall>);

impl Calls {
    /// Both ends.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> (Calls, NotedCalls) {
        let (sender, receiver) = mpsc::channel(WAITING);
        let calls = Calls {
            noted: sender,
            clock,
        };
        (calls, NotedCalls(receiver))
    }

    /// Notes a call.
    pub(crate) async fn note(
        &self,
        grant: &Arc<Grant>,
        tool: &'static str,
        outcome: String,
        request_id: &str,
    ) {
        let call = ToolCall {
            at: self.clock.now(),
            request_id: request_id.to_owned(),
            grant: Arc::clone(grant),
            tool,
            outcome,
        };
        if self.noted.send(call).await.is_err() {
            tracing::error!(request_id, tool, "a call could not be written down");
        }
    }
}

impl NotedCalls {
    /// Writes down what is noted, until nobody is left to note anything.
    pub(crate) async fn write_to(mut self, store: Arc<dyn Store>) {
        let mut batch = Vec::new();
        while self.0.recv_many(&mut batch, BATCH).await > 0 {
            while let Err(error) = store.tools_called(&batch).await {
                tracing::error!(%error, calls = batch.len(), "calls are not written down yet");
                tokio::time::sleep(RETRY).await;
            }
            // A full batch has others behind it, and callers wait once too many do.
            let more = batch.len() == BATCH;
            batch.clear();
            if !more {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
