//! MCP over Streamable HTTP: the protocol library's transport, and around it what it leaves to
//! others or words otherwise than the specifications do.

use std::borrow::Cow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ACCEPT, ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use rmcp::model::{ErrorCode, ErrorData, RequestId as MessageId, ServerJsonRpcMessage};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::catalogue::Entry;
use super::direct::{DirectCall, PROTOCOL_VERSION};
use super::gateway::{self, Gateway, VERSIONS};
use super::view::View;
use super::{answer, load, tolerance};
use crate::call::Load;
use crate::capacity::{Account, Memory};
use crate::json;
use crate::media_type;
use crate::model::AccessContext;
use crate::offload::{self, Offloaded};
use crate::operation::Access;
use crate::request_body::{BodyError, Bounds, Message};
use crate::request_id::RequestId;

/// What the transport wants every client to accept (Streamable HTTP, "Sending Messages").
const BOTH: HeaderValue = HeaderValue::from_static("application/json, text/event-stream");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The longest message that is kept while it is answered, to name its id in an answer that the
/// transport words by itself.
const KEPT: usize = 64 * 1024;

/// The MCP endpoint.
#[derive(Clone)]
pub(crate) struct Endpoint {
    gateway: Gateway,
    service: Arc<StreamableHttpService<Gateway, NeverSessionManager>>,
    bounds: Bounds,
    memory: Memory,
}

/// A message as it was posted, within its bounds.
pub(crate) struct Posted {
    parts: Parts,
    message: Message,
    /// The call that it is, where it is one of the ordinary shape.
    call: Option<DirectCall>,
}

impl Posted {
    /// The request without its body.
    pub(crate) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The name of the tool that the message calls.
    fn called_tool(&self) -> Option<Cow<'_, str>> {
        #[derive(Deserialize)]
        struct Called {
            method: String,
            params: Option<Params>,
        }
        #[derive(Deserialize)]
        struct Params {
            name: Option<String>,
        }
        if let Some(call) = &self.call {
            return Some(call.params.name.as_ref().into());
        }
        let read = || serde_json::from_slice::<Called>(&self.message.bytes).ok();
        let called = offload::run(self.message.is_large, read)?;
        let name = (called.method == "tools/call").then(|| called.params?.name)?;
        name.map(Cow::Owned)
    }
}

impl Posted {
    /// The argument `name` of the call, by which a tool of search mode names another one.
    fn inner_tool(&self) -> Option<Cow<'_, str>> {
        #[derive(Deserialize)]
        struct Called {
            params: Params,
        }
        #[derive(Deserialize)]
        struct Params {
            arguments: Arguments,
        }
        #[derive(Deserialize)]
        struct Arguments {
            name: String,
        }
        if let Some(call) = &self.call {
            let name = call.params.arguments.as_ref()?.get("name")?;
            return name.as_str().map(Cow::Borrowed);
        }
        let read = || serde_json::from_slice::<Called>(&self.message.bytes).ok();
        let called = offload::run(self.message.is_large, read)?;
        Some(Cow::Owned(called.params.arguments.name))
    }
}

impl Endpoint {
    /// Serves `gateway` without sessions, one JSON answer to a request. Host and Origin are
    /// checked elsewhere.
    pub(crate) fn new(gateway: Gateway, bounds: Bounds, memory: Memory) -> Endpoint {
        let mut config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(bounds.bytes);
        config.allowed_hosts = Vec::new();
        let served = gateway.clone();
        let service = StreamableHttpService::new(
            move || Ok(served.clone()),
            Arc::new(NeverSessionManager::default()),
            config,
        );
        Endpoint {
            gateway,
            service: Arc::new(service),
            bounds,
            memory,
        }
    }

    /// The same endpoint, whose clients see the server in this way.
    pub(crate) fn of(&self, view: View) -> Endpoint {
        let gateway = self.gateway.seen(view);
        Endpoint::new(gateway, self.bounds, self.memory.clone())
    }

    /// Answers one HTTP request, of any caller, with the operator's authority as far as it is within
    /// `access`.
    pub(crate) async fn answer_anybody(
        &self,
        mut request: Request<Body>,
        access: Access,
    ) -> Response {
        let mut operator = self.gateway.operator().clone();
        operator.access = operator.access.min(access);
        request.extensions_mut().insert(operator);
        match self.read(request).await {
            Ok(posted) => self.answer(posted).await,
            Err(response) => *response,
        }
    }

