//! The MCP server: the catalogue, listed and called.

use std::borrow::Cow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::FutureExt;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
    ErrorData, Implementation, InitializeRequestParams, InitializeResult, ListPromptsRequestMethod,
    ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult,
    ListResourcesRequestMethod, ListResourcesResult, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::catalogue::{Catalogue, CatalogueError, Entry};
use super::healing::Healing;
use super::load::{self, Load};
use super::message::{list, quote};
use super::result;
use crate::audit::{Calls, Recording};
use crate::capacity::InFlight;
use crate::model::AccessContext;
use crate::nearest::nearest;
use crate::offload;
use crate::operation::{Access, Catalog};
use crate::random::Random;
use crate::request_id::RequestId;
use crate::upstream::{CallError, ErrorKind, Held, Upstream};

/// The protocol revisions that are served. 2024-11-05 is not: its transport is another one.
pub(super) const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2026_07_28,
];

/// A page of `tools/list` ends after this many tools, so that an ordinary catalogue is one page
/// even for clients that never ask for the next …
const PAGE_TOOLS: usize = 500;

/// … or when its schemas and descriptions reach this many bytes.
const PAGE_BYTES: usize = 512 * 1024;

/// How long clients may keep a list. It changes only with a new version of the server.
const LIST_TTL_MS: u64 = 300_000;

/// The longest instructions sent, in characters.
const INSTRUCTIONS_CHARS: usize = 2_000;

/// When a call that could not be recorded may be made again, in seconds.
const RETRY_AFTER: u64 = 5;

const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
const REQUEST_ID: &str = "drawbridge/request-id";

/// The door between MCP and the API. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalogue: Catalogue,
    upstream: Upstream,
    context: AccessContext,
    calls: Option<Calls>,
    in_flight: Arc<InFlight>,
    random: Arc<dyn Random>,
    config: ServerConfig,
    server_info: Value,
    instructions: String,
}

/// What a call has from the way it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calling<'a> {
    /// What its message takes, where it came by HTTP.
    pub(super) load: Option<&'a Load>,
    /// Cancelled when nobody waits for the answer any more.
    pub(super) cancelled: &'a CancellationToken,
}

impl Gateway {
    /// Serves `catalog` by calling `upstream`, everybody who did not sign in under `context`. The
    /// calls of those who did are recorded in `calls`; no more run at once than `in_flight` allows.
    ///
    /// # Errors
    /// Where two tools have one name.
    pub(crate) fn new(
        catalog: &'static Catalog,
        upstream: Upstream,
        context: AccessContext,
        calls: Option<Calls>,
        in_flight: Arc<InFlight>,
        random: Arc<dyn Random>,
    ) -> Result<Gateway, CatalogueError> {
        let implementation =
            Implementation::new(catalog.name, catalog.version).with_title(catalog.title);
        let server_info = serde_json::json!({
            "name": catalog.name,
            "title": catalog.title,
            "version": catalog.version,
        });
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        Ok(Gateway(Arc::new(Inner {
            catalogue: Catalogue::new(
                catalog,
                |operation| upstream.serves(operation),
                |operation| upstream.given_arguments(operation),
            )?,
            upstream,
            context,
            calls,
            in_flight,
            random,
            config: ServerConfig::new(capabilities).with_server_info(implementation),
            server_info,
            instructions: instructions(catalog),
        })))
    }

    /// The definitions that are served, in order.
    pub(crate) fn tools(&self) -> impl Iterator<Item = Tool> {
        let visible = self.0.catalogue.visible(self.0.context.access);
        visible.map(|entry| entry.list().tool)
    }

    /// How many tools read and how many may change something, of those that are served.
    pub(crate) fn count(&self) -> (usize, usize) {
        let visible = self.0.catalogue.visible(self.0.context.access);
        let (reads, writes): (Vec<_>, Vec<_>) =
            visible.partition(|entry| entry.operation().access == Access::Read);
        (reads.len(), writes.len())
    }

    /// Waits until every write that was started has ended, whether or not its caller still waits.
    pub(crate) async fn writes_ended(&self) {
        self.0.upstream.writes_ended().await;
    }

    fn meta(&self, id: &RequestId) -> MetaObject {
        let mut meta = MetaObject::new();
        meta.0
            .insert(SERVER_INFO.to_owned(), self.0.server_info.clone());
        meta.0
            .insert(REQUEST_ID.to_owned(), Value::from(id.as_str()));
        meta
    }

