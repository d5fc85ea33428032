//! The steps of a call, whichever way it came: authorized, counted, checked, sent, read, recorded.

mod answering;
mod arguments;
mod callable;
mod checked;
mod error;
mod files;
mod hand_written;
mod identity;
mod kind;
mod limits;
mod load;
mod notes;
mod outcome;
mod output;
mod plan;
mod refusals;
mod seal;
mod shape;
mod shared;
mod words;

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use futures_util::FutureExt;
use serde_json::{Map, Value};

use crate::audit::{CallRecord, Calls, Ended, Recording};
use crate::capacity::{InFlight, Room, RunningCall};
use crate::metrics::{Limit, Metrics, Running};
use crate::model::AccessContext;
use crate::operation::{Access, Alias, Operation};
use crate::request_id::RequestId;
use crate::tool::{Tool, ToolKind};
use crate::trace::{ActiveSpan, SpanKind, Traces};
use crate::upstream::{Answer, Held, Upstream, UpstreamError};

use answering::Answered;
pub(crate) use callable::Callable;
use checked::checked;
pub use error::CallError;
pub(crate) use files::{Download, FileError, FileLink, FileLinks, RequestedUpload, UploadError};
use hand_written::Operations;
pub use hand_written::{
    Connector, ConnectorError, Context, IntoAnswer, Json, NoArguments, Tool as HandWritten,
    ToolBuilder,
};
pub(crate) use identity::Identity;
pub use kind::ErrorKind;
pub(crate) use limits::CallLimits;
pub(crate) use load::Load;
pub(crate) use outcome::{Content, Outcome, Structured};
pub(crate) use plan::{PlanPlace, PlanRequest};
use refusals::{authorize, replaced};
pub(crate) use shape::{AnswerLimits, Keeper};
pub(crate) use shared::Shared;
pub(crate) use words::quote;

/// When a call that could not be recorded may be made again, in seconds.
const RETRY_AFTER: u64 = 5;

/// Makes calls.
#[derive(Debug)]
pub(crate) struct Runner {
    operations: Arc<Operations>,
    /// The tools that the owner of the server wrote.
    hand_written: Vec<HandWritten>,
    /// Where the calls of those who signed in are recorded.
    calls: Option<Calls>,
    /// What bounds the calls of those who signed in.
    bounds: Option<CallLimits>,
    in_flight: Arc<InFlight>,
    /// What calls are counted in.
    metrics: Metrics,
    /// Where spans of calls are recorded.
    traces: Traces,
    /// How much of an answer clients receive at once.
    limits: AnswerLimits,
    /// What keeps the rest.
    keeper: Keeper,
    /// What is shared with other servers, where people sign in.
    shared: OnceLock<Shared>,
}

/// One call of a tool.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) tool: &'a Callable,
    /// The earlier name of the tool that it was called by, if it was.
    pub(crate) alias: Option<&'static Alias>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) caller: &'a AccessContext,
    /// What its message takes, where it came by HTTP.
    pub(crate) load: Option<&'a Load>,
    pub(crate) id: &'a RequestId,
}

impl Call<'_> {
    /// Returns the name of the tool as calls are recorded, with the one that it was called by.
    fn recorded_name(&self) -> Cow<'static, str> {
        let tool = self.tool.tool().name();
        match self.alias {
            None => Cow::Borrowed(tool),
            Some(Alias { name, .. }) => Cow::Owned(format!("{tool} (as {name})")),
        }
    }

    /// Returns the call as it is recorded under a name, where the caller signed in.
    fn to_record<'a>(&'a self, name: &'a str) -> Option<CallRecord<'a>> {
        let grant = self.caller.grant.as_deref()?;
        Some(CallRecord {
            grant,
            tool: name,
            access: self.tool.tool().access_of_call(Some(&self.arguments)),
            request_id: self.id.as_str(),
        })
    }
}