    /// Reads the message of one HTTP request, which has the authority it came with
    /// (`AccessContext`) among its extensions.
    ///
    /// # Errors
    /// The answer to a request that brings no message, or one beyond the bounds.
    pub(crate) async fn read(&self, request: Request<Body>) -> Result<Posted, Box<Response>> {
        let refuse = |status, message: &str| Err(Box::new(plain_error(status, message)));
        if request.method() != Method::POST {
            let message = "MCP messages are sent by POST; this server keeps no sessions or streams";
            let mut response = plain_error(StatusCode::METHOD_NOT_ALLOWED, message);
            let allow = HeaderValue::from_static("POST, OPTIONS");
            response.headers_mut().insert(ALLOW, allow);
            return Err(Box::new(response));
        }
        let (mut parts, body) = request.into_parts();
        if !media_type::is(&parts.headers, media_type::JSON) {
            let message = "the Content-Type of an MCP message has to be application/json";
            return refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
        }
        if !accepts_json(&parts.headers) {
            let message = "answers are application/json, which the request's Accept leaves out";
            return refuse(StatusCode::NOT_ACCEPTABLE, message);
        }
        parts.headers.insert(ACCEPT, BOTH);
        let caller = parts.extensions.get::<AccessContext>();
        let account = Account {
            memory: self.memory.clone(),
            grant: caller.and_then(AccessContext::owner),
        };
        let message = Message::read(&parts.headers, body, self.bounds, &account).await;
        match message {
            Ok(message) => {
                let small = (!message.is_large).then_some(&message.bytes);
                let call = small.and_then(|it| DirectCall::read(&parts.headers, it));
                Ok(Posted {
                    parts,
                    message,
                    call,
                })
            }
            Err(error) => {
                let mut response = plain_error(error.status(), &error.message());
                if error == BodyError::Busy {
                    let soon = HeaderValue::from_static("5");
                    response.headers_mut().insert(RETRY_AFTER, soon);
                }
                Err(Box::new(response))
            }
        }
    }

    /// The name of the tool that a message calls, and the access that the call needs. The message
    /// counts, and not the header fields that repeat it.
    pub(crate) fn called(&self, posted: &Posted) -> Option<(&'static str, Access)> {
        let name = posted.called_tool()?;
        let call = posted.call.as_ref();
        let arguments = call.and_then(|call| call.params.arguments.as_ref());
        if let Some(own) = self.gateway.own(&name) {
            // The tool that it calls is checked when it is called, and named in what is recorded.
            let inner = own.is_call().then(|| posted.inner_tool()).flatten();
            let inner = inner.and_then(|name| self.gateway.find(&name));
            let recorded = inner.map_or(own.name(), Entry::name);
            return Some((recorded, own.access()));
        }
        let tool = self.gateway.find(&name)?.tool();
        Some((tool.name(), tool.access_of_call(arguments)))
    }

    /// Makes a call and answers it. Where the client disconnects, this future is dropped, and the call
    /// with it.
    async fn call(&self, call: DirectCall, caller: &Caller<'_>, load: &Load) -> Response {
        let Caller {
            context,
            request_id,
        } = caller;
        let request = gateway::Request {
            params: call.params,
            caller: context,
            load: Some(load),
            id: request_id,
        };
        let body = match self.gateway.call(request).await {
            Ok(ended) => {
                let frame = answer::Frame {
                    message: call.id,
                    request: request_id,
                    is_legacy: call.is_legacy,
                    server_info: self.gateway.server_info(),
                    server_info_json: self.gateway.server_info_json(),
                };
                offload::run(load.is_heavy(), || answer::write(ended, frame))
            }
            Err(error) => serde_json::to_vec(&ServerJsonRpcMessage::error(error, Some(call.id))),
        };
        match body {
            Ok(body) => {
                let body = load::keep(load, Body::from(body));
                ([(CONTENT_TYPE, JSON)], body).into_response()
            }
            Err(_) => plain_error(
                StatusCode::INTERNAL_SERVER_ERROR,
                "this server failed in answering",
            ),
        }
    }

    /// Answers one message.
    pub(crate) async fn answer(&self, posted: Posted) -> Response {
        let Posted {
            parts,
            message,
            call,
        } = posted;
        // Boxed, since what answers a connection's requests is moved for each of them.
        if let Some(call) = call
            && self.gateway.has_plain(&call.params.name)
            && let Some(caller) = Caller::of(&parts)
        {
            let load = Load::new(message.is_large, message.rooms);
            return Box::pin(self.call(call, &caller, &load)).await;
        }
        Box::pin(self.hand_on(parts, message)).await
    }

    /// Has the transport of the protocol's library answer a message.
    async fn hand_on(&self, mut parts: Parts, message: Message) -> Response {
        let mut bytes = message.bytes;
        let load = Arc::new(Load::new(message.is_large, message.rooms));
        if !message.is_large
            && let Some(mended) = tolerance::mend(&mut parts.headers, &bytes)
        {
            bytes = Bytes::from(mended);
        }
        if let Some(version) = retired_version(&parts.headers) {
            return error(StatusCode::BAD_REQUEST, unsupported(version), &bytes);
        }
        let version = parts.headers.get(PROTOCOL_VERSION).cloned();
        parts.extensions.insert(Arc::clone(&load));
        let request = Request::from_parts(parts, Full::new(bytes.clone()));
        let mut answer = Offloaded::new(self.service.handle(request), || load.is_heavy());
        let response = match bytes.len() > KEPT {
            false => answer.await,
            // The transport parses the message when it is polled first, and all that it words by
            // itself it answers then.
            true => match poll_once(&mut answer).await {
                Some(response) => response,
                None => {
                    bytes = Bytes::new();
                    answer.await
                }
            },
        };
        match response.status().is_success() || media_type::is(response.headers(), media_type::JSON)
        {
            true => response.map(|body| load::keep(&load, Body::new(body))),
            false => reword(response.status(), version.as_ref(), &bytes),
        }
    }
}

