//! The least MCP server that makes the call: rmcp, axum and reqwest, and nothing between them.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::serve::ListenerExt;
use rmcp::ErrorData;
use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde_json::{Map, Value};
use tokio::net::TcpListener;

use super::{LOOPBACK, calls};

#[derive(Clone)]
struct Bare {
    client: reqwest::Client,
    prefix: Arc<str>,
}

impl ServerHandler for Bare {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let schema = Map::from_iter([("type".to_owned(), Value::from("object"))]);
        Ok(ListToolsResult::with_all_items(vec![Tool::new(
            calls::TOOL,
            "",
            Arc::new(schema),
        )]))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let id = arguments
            .get(calls::ARGUMENT)
            .and_then(Value::as_str)
            .unwrap_or_default();
        let failed = |error: reqwest::Error| ErrorData::internal_error(error.to_string(), None);
        let answer = self
            .client
            .get(format!("{}{id}", self.prefix))
            .send()
            .await
            .map_err(failed)?;
        let body = answer.bytes().await.map_err(failed)?;
        match serde_json::from_slice(&body) {
            Ok(value) => Ok(CallToolResult::structured(value).into()),
            Err(error) => Err(ErrorData::internal_error(error.to_string(), None)),
        }
    }
}

/// Serves until killed.
pub(super) async fn serve(upstream: SocketAddr) -> anyhow::Result<()> {
    let bare = Bare {
        client: client()?,
        prefix: format!("http://{upstream}{}", calls::PATH_PREFIX).into(),
    };
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true);
    let service = StreamableHttpService::new(
        move || Ok(bare.clone()),
        Arc::new(NeverSessionManager::default()),
        config,
    );
    listen(Router::new().route_service("/mcp", service)).await
}

/// A client as the generated server has it.
pub(super) fn client() -> reqwest::Result<reqwest::Client> {
    let client = reqwest::Client::builder().no_proxy().tcp_nodelay(true);
    client.build()
}

/// Prints the address as the first line, and serves `router` until killed.
pub(super) async fn listen(router: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    println!("{}", listener.local_addr()?);
    // Without this a small answer may wait 40 ms for the client's acknowledgement.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}
