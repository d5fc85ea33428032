//! The MCP server of a catalogue: what it lists, and the calls that it makes.

use std::sync::{Arc, OnceLock};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::Stream;
use rmcp::model::{
    CallToolRequestParams, ErrorData, Implementation, ProtocolVersion, ServerCapabilities,
    ServerConfig, Tool as Definition,
};
use serde_json::Value;

use super::catalogue::{Catalogue, CatalogueError, Entry, Found};
use super::instructions::instructions;
use super::presentation::{Presentation, SecuritySchemes};
use super::search_mode::{self, OwnTool};
use super::view::View;
use crate::call::{
    Call, CallError, Connector, Download, FileError, HandWritten, Identity, Load, Outcome,
    RequestedUpload, Runner, Shared, UploadError, quote,
};
use crate::capacity::RunningCall;
use crate::clock::Clock;
use crate::model::AccessContext;
use crate::nearest::nearest;
use crate::operation::Access;
use crate::random::Random;
use crate::request_id::RequestId;
use crate::search::Index;
use crate::tool::{Listing, Tool};

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

/// The MCP server of a catalogue. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    inner: Arc<Inner>,
    view: View,
}

#[derive(Debug)]
struct Inner {
    connector: Connector,
    catalogue: Catalogue,
    /// How clients sign in for the tools of search mode.
    security: SecuritySchemes,
    /// The index of search mode, made for the first search.
    index: OnceLock<Index>,
    runner: Runner,
    operator: AccessContext,
    random: Arc<dyn Random>,
    config: ServerConfig,
    server_info: Value,
    server_info_json: String,
}

/// A call as it came, before its tool is known.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) params: CallToolRequestParams,
    pub(super) caller: &'a AccessContext,
    /// What its message takes, where it came by HTTP.
    pub(super) load: Option<&'a Load>,
    pub(super) id: &'a RequestId,
}

/// How a call ended, and what the result depends on beside.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) outcome: Result<Outcome, CallError>,
    /// Whether the tool publishes an output schema.
    pub(super) is_structured: bool,
}

impl Gateway {
    /// Serves the tools of `connector` that `runner` calls. Those who did not sign in call with the
    /// authority of the `operator`.
    ///
    /// # Errors
    /// Where two tools have one name, or a hand-written tool cannot be served.
    pub(crate) fn new(
        connector: &Connector,
        runner: Runner,
        operator: AccessContext,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        presentation: Presentation,
    ) -> Result<Gateway, CatalogueError> {
        let Presentation {
            title,
            icon,
            security,
        } = presentation;
        let catalog = connector.catalog();
        let mut implementation =
            Implementation::new(catalog.server_name, catalog.version).with_title(&title);
        if let Some(icon) = &icon {
            implementation = implementation.with_icons(vec![icon.definition()]);
        }
        let server_info = serde_json::json!({
            "name": catalog.server_name,
            "title": title,
            "version": catalog.version,
        });
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        connector.check()?;
        let own = connector.tools().iter().map(HandWritten::descriptor);
        if let Some(taken) = own
            .map(|it| it.name)
            .find(|it| OwnTool::named(it).is_some())
        {
            return Err(CatalogueError::Reserved(taken));
        }
        let runner = runner.with_tools(connector);
        let tools = runner.tools(connector).into_iter();
        // The list of all tools of a large API is bounded as it is.
        let of_each = (!catalog.search_mode).then(|| security.clone());
        let inner = Inner {
            connector: connector.clone(),
            catalogue: Catalogue::new(tools, clock, icon, of_each)?,
            security,
            index: OnceLock::new(),
            runner,
            operator,
            random,
            config: ServerConfig::new(capabilities).with_server_info(implementation),
            server_info_json: server_info.to_string(),
            server_info,
        };
        Ok(Gateway {
            inner: Arc::new(inner),
            view: View::default(),
        })
    }

    /// The same server, as the clients of a connection see it.
    pub(crate) fn seen(&self, view: View) -> Gateway {
        Gateway {
            inner: Arc::clone(&self.inner),
            view,
        }
    }