impl Runner {
    pub(crate) fn new(
        upstream: Upstream,
        calls: Option<Calls>,
        (bounds, in_flight): (Option<CallLimits>, Arc<InFlight>),
        (limits, keeper): (AnswerLimits, Keeper),
    ) -> Runner {
        Runner {
            operations: Arc::new(Operations::new(upstream)),
            hand_written: Vec::new(),
            calls,
            bounds,
            in_flight,
            metrics: Metrics::default(),
            traces: Traces::default(),
            limits,
            keeper,
            shared: OnceLock::new(),
        }
    }

    /// Counts calls in `metrics`, and records their spans in `traces`.
    pub(crate) fn observed(self, metrics: Metrics, traces: Traces) -> Runner {
        Runner {
            metrics,
            traces,
            ..self
        }
    }

    /// Makes calls of the hand-written tools of `connector`, too.
    pub(crate) fn with_tools(self, connector: &Connector) -> Runner {
        Runner {
            hand_written: connector.tools().to_vec(),
            ..self
        }
    }

    /// The tools of `connector` that are served.
    pub(crate) fn tools(&self, connector: &Connector) -> Vec<Tool> {
        let upstream = self.operations.upstream();
        let served = connector.operations().filter(|it| upstream.serves(it));
        let tools = served.map(|it| Tool::new(it, upstream.given_arguments(it)));
        let own = self.hand_written.iter().map(|tool| {
            let given = tool.wrapped().map(|it| upstream.given_arguments(it));
            Tool::hand_written(tool.descriptor(), given.unwrap_or_default())
        });
        tools.chain(own).collect()
    }

    /// The most bytes of each view of an answer.
    pub(crate) fn longest_view(&self) -> usize {
        self.limits.view(2)
    }

    /// Waits until every write that was started has ended, whether or not its caller still waits.
    pub(crate) async fn writes_ended(&self) {
        self.operations.upstream().writes_ended().await;
    }

    /// Makes one call: records it, makes it, logs it. Where the future is dropped, a read is
    /// abandoned, a write runs to its end, and the end of the call is recorded all the same.
    ///
    /// # Errors
    /// Where the call failed.
    pub(crate) async fn run(&self, call: Call<'_>) -> Result<Outcome, CallError> {
        let cost = AtomicU32::new(0);
        let mut end = End {
            tool: call.tool.tool().name(),
            alias: call.alias.map(|alias| alias.name),
            id: call.id,
            started: Instant::now(),
            cost: &cost,
            metrics: &self.metrics,
            access: call.tool.tool().access_of_call(Some(&call.arguments)),
            _running: self.metrics.start_call(),
            span: span(&self.traces, &call),
            recording: None,
            is_recorded: false,
        };
        if let Err(refused) = self.admit(&call) {
            self.record_refusal(&call, &refused);
            let refused = Err(*refused);
            end.reach(&refused);
            return refused;
        }
        end.recording = match self.record(&call) {
            Ok(recording) => recording,
            Err(refused) => {
                let refused = Err(*refused);
                end.reach(&refused);
                return refused;
            }
        };
        let id = call.id;
        // A panic is caught here, so that its caller gets an answer instead of waiting for ever.
        let outcome = match AssertUnwindSafe(self.make(call, &cost))
            .catch_unwind()
            .await
        {
            Ok(outcome) => outcome,
            Err(_) => {
                let message = "This server failed in handling the call.";
                Err(CallError::new(ErrorKind::Internal, message, id.as_str()))
            }
        };
        end.reach(&outcome);
        outcome
    }

    /// Checks that the caller is allowed to make a call, and counts it. That takes no line of the
    /// spool for each call, so that a caller in a loop does not fill it.
    ///
    /// # Errors
    /// Where the caller is not allowed to, or calls too often.
    fn admit(&self, call: &Call<'_>) -> Result<(), Box<CallError>> {
        authorize(call.tool.tool(), &call.arguments, call.caller, call.id)?;
        self.count(call.caller, call.id)
    }

    fn record_refusal(&self, call: &Call<'_>, refused: &CallError) {
        let name = call.recorded_name();
        let (Some(calls), Some(record)) = (&self.calls, call.to_record(&name)) else {
            return;
        };
        let (outcome, id) = (refused.kind.to_string(), call.id);
        if let Err(error) = calls.refuse(record, &outcome) {
            tracing::error!(request_id = %id, %error, "a refused call is not recorded");
        }
    }

