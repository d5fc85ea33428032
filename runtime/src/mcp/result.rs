//! What a call came to, as the tool result that MCP wants.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};
use serde_json::{Map, Value};

use super::arguments::Validator;
use super::notes::Notes;
use super::output;
use crate::request_id::RequestId;
use crate::upstream::{Answer, Body, CallError};

/// A successful answer as a result, and the places of the published `schema` that it does not fit.
/// MCP wants structured content of a tool with a schema, whatever the API sent; a tool without one
/// sends it beside JSON alone. `next_page` has the arguments of the next page.
pub(super) fn success(
    answer: Answer,
    schema: Option<&Validator>,
    next_page: Option<Map<String, Value>>,
    id: &RequestId,
) -> (CallToolResult, Vec<String>) {
    let mut notes = Notes::new(&answer, next_page);
    let is_structured = schema.is_some();
    let mut media = |media_type: &str, bytes: &[u8]| {
        is_structured.then(|| {
            notes.add_media(media_type, bytes.len());
            Value::Object(Map::new())
        })
    };
    let (block, structured) = match answer.body {
        Body::Json(value) => {
            let text = value.to_string();
            (Some(ContentBlock::text(text)), Some(wrap(value)))
        }
        Body::Empty => (None, is_structured.then(|| Value::Object(Map::new()))),
        Body::Text(text) => {
            let value = is_structured.then(|| wrap(Value::from(text.as_str())));
            (Some(ContentBlock::text(text)), value)
        }
        Body::Image { media_type, bytes } => {
            let structured = media(&media_type, &bytes);
            let image = ContentBlock::image(STANDARD.encode(bytes), media_type);
            (Some(image), structured)
        }
        Body::Audio { media_type, bytes } => {
            let structured = media(&media_type, &bytes);
            let audio = ContentBlock::audio(STANDARD.encode(bytes), media_type);
            (Some(audio), structured)
        }
        Body::Binary { media_type, bytes } => {
            let structured = media(&media_type, &bytes);
            let blob = ResourceContents::blob(STANDARD.encode(bytes), format!("response://{id}"))
                .with_mime_type(media_type);
            (Some(ContentBlock::resource(blob)), structured)
        }
    };
    let mut result = CallToolResult::success(block.into_iter().collect());
    result.structured_content = structured;
    let mut rules = Vec::new();
    if let (Some(schema), Some(value)) = (schema, &mut result.structured_content) {
        let unfit = output::fit(value, schema);
        if !unfit.parts.is_empty() {
            notes.add_unfit(unfit.parts);
        }
        rules = unfit.rules;
    }
    notes.put_on(&mut result);
    (result, rules)
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

/// Structured content has to be an object: other JSON stands under `result`.
fn wrap(value: Value) -> Value {
    match value {
        Value::Object(_) => value,
        other => Value::Object(Map::from_iter([("result".to_owned(), other)])),
    }
}
