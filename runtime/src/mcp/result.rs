//! How a call ended, as the tool result of MCP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject, Resource, ResourceContents};
use serde_json::{Map, Value};

use super::gateway::Ended;
use crate::call::{CallError, Content, FileLink, Outcome, Structured};
use crate::request_id::RequestId;

/// The member of `_meta` with name, title and version of the server (MCP 2026-07-28).
pub(super) const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// The member of `_meta` with the id of the request.
pub(super) const REQUEST_ID: &str = "drawbridge/request-id";

/// The `_meta` of every result.
pub(super) fn meta(server_info: Value, id: &RequestId) -> MetaObject {
    let mut meta = MetaObject::new();
    meta.0.insert(SERVER_INFO.to_owned(), server_info);
    meta.0
        .insert(REQUEST_ID.to_owned(), Value::from(id.as_str()));
    meta
}

/// The tool result of a call that ended.
pub(super) fn of(ended: Ended, id: &RequestId) -> CallToolResult {
    match ended.outcome {
        Ok(outcome) => success(outcome, id),
        Err(error) => failure(&error, ended.is_structured),
    }
}

fn success(outcome: Outcome, id: &RequestId) -> CallToolResult {
    let mut content = Vec::new();
    content.extend(outcome.content.map(|it| block(it, id)));
    content.extend(outcome.link.map(link));
    if !outcome.notes.is_empty() {
        content.push(ContentBlock::text(outcome.notes));
    }
    let mut result = CallToolResult::success(content);
    result.structured_content = outcome.structured.map(Structured::into_value);
    result
}

fn link(link: FileLink) -> ContentBlock {
    let mut resource = Resource::new(link.uri, link.name).with_mime_type(link.media_type);
    resource.size = link.bytes;
    ContentBlock::resource_link(resource)
}

fn block(content: Content, id: &RequestId) -> ContentBlock {
    match content {
        Content::Text(text) => ContentBlock::text(text),
        Content::Image { media_type, bytes } => {
            ContentBlock::image(STANDARD.encode(bytes), media_type)
        }
        Content::Audio { media_type, bytes } => {
            ContentBlock::audio(STANDARD.encode(bytes), media_type)
        }
        Content::Binary { media_type, bytes } => {
            let blob = ResourceContents::blob(STANDARD.encode(bytes), format!("response://{id}"))
                .with_mime_type(media_type);
            ContentBlock::resource(blob)
        }
    }
}

/// A failed call as a tool error.
///
/// Its structured content is left out where the tool publishes an output schema: the error does
/// not fit that schema, and strict clients validate it even on errors.
fn failure(error: &CallError, is_structured: bool) -> CallToolResult {
    let error = serde_json::to_value(error).unwrap_or_else(|_| Value::from(error.message.as_str()));
    let error = Value::Object(Map::from_iter([("error".to_owned(), error)]));
    let mut result = CallToolResult::error(vec![ContentBlock::text(error.to_string())]);
    result.structured_content = (!is_structured).then_some(error);
    result
}
