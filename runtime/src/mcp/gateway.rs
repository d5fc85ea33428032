//! The MCP server of a catalogue: what it lists, and the calls that it makes.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rmcp::model::{
    CallToolRequestParams, ErrorData, Implementation, ProtocolVersion, ServerCapabilities,
    ServerConfig, Tool as Definition,
};
use serde_json::Value;

use super::catalogue::{Catalogue, CatalogueError, Entry, Found};
use super::presentation::Presentation;
use crate::call::{Call, CallError, ErrorKind, Load, Outcome, Runner, quote};
use crate::clock::Clock;
use crate::model::AccessContext;
use crate::nearest::nearest;
use crate::operation::{Access, Alias, Catalog};
use crate::random::Random;
use crate::request_id::RequestId;
use crate::tool::Tool;

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

/// The longest instructions sent, in characters.
const INSTRUCTIONS_CHARS: usize = 2_000;

/// The MCP server of a catalogue. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Gateway(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    catalogue: Catalogue,
    runner: Runner,
    operator: AccessContext,
    random: Arc<dyn Random>,
    config: ServerConfig,
    server_info: Value,
    server_info_json: String,
    instructions: String,
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
    /// Serves the tools of `catalog` that `runner` calls. Those who did not sign in call with the
    /// authority of the `operator`.
    ///
    /// # Errors
    /// Where two tools have one name.
    pub(crate) fn new(
        catalog: &'static Catalog,
        runner: Runner,
        operator: AccessContext,
        (clock, random): (Arc<dyn Clock>, Arc<dyn Random>),
        presentation: Presentation,
    ) -> Result<Gateway, CatalogueError> {
        let Presentation { title, icon } = presentation;
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
        let operations = catalog.operations.iter().copied().flatten();
        let tools = operations.filter_map(|operation| runner.tool(operation));
        Ok(Gateway(Arc::new(Inner {
            catalogue: Catalogue::new(tools, clock, icon)?,
            runner,
            operator,
            random,
            config: ServerConfig::new(capabilities).with_server_info(implementation),
            server_info_json: server_info.to_string(),
            server_info,
            instructions: instructions(catalog),
        })))
    }

    /// The definitions that are served, in order.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = Definition> {
        let visible = self.0.catalogue.visible(self.0.operator.access);
        visible.map(|entry| self.0.catalogue.list(entry).definition)
    }

    /// The tools that are served, in order.
    pub(crate) fn tools(&self) -> Vec<Tool> {
        let visible = self.0.catalogue.visible(self.0.operator.access);
        visible.map(|entry| entry.tool().clone()).collect()
    }

    /// How many tools read and how many may change something, of those that are served.
    pub(crate) fn count(&self) -> (usize, usize) {
        let visible = self.0.catalogue.visible(self.0.operator.access);
        let (reads, writes): (Vec<_>, Vec<_>) =
            visible.partition(|entry| entry.tool().access() == Access::Read);
        (reads.len(), writes.len())
    }

    /// Waits until every write that was started has ended, whether or not its caller still waits.
    pub(crate) async fn writes_ended(&self) {
        self.0.runner.writes_ended().await;
    }

    /// The authority of the person who runs this server.
    pub(super) fn operator(&self) -> &AccessContext {
        &self.0.operator
    }

    /// A new id for a call that has none yet.
    pub(super) fn new_request_id(&self) -> RequestId {
        RequestId::new(&*self.0.random)
    }

    /// Name, title and version of this server.
    pub(super) fn server_info(&self) -> &Value {
        &self.0.server_info
    }

    /// The same as JSON.
    pub(super) fn server_info_json(&self) -> &str {
        &self.0.server_info_json
    }

    pub(super) fn config(&self) -> &ServerConfig {
        &self.0.config
    }

    /// What the description says about the API as a whole, for the model.
    pub(super) fn instructions(&self) -> &str {
        &self.0.instructions
    }

    /// Returns the tool that answers to this name.
    pub(super) fn find(&self, name: &str) -> Option<&Entry> {
        let found = self.0.catalogue.find(name)?;
        Some(found.entry)
    }

    /// Whether there is a tool of this name, of which no header field repeats an argument.
    pub(super) fn has_plain(&self, name: &str) -> bool {
        let entry = self.find(name);
        entry.is_some_and(|entry| !entry.has_header_arguments())
    }

    /// Makes one call, whichever way it came.
    ///
    /// # Errors
    /// Where there is no such tool. A call that fails has a result.
    pub(super) async fn call(&self, request: Request<'_>) -> Result<Ended, ErrorData> {
        let Request {
            params,
            caller,
            load,
            id,
        } = request;
        let Some(Found { entry, alias }) = self.0.catalogue.find(&params.name) else {
            return Err(self.unknown(&params.name, caller.access));
        };
        let is_structured = entry.tool().has_output();
        if let Some(alias) = alias.filter(|alias| !alias.calls) {
            return Ok(Ended {
                outcome: Err(replaced(alias, entry, id)),
                is_structured,
            });
        }
        let call = Call {
            tool: entry.callable(),
            alias: alias.map(|alias| alias.name),
            arguments: params.arguments.unwrap_or_default(),
            caller,
            load,
            id,
        };
        Ok(Ended {
            outcome: self.0.runner.run(call).await,
            is_structured,
        })
    }

    fn unknown(&self, name: &str, access: Access) -> ErrorData {
        let visible = self.0.catalogue.visible(access);
        let mut message = format!("unknown tool: {}", quote(name));
        let renamed = self.0.catalogue.formerly(name).map(|found| found.entry);
        if let Some(entry) = renamed.filter(|entry| entry.tool().access() <= access) {
            message.push_str(&format!("; it is called `{}` now", entry.name()));
        } else if let Some(meant) = nearest(name, visible.map(|entry| entry.name())) {
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
        for entry in rest.iter().filter(|entry| entry.tool().access() <= access) {
            if tools.len() == PAGE_TOOLS || bytes >= PAGE_BYTES {
                let next = URL_SAFE_NO_PAD.encode(entry.name());
                return Ok((tools, Some(next)));
            }
            let listed = self.0.catalogue.list(entry);
            bytes += listed.size;
            tools.push(listed.definition);
        }
        Ok((tools, None))
    }

    /// A cursor is the name of the page's first tool, in base64 since clients do not interpret it.
    fn continuation(&self, cursor: &str) -> Option<&[Entry]> {
        let name = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        self.0.catalogue.named(&name)?;
        Some(self.0.catalogue.starting_at(&name))
    }
}

/// The error of a call by an earlier name whose tool is called in another way.
fn replaced(alias: &Alias, entry: &Entry, id: &RequestId) -> CallError {
    let (old, new) = (alias.name, entry.name());
    let message = format!("`{old}` was replaced by `{new}`; nothing was sent.");
    CallError {
        hint: Some(format!(
            "Read the definition of `{new}`, and call it in place of `{old}`."
        )),
        ..CallError::new(ErrorKind::ToolReplaced, message, id.as_str())
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