    /// Records that a call begins, where calls of the caller are recorded. One that cannot be
    /// recorded is not made.
    fn record(&self, call: &Call<'_>) -> Result<Option<Recording>, Box<CallError>> {
        let name = call.recorded_name();
        let (Some(calls), Some(record)) = (&self.calls, call.to_record(&name)) else {
            return Ok(None);
        };
        let (tool, id) = (call.tool.tool().name(), call.id);
        let begun = calls.begin(record);
        begun.map(Some).map_err(|error| {
            tracing::error!(request_id = %id, tool, %error, "a call that cannot be recorded is refused");
            Box::new(limits::unrecorded(id))
        })
    }

    /// Counts something that runs for a caller, until the result is dropped.
    ///
    /// # Errors
    /// Where too many others run.
    pub(crate) fn enter(
        &self,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<RunningCall, Box<CallError>> {
        let running = self.in_flight.enter(caller.owner());
        running.map_err(|error| {
            self.metrics.limited(Limit::InFlight);
            Box::new(limits::too_many(error, id))
        })
    }

    /// Makes a call; `cost` becomes what it costs, once it may have reached the API.
    async fn make(&self, call: Call<'_>, cost: &AtomicU32) -> Result<Outcome, CallError> {
        let Call {
            tool: callable,
            alias,
            mut arguments,
            caller,
            load,
            id,
        } = call;
        let tool = callable.tool();
        if let Some(alias) = alias.filter(|alias| !alias.calls) {
            return Err(replaced(alias, tool, id));
        }
        let running = self.enter(caller, id).map_err(|error| *error)?;
        let mut answered = Answered {
            callable,
            caller,
            id,
            is_large: load.is_some_and(Load::is_heavy),
        };
        if let Some(cursor) = Runner::cursor(callable, &mut arguments) {
            return self.continued(&cursor, answered).await;
        }
        let fields = Runner::fields(callable, &mut arguments, id).map_err(|error| *error)?;
        let is_large = answered.is_large;
        let checked = checked(callable, arguments, is_large, id).map_err(|error| *error)?;
        let rooms = load.map(Load::take_request).unwrap_or_default();
        let taken = self.take(tool, &checked.arguments, caller, id).await;
        let (charge, uploads) = taken.map_err(|refused| *refused)?;
        cost.store(tool.descriptor().cost, Ordering::Relaxed);
        let mut repeated = None;
        let (answer, room) = match tool.kind() {
            ToolKind::Operation(operation) => {
                repeated = self.repeated(operation, &checked.arguments, caller);
                let held = Held {
                    call: Some(running),
                    rooms,
                    is_large,
                    number: 0,
                    uploads,
                };
                match self
                    .send(operation, checked.arguments, answered, held)
                    .await
                {
                    Ok(sent) => sent,
                    Err(error) => {
                        if error.is_before_sending() {
                            self.refund(charge, caller);
                            cost.store(0, Ordering::Relaxed);
                        }
                        return self.failed(&error, operation, repeated, answered).await;
                    }
                }
            }
            ToolKind::HandWritten(_) => {
                let running = (running, rooms);
                let handled = self.handle(tool.name(), checked.arguments, (caller, id), running);
                let handled = Box::pin(handled).await;
                if handled.sent_nothing {
                    self.refund(charge, caller);
                    cost.store(0, Ordering::Relaxed);
                }
                handled.answer?
            }
        };
        answered.is_large = room.is_some();
        let outcome = self
            .outcome(answer, fields.as_ref(), repeated, answered)
            .await;
        // Text is short by now. Media are as long as they came.
        if let Some(load) = load.filter(|_| answered.is_large && outcome.is_media()) {
            load.hold_answer(room);
        }
        Ok(outcome)
    }

    /// Sends the request of an operation. A large answer comes with the room that it takes.
    async fn send(
        &self,
        operation: &'static Operation,
        arguments: Map<String, Value>,
        Answered { caller, id, .. }: Answered<'_>,
        held: Held,
    ) -> Result<(Answer, Option<Room>), UpstreamError> {
        let uploads = held.uploads.taken.clone();
        let started = Instant::now();
        // Awaited where it is made: a future that is kept in a variable first takes twice its size.
        let sent = self
            .operations
            .upstream()
            .call_holding(operation, arguments, caller, id.as_str(), held)
            .await;
        self.metrics.upstream(started.elapsed());
        // What was sent was settled there.
        if let (Some(uploads), Err(_)) = (uploads, &sent) {
            uploads.settle(false).await;
        }
        sent
    }
}

/// Begins the span of a call, as OpenTelemetry describes those of MCP servers.
fn span(traces: &Traces, call: &Call<'_>) -> Option<ActiveSpan> {
    let tool = call.tool.tool().name();
    let name = || format!("tools/call {tool}");
    let mut span = traces.begin(call.id.as_str(), SpanKind::Call, name)?;
    span.set("mcp.method.name", "tools/call");
    span.set("gen_ai.operation.name", "execute_tool");
    span.set("gen_ai.tool.name", tool);
    Some(span)
}

/// Reports an answer that does not fit the published schema. Where that happens, the description is
/// wrong and not the call: the answer is delivered, and the first one of each tool is a warning.
fn report_unfit(callable: &Callable, rules: &[String], id: &RequestId) {
    if rules.is_empty() {
        return;
    }
    let tool = callable.tool().name();
    let rules = words::list(rules.iter());
    let message = "the answer does not fit the output schema: it is delivered";
    match callable.count_unfit_answer() {
        1 => tracing::warn!(request_id = %id, tool, rules, count = 1, "{message}"),
        count => tracing::debug!(request_id = %id, tool, rules, count, "{message}"),
    }
}

/// Records and logs the end of a call, also after its caller has disconnected.
struct End<'a> {
    tool: &'static str,
    alias: Option<&'static str>,
    id: &'a RequestId,
    started: Instant,
    cost: &'a AtomicU32,
    metrics: &'a Metrics,
    access: Access,
    _running: Running,
    span: Option<ActiveSpan>,
    recording: Option<Recording>,
    is_recorded: bool,
}