    /// The id of the HTTP request, or a new one where there is none.
    fn request_id(&self, context: &RequestContext<RoleServer>) -> RequestId {
        context
            .extensions
            .get::<http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<RequestId>())
            .cloned()
            .unwrap_or_else(|| RequestId::new(&*self.0.random))
    }

    /// The authority of whoever runs this server.
    pub(super) fn operator(&self) -> &AccessContext {
        &self.0.context
    }

    /// The authority an HTTP request came with; who speaks over streams is the operator.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Result<AccessContext, ErrorData> {
        let Some(request) = context.extensions.get::<http::request::Parts>() else {
            return Ok(self.operator().clone());
        };
        // A door that forgets to say who calls lets nobody in.
        let caller = request.extensions.get::<AccessContext>().cloned();
        caller.ok_or_else(|| ErrorData::internal_error("it is not known who calls", None))
    }

    fn page(
        &self,
        cursor: Option<&str>,
        access: Access,
    ) -> Result<(Vec<Tool>, Option<String>), ErrorData> {
        let rest = match cursor {
            None => self.0.catalogue.starting_at(""),
            Some(cursor) => self.continuation(cursor).ok_or_else(|| {
                ErrorData::invalid_params(
                    "invalid cursor: send the `nextCursor` of an earlier answer, or none",
                    None,
                )
            })?,
        };
        let mut tools = Vec::new();
        let mut bytes = 0;
        for entry in rest
            .iter()
            .filter(|entry| entry.operation().access <= access)
        {
            if tools.len() == PAGE_TOOLS || bytes >= PAGE_BYTES {
                let next = URL_SAFE_NO_PAD.encode(entry.operation().name);
                return Ok((tools, Some(next)));
            }
            let listed = entry.list();
            bytes += listed.size;
            tools.push(listed.tool);
        }
        Ok((tools, None))
    }

    /// A cursor is the name of the page's first tool, in base64 since it is nobody's business.
    fn continuation(&self, cursor: &str) -> Option<&[Entry]> {
        let name = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        self.0.catalogue.find(&name)?;
        Some(self.0.catalogue.starting_at(&name))
    }

    /// Makes one call; gives its result and the HTTP status of the API's answer.
    async fn call(
        &self,
        entry: &Entry,
        request: CallToolRequestParams,
        caller: &AccessContext,
        calling: Calling<'_>,
        id: &RequestId,
    ) -> Result<(CallToolResult, u16), CallError> {
        let Calling { load, cancelled } = calling;
        let operation = entry.operation();
        if !caller.allows(operation.access) {
            let message = format!(
                "`{}` may change something, and this connection is read-only; nothing was sent.",
                operation.name
            );
            return Err(CallError::new(ErrorKind::Forbidden, message, id.as_str()));
        }
        let running = self.0.in_flight.enter(caller.owner());
        let running = running.map_err(|error| load::too_many(error, id))?;
        let is_large = load.is_some_and(Load::is_heavy);
        let arguments = request.arguments.unwrap_or_default();
        let checked = offload::run(is_large, || entry.input().check(arguments));
        let checked = checked.map_err(|violations| {
            let message = violations.to_string();
            let mut error = CallError::new(ErrorKind::InvalidArguments, message, id.as_str());
            error.details = Some(violations.to_details());
            error.hint = Some("Correct the arguments and call the tool again.".to_owned());
            error
        })?;
        for Healing { path, what, .. } in &checked.healed {
            tracing::debug!(request_id = %id, tool = operation.name, path, what, "healed");
        }
        let held = Held {
            call: Some(running),
            rooms: load.map(Load::take_request).unwrap_or_default(),
            is_large,
        };
        let upstream = &self.0.upstream;
        let call = upstream.call_holding(operation, checked.arguments, caller, id.as_str(), held);
        // Nobody waits for a read whose caller is gone. A write runs on in any case: the upstream
        // sees to that.
        let (mut answer, room) = tokio::select! {
            answer = call => answer?,
            () = cancelled.cancelled() => {
                return Err(CallError::new(ErrorKind::Internal, "The caller went away.", id.as_str()));
            }
        };
        let status = answer.status;
        let is_large = room.is_some();
        if let Some(load) = load.filter(|_| is_large) {
            load.hold_answer(room);
        }
        let result = offload::run(is_large, || {
            let next_page = answer.next_page.take();
            let next_page = next_page.and_then(|it| entry.input().check(it).ok());
            let next_page = next_page.map(|checked| checked.arguments);
            let (result, rules) = result::success(answer, entry.output(), next_page, id);
            report_unfit(entry, &rules, id);
            result
        });
        Ok((result, status))
    }

    /// Makes one call; one that panics has failed.
    async fn try_call(
        &self,
        entry: &Entry,
        request: CallToolRequestParams,
        caller: &AccessContext,
        calling: Calling<'_>,
        id: &RequestId,
    ) -> Result<(CallToolResult, u16), CallError> {
        // A panic is caught here, so that its caller gets an answer instead of waiting for ever.
        // Boxed, since what holds the future of a call is copied from task to task on its way.
        let call = Box::pin(self.call(entry, request, caller, calling, id));
        match AssertUnwindSafe(call).catch_unwind().await {
            Ok(outcome) => outcome,
            Err(_) => {
                let message = "This server failed in handling the call.";
                Err(CallError::new(ErrorKind::Internal, message, id.as_str()))
            }
        }
    }

    /// Records that a call begins, where calls of the caller are recorded. One that cannot be
    /// recorded is not made.
    fn record(
        &self,
        caller: &AccessContext,
        entry: &Entry,
        id: &RequestId,
    ) -> Result<Option<Recording>, Box<CallError>> {
        let (Some(calls), Some(grant)) = (&self.0.calls, &caller.grant) else {
            return Ok(None);
        };
        let tool = entry.operation().name;
        let begun = calls.begin(grant, tool, id.as_str());
        begun.map(Some).map_err(|error| {
            tracing::error!(request_id = %id, tool, %error, "a call that cannot be recorded is refused");
            let message = "This server cannot record calls at the moment, so it makes none.";
            Box::new(CallError {
                retryable: true,
                retry_after_seconds: Some(RETRY_AFTER),
                ..CallError::new(ErrorKind::Unavailable, message, id.as_str())
            })
        })
    }

    /// Whether there is a tool of this name, of which no header field repeats an argument.
    pub(super) fn has_plain(&self, name: &str) -> bool {
        let entry = self.0.catalogue.find(name);
        entry.is_some_and(|entry| !entry.has_header_arguments())
    }

    /// Makes one call, whichever way it came: records it, makes it, logs it.
    ///
    /// # Errors
    /// Where there is no such tool. A call that fails is a result.
    pub(super) async fn run(
        &self,
        request: CallToolRequestParams,
        caller: &AccessContext,
        calling: Calling<'_>,
        id: &RequestId,
    ) -> Result<CallToolResult, ErrorData> {
        let Some(entry) = self.0.catalogue.find(&request.name) else {
            return Err(self.unknown(&request.name, caller.access));
        };
        let started = Instant::now();
        let outcome = match self.record(caller, entry, id) {
            Ok(recording) => {
                let outcome = self.try_call(entry, request, caller, calling, id).await;
                end(recording, &outcome, id);
                outcome
            }
            Err(refused) => Err(*refused),
        };
        log(id, entry, &outcome, started);
        let structured = entry.operation().output.is_some();
        let result = match outcome {
            Ok((result, _)) => result,
            Err(error) => result::failure(&error, structured),
        };
        Ok(result.with_meta(Some(self.meta(id))))
    }

    fn unknown(&self, name: &str, access: Access) -> ErrorData {
        let visible = self.0.catalogue.visible(access);
        let mut message = format!("unknown tool: {}", quote(name));
        if let Some(meant) = nearest(name, visible.map(|entry| entry.operation().name)) {
            message.push_str(&format!("; did you mean `{meant}`?"));
        }
        ErrorData::invalid_params(message, None)
    }
}

