//! What a call came to, as the tool result that MCP wants.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Map, Value};

use crate::request_id::RequestId;
use crate::upstream::{Answer, Body, CallError};

/// A successful answer as a result. `structured` says whether the tool publishes an output schema,
/// in which case MCP wants structured content whatever the API sent.
pub(super) fn success(answer: Answer, structured: bool, id: &RequestId) -> CallToolResult {
    let mut result = match answer.body {
        Body::Json(value) => {
            let text = value.to_string();
            with_structured(vec![ContentBlock::text(text)], Some(wrap(value)))
        }
        Body::Empty => {
            let text = without_content(answer.status, &answer.fields);
            with_structured(vec![ContentBlock::text(text)], structured.then(empty))
        }
        Body::Text(text) => {
            let value = structured.then(|| wrap(Value::from(text.as_str())));
            with_structured(vec![ContentBlock::text(text)], value)
        }
        Body::Image { media_type, bytes } => {
            let image = ContentBlock::image(STANDARD.encode(bytes), media_type);
            with_structured(vec![image], structured.then(empty))
        }
        Body::Audio { media_type, bytes } => {
            let audio = ContentBlock::audio(STANDARD.encode(bytes), media_type);
            with_structured(vec![audio], structured.then(empty))
        }
        Body::Binary { media_type, bytes } => {
            let blob = ResourceContents::blob(STANDARD.encode(bytes), format!("response://{id}"))
                .with_mime_type(media_type);
            let resource = ContentBlock::resource(blob);
            with_structured(vec![resource], structured.then(empty))
        }
    };
    if let Some(truncation) = answer.truncated {
        result
            .content
            .push(ContentBlock::text(truncation.to_string()));
    }
    result
}

/// An answer without content: its status, and what its header fields say.
fn without_content(status: u16, fields: &[(String, String)]) -> String {
    let mut text = format!("Done; the API answered {status} without content.");
    if !fields.is_empty() {
        text.push_str(" Its header fields:");
    }
    for (name, value) in fields {
        text.push_str(&format!("\n{name}: {value}"));
    }
    text
}

/// A failed call as a tool error.
///
/// Its structured content is left out where the tool publishes an output schema: the error does
/// not fit that schema, and strict clients validate it even on errors.
pub(super) fn failure(error: &CallError, structured: bool) -> CallToolResult {
    let error = serde_json::to_value(error).unwrap_or_else(|_| Value::from(error.message.as_str()));
    let error = Value::Object(Map::from_iter([("error".to_owned(), error)]));
    let mut result = CallToolResult::error(vec![ContentBlock::text(error.to_string())]);
    result.structured_content = (!structured).then_some(error);
    result
}

fn with_structured(content: Vec<ContentBlock>, value: Option<Value>) -> CallToolResult {
    let mut result = CallToolResult::success(content);
    result.structured_content = value;
    result
}

/// Structured content has to be an object: other JSON stands under `result`.
fn wrap(value: Value) -> Value {
    match value {
        Value::Object(_) => value,
        other => Value::Object(Map::from_iter([("result".to_owned(), other)])),
    }
}

fn empty() -> Value {
    Value::Object(Map::new())
}