    /// Which tools clients are shown.
    pub(super) fn listing(&self) -> Listing {
        let listing = self.view.listing;
        listing.unwrap_or_else(|| Listing::of(self.inner.connector.catalog()))
    }

    /// The tools that a caller of this access may use, in order.
    fn visible(&self, access: Access) -> impl Iterator<Item = &Entry> + Clone {
        let visible = self.inner.catalogue.visible(access);
        visible.filter(|entry| self.view.has(entry.tool()))
    }

    /// The tool of search mode of this name. It answers also where all tools are listed, since clients
    /// keep lists; a tool of the API that has the name goes before it there.
    pub(super) fn own(&self, name: &str) -> Option<OwnTool> {
        let own = OwnTool::named(name)?;
        if own == OwnTool::RequestUpload && self.inner.runner.longest_upload().is_none() {
            return None;
        }
        (self.listing() == Listing::Search || self.find(name).is_none()).then_some(own)
    }

    /// Reports that the index of search mode is there.
    pub(super) fn is_indexed(&self) -> bool {
        self.inner.index.get().is_some()
    }

    /// The index of search mode. The first call makes it.
    pub(super) fn index(&self) -> &Index {
        let connector = &self.inner.connector;
        let make = || Index::over(connector.catalog(), connector.descriptors());
        self.inner.index.get_or_init(make)
    }