impl ServerHandler for Gateway {
    fn get_info(&self) -> ServerConfig {
        self.0.config.clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        Some(self.0.catalogue.find(name)?.tool().clone())
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self
            .negotiate_initialize(&request)?
            .with_instructions(self.0.instructions.as_str());
        context.peer.set_peer_info(request);
        result.meta = Some(self.meta(&self.request_id(&context)));
        Ok(result)
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let config = self
            .get_info()
            .with_instructions(self.0.instructions.as_str());
        let mut result = DiscoverResult::from_server_info(VERSIONS.to_vec(), config)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private);
        result.meta = Some(self.meta(&self.request_id(&context)));
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        let (tools, next_cursor) = self.page(cursor.as_deref(), self.caller(&context)?.access)?;
        let mut result = ListToolsResult::with_all_items(tools)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private);
        result.next_cursor = next_cursor;
        result.meta = Some(self.meta(&self.request_id(&context)));
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let id = self.request_id(&context);
        let caller = self.caller(&context)?;
        let calling = Calling {
            load: load::of(&context),
            cancelled: &context.ct,
        };
        let result = self.run(request, &caller, calling, &id).await?;
        Ok(result.into())
    }

    // What is not offered is not there for clients of today. Those of earlier revisions ask for
    // these lists without looking at the capabilities, and some take an error for a dead server.

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        absent(
            &context,
            ErrorData::method_not_found::<ListPromptsRequestMethod>,
        )
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        absent(
            &context,
            ErrorData::method_not_found::<ListResourcesRequestMethod>,
        )
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        absent(
            &context,
            ErrorData::method_not_found::<ListResourceTemplatesRequestMethod>,
        )
    }

    async fn complete(
        &self,
        _: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        absent(
            &context,
            ErrorData::method_not_found::<CompleteRequestMethod>,
        )
    }

    /// A method that is known arrives here too where its parameters could not be read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let method = request.method;
        match method.as_str() {
            // 2026-07-28 removed it.
            "initialize" if is_stateless(&context) => Err(ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                "there is no method `initialize` in this revision".to_owned(),
                None,
            )),
            // Nothing is logged to clients, at any level.
            "logging/setLevel" if !is_stateless(&context) => {
                Ok(CustomResult::new(serde_json::json!({})))
            }
            "tools/call" => Err(ErrorData::invalid_params(
                "`tools/call` needs the tool's `name`, a string, and `arguments`, an object",
                None,
            )),
            "initialize" | "tools/list" => Err(ErrorData::invalid_params(
                format!("the parameters of `{method}` are missing or malformed"),
                None,
            )),
            _ => Err(ErrorData::new(
                ErrorCode::METHOD_NOT_FOUND,
                format!("there is no method `{method}`"),
                None,
            )),
        }
    }
}