/// Who made a request, and the id that it got.
struct Caller<'a> {
    context: &'a AccessContext,
    request_id: &'a RequestId,
}

impl Caller<'_> {
    fn of(parts: &Parts) -> Option<Caller<'_>> {
        Some(Caller {
            context: parts.extensions.get()?,
            request_id: parts.extensions.get()?,
        })
    }
}

/// Polls a future once.
async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| {
        let poll = Pin::new(&mut *future).poll(context);
        Poll::Ready(match poll {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        })
    })
    .await
}

/// An error on the level of HTTP, as a JSON-RPC error without an id.
pub(crate) fn plain_error(status: StatusCode, message: &str) -> Response {
    error(
        status,
        ErrorData::invalid_request(message.to_owned(), None),
        b"",
    )
}

/// An error response of JSON-RPC 2.0, whose id may be null.
#[derive(Serialize)]
struct JsonRpcRefusal {
    jsonrpc: &'static str,
    id: Option<MessageId>,
    error: ErrorData,
}

/// A JSON-RPC error that answers `message`, as far as that can be read.
fn error(status: StatusCode, error: ErrorData, message: &[u8]) -> Response {
    #[derive(Deserialize)]
    struct Envelope {
        id: Option<MessageId>,
    }
    let id = serde_json::from_slice::<Envelope>(message)
        .ok()
        .and_then(|it| it.id);
    // JSON-RPC 2.0 §5: the id is null where it could not be read.
    let body = serde_json::to_string(&JsonRpcRefusal {
        jsonrpc: "2.0",
        id,
        error,
    });
    (status, [(CONTENT_TYPE, JSON)], body.unwrap_or_default()).into_response()
}

/// Puts what the transport says in plain text into JSON-RPC's words.
fn reword(status: StatusCode, version: Option<&HeaderValue>, message: &[u8]) -> Response {
    match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            error(StatusCode::BAD_REQUEST, unreadable(message), message)
        }
        StatusCode::BAD_REQUEST => {
            let version = version.and_then(|it| it.to_str().ok()).unwrap_or_default();
            error(status, unsupported(version), message)
        }
        _ => {
            let message_for_client = "this server failed in answering";
            error(
                status,
                ErrorData::internal_error(message_for_client, None),
                message,
            )
        }
    }
}

/// Why a body is not a message. Asked only once it turned out to be none.
fn unreadable(message: &[u8]) -> ErrorData {
    if json::count_values(message, usize::MAX).is_err() {
        return ErrorData::invalid_request(BodyError::TooDeep.message(), None);
    }
    match serde_json::from_slice::<IgnoredAny>(message) {
        Err(error) => ErrorData::parse_error(format!("the body is not JSON: {error}"), None),
        Ok(_) if message.trim_ascii_start().starts_with(b"[") => ErrorData::invalid_request(
            "batches are not supported: send one message a request",
            None,
        ),
        Ok(_) => ErrorData::invalid_request("the body is not a JSON-RPC 2.0 message", None),
    }
}

/// A revision that the library knows and this server does not serve.
fn retired_version(headers: &HeaderMap) -> Option<&str> {
    let version = headers.get(PROTOCOL_VERSION)?.to_str().ok()?;
    let known = rmcp::model::ProtocolVersion::KNOWN_VERSIONS;
    let is_known = known.iter().any(|it| it.as_str() == version);
    let is_served = VERSIONS.iter().any(|it| it.as_str() == version);
    (is_known && !is_served).then_some(version)
}

fn unsupported(version: &str) -> ErrorData {
    let supported: Vec<_> = VERSIONS.iter().map(|it| it.as_str()).collect();
    ErrorData::new(
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
        format!("protocol version `{version}` is not supported"),
        Some(serde_json::json!({ "supported": supported, "requested": version })),
    )
}

/// Whether the client takes JSON. The transport wants clients to accept event streams too, but
/// this server never needs one, so that a client that does not is served all the same.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| {
            let mut parts = range.split(';').map(str::trim);
            let essence = parts.next().unwrap_or_default();
            let refused = parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            let taken = ["application/json", "application/*", "*/*"];
            !refused && taken.iter().any(|it| it.eq_ignore_ascii_case(essence))
        })
}