    /// The names of the tools that a caller of this access may use.
    pub(super) fn visible_names(&self, access: Access) -> impl Iterator<Item = &'static str> {
        self.visible(access).map(Entry::name)
    }

    /// Reports that a caller of this access is shown less than the whole definition of some tool.
    fn is_shortened(&self, access: Access) -> bool {
        let is_free = self.find(OwnTool::DescribeTools.name()).is_none();
        is_free
            && self
                .visible(access)
                .any(|entry| entry.tool().is_shortened())
    }

    /// Names what is shared with other servers.
    pub(crate) fn share(&self, shared: Shared) {
        self.inner.runner.share(shared);
    }

    /// Answers the URL of a link with the file that it is for.
    ///
    /// # Errors
    /// Where there is no such link any more, or its file cannot be fetched.
    pub(crate) async fn download(
        &self,
        secret: &str,
        id: &RequestId,
    ) -> Result<Download, FileError> {
        let runner = &self.inner.runner;
        let link = runner.find_link(secret).await?;
        let entry = self.inner.catalogue.named(&link.tool);
        let entry = entry.ok_or(FileError::NotFound)?;
        runner.download(entry.callable(), link, id).await
    }

    /// The person behind a caller, and the name of their workspace; none for the operator.
    ///
    /// # Errors
    /// Where the store fails.
    pub(super) async fn identity(
        &self,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<Option<Identity>, CallError> {
        self.inner.runner.identity(caller, id).await
    }

    /// Receives the file of an upload. Returns how many bytes it has.
    ///
    /// # Errors
    /// Where no such upload waits, or the file does not come as it should.
    pub(crate) async fn receive<E: std::error::Error + 'static>(
        &self,
        secret: &str,
        length: Option<u64>,
        body: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
    ) -> Result<u64, UploadError> {
        self.inner.runner.receive(secret, length, body).await
    }

    /// Has an upload wait for its file.
    ///
    /// # Errors
    /// Where that is not possible.
    pub(super) async fn upload(
        &self,
        described: (Option<&str>, Option<&str>),
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<RequestedUpload, Box<CallError>> {
        let runner = &self.inner.runner;
        runner.request_upload(described, caller, id).await
    }

    /// Counts something that runs for a caller, until the result is dropped.
    ///
    /// # Errors
    /// Where too many others run.
    pub(super) fn enter(
        &self,
        caller: &AccessContext,
        id: &RequestId,
    ) -> Result<RunningCall, Box<CallError>> {
        self.inner.runner.enter(caller, id)
    }

    /// Makes a call of a tool that was found by its name, or by an earlier one.
    ///
    /// # Errors
    /// Where the call failed, or the earlier name no longer calls the tool.
    pub(super) async fn run(&self, call: Call<'_>) -> Result<Outcome, CallError> {
        self.inner.runner.run(call).await
    }

    /// Returns the tool that answers to this name, and whether that is an earlier one.
    pub(super) fn look_up(&self, name: &str) -> Option<Found<'_>> {
        let found = self.inner.catalogue.find(name);
        found.filter(|found| self.view.has(found.entry.tool()))
    }

    /// The definitions of all tools that are served, in order.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = Definition> {
        let visible = self.inner.catalogue.visible(self.inner.operator.access);
        visible.map(|entry| self.inner.catalogue.list(entry).definition)
    }

    /// The most bytes of an upload, where a caller of this access may use a tool that takes one.
    fn uploads(&self, access: Access) -> Option<u64> {
        let most = self.inner.runner.longest_upload()?;
        let mut visible = self.visible(access);
        let is_useful = access == Access::Write && visible.any(|it| it.tool().takes_files());
        is_useful.then_some(most)
    }

    /// The definitions of search mode.
    fn own_definitions(&self, access: Access) -> Vec<Definition> {
        let catalogue = &self.inner.catalogue;
        let title = self.inner.connector.catalog().title;
        let visible = self.visible(access).map(Entry::tool);
        let mut definitions =
            search_mode::definitions(title, access, self.uploads(access), visible);
        for definition in &mut definitions {
            let access = OwnTool::named(&definition.name).map_or(Access::Read, OwnTool::access);
            self.inner.security.describe(definition, access);
        }
        let pinned = self.visible(access).filter(|it| it.tool().is_pinned());
        definitions.extend(pinned.map(|entry| catalogue.list(entry).definition));
        definitions
    }

    /// The tools that are served, in order.
    pub(crate) fn tools(&self) -> Vec<Tool> {
        let visible = self.inner.catalogue.visible(self.inner.operator.access);
        visible.map(|entry| entry.tool().clone()).collect()
    }

    /// How many tools read and how many may change something, of those that are served.
    pub(crate) fn count(&self) -> (usize, usize) {
        let visible = self.inner.catalogue.visible(self.inner.operator.access);
        let (reads, writes): (Vec<_>, Vec<_>) =
            visible.partition(|entry| entry.tool().access() == Access::Read);
        (reads.len(), writes.len())
    }

    /// Waits until every write that was started has ended, whether or not its caller still waits.
    pub(crate) async fn writes_ended(&self) {
        self.inner.runner.writes_ended().await;
    }

    /// The authority of the person who runs this server.
    pub(super) fn operator(&self) -> &AccessContext {
        &self.inner.operator
    }

    /// A new id for a call that has none yet.
    pub(super) fn new_request_id(&self) -> RequestId {
        RequestId::new(&*self.inner.random)
    }

    /// Name, title and version of this server.
    pub(super) fn server_info(&self) -> &Value {
        &self.inner.server_info
    }

    /// The same as JSON.
    pub(super) fn server_info_json(&self) -> &str {
        &self.inner.server_info_json
    }

    pub(super) fn config(&self) -> &ServerConfig {
        &self.inner.config
    }

    /// The instructions for the model of a caller. Where the store fails, they do not name the
    /// workspace.
    pub(super) async fn instructions(&self, caller: &AccessContext, id: &RequestId) -> String {
        let identity = self.identity(caller, id).await.ok().flatten();
        let tools = self.visible(caller.access).map(Entry::tool);
        let catalog = self.inner.connector.catalog();
        let shown = (catalog, self.listing(), &self.view);
        instructions(shown, (caller, identity.as_ref()), tools)
    }

    /// The longest text that a tool of search mode answers, in bytes.
    pub(super) fn longest_text(&self) -> usize {
        self.inner.runner.longest_view()
    }

    /// Returns the tool that answers to this name.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        Some(self.look_up(name)?.entry)
    }

    /// Whether there is a tool of this name, of which no header field repeats an argument.
    pub(super) fn has_plain(&self, name: &str) -> bool {
        let entry = self.find(name);
        let is_plain = entry.is_some_and(|entry| !entry.has_header_arguments());
        is_plain || self.own(name).is_some()
    }

    /// Makes one call, whichever way it came.
    ///
    /// # Errors
    /// Where there is no such tool. A call that fails has a result.
    pub(super) async fn call(&self, request: Request<'_>) -> Result<Ended, ErrorData> {
        if let Some(own) = self.own(&request.params.name) {
            return Ok(Box::pin(self.call_own(own, request)).await);
        }
        let Request {
            params,
            caller,
            load,
            id,
        } = request;
        let Some(found) = self.look_up(&params.name) else {
            return Err(self.unknown(&params.name, caller.access));
        };
        let is_structured = found.entry.tool().has_output();
        let call = Call {
            tool: found.entry.callable(),
            alias: found.alias,
            arguments: params.arguments.unwrap_or_default(),
            caller,
            load,
            id,
        };
        Ok(Ended {
            outcome: self.run(call).await,
            is_structured,
        })
    }

    fn unknown(&self, name: &str, access: Access) -> ErrorData {
        let mut message = format!("unknown tool: {}", quote(name));
        let renamed = self.inner.catalogue.formerly(name).map(|found| found.entry);
        let own = OwnTool::ALL.into_iter();
        let own = own.filter(|own| self.listing() == Listing::Search && own.access() <= access);
        let own = own.map(OwnTool::name);
        let elsewhere = self.inner.catalogue.find(name).map(|found| found.entry);
        let is_elsewhere = elsewhere.is_some_and(|entry| entry.tool().access() <= access);
        if let Some(toolset) = self.view.toolset.as_ref().filter(|_| is_elsewhere) {
            let tags = toolset.names().join(", ");
            message.push_str(&format!(
                "; this connection has only tools of the tags {tags}"
            ));
        } else if let Some(entry) = renamed.filter(|entry| entry.tool().access() <= access) {
            message.push_str(&format!("; it is called `{}` now", entry.name()));
        } else if let Some(meant) = nearest(name, self.visible_names(access).chain(own)) {
            message.push_str(&format!("; did you mean `{meant}`?"));
        }
        ErrorData::invalid_params(message, None)
    }

    /// A page of definitions, and the cursor of the next one.
    pub(super) fn page(
        &self,
        cursor: Option<&str>,
        access: Access,
    ) -> Result<(Vec<Definition>, Option<String>), ErrorData> {
        let rest = match (self.listing(), cursor) {
            // One page, which no cursor continues.
            (Listing::Search, None) => return Ok((self.own_definitions(access), None)),
            (Listing::Search, Some(_)) => None,
            (Listing::Tools, None) => Some(self.inner.catalogue.starting_at("")),
            (Listing::Tools, Some(cursor)) => self.continuation(cursor),
        };
        let rest = rest.ok_or_else(|| {
            ErrorData::invalid_params(
                "invalid cursor: send the `nextCursor` of an earlier answer, or none",
                None,
            )
        })?;
        let mut tools = Vec::new();
        let mut bytes = 0;
        // What is shortened is described whole, wherever it is listed.
        if cursor.is_none() && self.is_shortened(access) {
            let api = self.inner.connector.catalog().title;
            tools.push(search_mode::description_of_tools(api));
        }
        let is_free = self.find(OwnTool::RequestUpload.name()).is_none();
        if let (None, true, Some(most)) = (cursor, is_free, self.uploads(access)) {
            let mut definition = search_mode::definition_of_uploads(most);
            let access = OwnTool::RequestUpload.access();
            self.inner.security.describe(&mut definition, access);
            tools.push(definition);
        }
        let is_visible =
            |entry: &&Entry| entry.tool().access() <= access && self.view.has(entry.tool());
        for entry in rest.iter().filter(is_visible) {
            if tools.len() == PAGE_TOOLS || bytes >= PAGE_BYTES {
                let next = URL_SAFE_NO_PAD.encode(entry.name());
                return Ok((tools, Some(next)));
            }
            let listed = self.inner.catalogue.list(entry);
            bytes += listed.size;
            tools.push(listed.definition);
        }
        Ok((tools, None))
    }

    /// A cursor is the name of the page's first tool, in base64 since clients do not interpret it.
    fn continuation(&self, cursor: &str) -> Option<&[Entry]> {
        let name = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        self.inner.catalogue.named(&name)?;
        Some(self.inner.catalogue.starting_at(&name))
    }
}