/// An answer that does not fit the published schema is the description's fault, not the call's: it
/// is delivered, and the first one of each tool is told to the operator.
fn report_unfit(entry: &Entry, rules: &[String], id: &RequestId) {
    if rules.is_empty() {
        return;
    }
    let tool = entry.operation().name;
    let rules = list(rules.iter());
    let message = "the answer does not fit the output schema: it is delivered";
    match entry.count_unfit_answer() {
        1 => tracing::warn!(request_id = %id, tool, rules, count = 1, "{message}"),
        count => tracing::debug!(request_id = %id, tool, rules, count, "{message}"),
    }
}

fn absent<T: Default>(
    context: &RequestContext<RoleServer>,
    error: impl FnOnce() -> ErrorData,
) -> Result<T, ErrorData> {
    match is_stateless(context) {
        true => Err(error()),
        false => Ok(T::default()),
    }
}

/// Whether the request speaks the revision without a handshake, or a later one.
fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    let first = ProtocolVersion::V_2026_07_28;
    context
        .protocol_version()
        .is_some_and(|version| version.as_str() >= first.as_str())
}

/// Records how a call ended. Where that is not possible, it stays recorded as one whose end is not
/// known.
fn end(
    recording: Option<Recording>,
    outcome: &Result<(CallToolResult, u16), CallError>,
    id: &RequestId,
) {
    let ended = recording.map(|recording| match outcome {
        Ok(_) => recording.end("ok"),
        Err(error) => recording.end(&error.kind.to_string()),
    });
    if let Some(Err(error)) = ended {
        tracing::error!(request_id = %id, %error, "how a call ended is not recorded");
    }
}

fn log(
    id: &RequestId,
    entry: &Entry,
    outcome: &Result<(CallToolResult, u16), CallError>,
    started: Instant,
) {
    let tool = entry.operation().name;
    let elapsed_us = started.elapsed().as_micros();
    match outcome {
        Ok((_, status)) => {
            tracing::info!(request_id = %id, tool, status, elapsed_us, outcome = "ok", "call");
        }
        Err(error) => {
            let CallError { kind, status, .. } = error;
            tracing::info!(request_id = %id, tool, status, elapsed_us, outcome = %kind, "call");
        }
    }
}

/// What the description says about the API as a whole, for the model.
fn instructions(catalog: &Catalog) -> String {
    let text = match catalog.description.trim() {
        "" => catalog.title.to_owned(),
        description => format!("{}\n\n{description}", catalog.title),
    };
    match text.char_indices().nth(INSTRUCTIONS_CHARS) {
        None => text,
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
    }
}