impl End<'_> {
    fn reach(&mut self, outcome: &Result<Outcome, CallError>) {
        self.is_recorded = true;
        let (tool, called_as, id) = (self.tool, self.alias, self.id);
        let elapsed_us = self.started.elapsed().as_micros();
        match outcome {
            Ok(Outcome { status, .. }) => {
                self.record("ok");
                tracing::info!(request_id = %id, tool, called_as, status, elapsed_us, outcome = "ok", "call");
            }
            Err(CallError { kind, status, .. }) => {
                let word = kind.to_string();
                self.record(&word);
                tracing::info!(request_id = %id, tool, called_as, status, elapsed_us, outcome = word, "call");
            }
        }
    }

    /// Records how the call ended. Where that is not possible, it stays recorded as one whose end is
    /// not known.
    fn record(&mut self, outcome: &str) {
        let elapsed = self.started.elapsed();
        self.metrics.call(self.access, outcome, elapsed);
        if let Some(span) = self.span.take() {
            span.end(Some(outcome).filter(|outcome| *outcome != "ok"));
        }
        let ended = Ended {
            outcome,
            elapsed,
            cost: self.cost.load(Ordering::Relaxed),
        };
        let ended = self.recording.take().map(|recording| recording.end(ended));
        if let Some(Err(error)) = ended {
            let id = self.id;
            tracing::error!(request_id = %id, %error, "how a call ended is not recorded");
        }
    }
}

impl Drop for End<'_> {
    /// The caller went away before the call ended.
    fn drop(&mut self) {
        if !self.is_recorded {
            let message = "The caller went away.";
            let gone = CallError::new(ErrorKind::Cancelled, message, self.id.as_str());
            self.reach(&Err(gone));
        }
    }
}
