//! The methods of the protocol, as its library hands them on.

use std::borrow::Cow;

use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestMethod,
    CompleteRequestParams, CompleteResult, CustomRequest, CustomResult, DiscoverResult, ErrorCode,
    ErrorData, InitializeRequestParams, InitializeResult, ListPromptsRequestMethod,
    ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult,
    ListResourcesRequestMethod, ListResourcesResult, ListToolsResult, MetaObject,
    PaginatedRequestParams, ProtocolVersion, ServerConfig, Tool as Definition,
};
use rmcp::service::RequestContext;
use rmcp::{RoleServer, ServerHandler};

use super::gateway::{Ended, Gateway, Request, VERSIONS};
use super::{load, result};
use crate::call::{CallError, ErrorKind};
use crate::model::AccessContext;
use crate::request_id::RequestId;

/// How long clients may keep a list. It changes only with a new version of the server.
const LIST_TTL_MS: u64 = 300_000;

/// The message of a call whose client does not wait for it any more.
const GONE: &str = "The caller went away.";

impl Gateway {
    /// The id of the HTTP request, or a new one where there is none.
    fn request_id(&self, context: &RequestContext<RoleServer>) -> RequestId {
        context
            .extensions
            .get::<http::request::Parts>()
            .and_then(|parts| parts.extensions.get::<RequestId>())
            .cloned()
            .unwrap_or_else(|| self.new_request_id())
    }

    /// The authority that an HTTP request came with; over stdio it is the operator's.
    fn caller(&self, context: &RequestContext<RoleServer>) -> Result<AccessContext, ErrorData> {
        let Some(request) = context.extensions.get::<http::request::Parts>() else {
            return Ok(self.operator().clone());
        };
        // A request that passed no check is refused.
        let caller = request.extensions.get::<AccessContext>().cloned();
        caller.ok_or_else(|| ErrorData::internal_error("it is not known who calls", None))
    }

    fn meta(&self, id: &RequestId) -> MetaObject {
        result::meta(self.server_info().clone(), id)
    }
}

impl ServerHandler for Gateway {
    fn get_info(&self) -> ServerConfig {
        self.config().clone()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        Cow::Borrowed(VERSIONS)
    }

    fn get_tool(&self, name: &str) -> Option<Definition> {
        Some(self.find(name)?.definition().clone())
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let id = self.request_id(&context);
        let instructions = self.instructions(&self.caller(&context)?, &id).await;
        let mut result = self
            .negotiate_initialize(&request)?
            .with_instructions(instructions);
        context.peer.set_peer_info(request);
        result.meta = Some(self.meta(&id));
        Ok(result)
    }

    async fn discover(
        &self,
        context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let id = self.request_id(&context);
        let instructions = self.instructions(&self.caller(&context)?, &id).await;
        let config = self.get_info().with_instructions(instructions);
        let mut result = DiscoverResult::from_server_info(VERSIONS.to_vec(), config)
            .with_ttl_ms(LIST_TTL_MS)
            .with_cache_scope(CacheScope::Private);
        result.meta = Some(self.meta(&id));
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
        let call = self.call(Request {
            params: request,
            caller: &caller,
            load: load::of(&context),
            id: &id,
        });
        // Only the wait ends where the client goes away: a write that has begun is finished.
        let ended = tokio::select! {
            ended = call => ended?,
            () = context.ct.cancelled() => Ended {
                outcome: Err(CallError::new(ErrorKind::Cancelled, GONE, id.as_str())),
                is_structured: false,
            },
        };
        let result = result::of(ended, &id).with_meta(Some(self.meta(&id)));
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
