//! The answer to a `tools/call`, written once into one buffer.
//!
//! The bytes are those that the protocol's library writes. What a call usually ends with is written
//! here, since building the library's types and writing JSON twice (as text, and as structured content)
//! costs more than the rest of the answer; everything else is left to the library.

use rmcp::model::{RequestId as MessageId, ServerJsonRpcMessage, ServerResult};
use serde::Serialize;
use serde_json::Value;

use super::gateway::Ended;
use super::result;
use crate::call::{Content, Outcome, Structured};
use crate::request_id::RequestId;

/// What an answer is written from, beside the end of the call.
pub(super) struct Frame<'a> {
    /// The id of the message.
    pub(super) message: MessageId,
    pub(super) request: &'a RequestId,
    /// Whether the client speaks a revision before 2026-07-28, whose results have no `resultType`.
    pub(super) is_legacy: bool,
    pub(super) server_info: &'a Value,
    /// The same as JSON.
    pub(super) server_info_json: &'a str,
}

/// Writes the answer.
///
/// # Errors
/// Where a part of it has no JSON form.
pub(super) fn write(ended: Ended, frame: Frame<'_>) -> serde_json::Result<Vec<u8>> {
    match ended.outcome {
        Ok(outcome) if is_ordinary(&outcome) => success(&outcome, &frame),
        outcome => {
            let ended = Ended { outcome, ..ended };
            let meta = result::meta(frame.server_info.clone(), frame.request);
            let result = result::of(ended, frame.request).with_meta(Some(meta));
            let mut result = ServerResult::CallToolResult(result);
            if frame.is_legacy {
                result.strip_result_type_for_legacy_peer();
            }
            serde_json::to_vec(&ServerJsonRpcMessage::response(result, frame.message))
        }
    }
}

fn is_ordinary(outcome: &Outcome) -> bool {
    outcome.link.is_none() && matches!(outcome.content, None | Some(Content::Text(_)))
}

fn success(outcome: &Outcome, frame: &Frame<'_>) -> serde_json::Result<Vec<u8>> {
    let text = match &outcome.content {
        Some(Content::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let length = text.map_or(0, str::len);
    // The text is there twice, once with its quotation marks escaped.
    let mut out = Writer(Vec::with_capacity(length * 2 + length / 4 + 512));
    out.raw(r#"{"jsonrpc":"2.0","id":"#);
    out.json(&frame.message)?;
    out.raw(match frame.is_legacy {
        true => r#","result":{"content":["#,
        false => r#","result":{"resultType":"complete","content":["#,
    });
    let notes = Some(outcome.notes.as_str()).filter(|notes| !notes.is_empty());
    let mut separator = "";
    for text in text.into_iter().chain(notes) {
        out.raw(separator);
        out.raw(r#"{"type":"text","text":"#);
        out.json(text)?;
        out.raw("}");
        separator = ",";
    }
    out.raw("]");
    match (&outcome.structured, text) {
        (None, _) => {}
        (Some(Structured::Text(_)), Some(text)) => {
            out.raw(r#","structuredContent":"#);
            out.raw(text);
        }
        (Some(Structured::Result(_)), Some(text)) => {
            out.raw(r#","structuredContent":{"result":"#);
            out.raw(text);
            out.raw("}");
        }
        (Some(structured), _) => {
            out.raw(r#","structuredContent":"#);
            out.json(structured.value())?;
        }
    }
    out.raw(r#","isError":false,"_meta":{""#);
    out.raw(result::SERVER_INFO);
    out.raw(r#"":"#);
    out.raw(frame.server_info_json);
    out.raw(r#",""#);
    out.raw(result::REQUEST_ID);
    out.raw(r#"":"#);
    out.json(frame.request.as_str())?;
    out.raw("}}}");
    Ok(out.0)
}

struct Writer(Vec<u8>);

impl Writer {
    fn raw(&mut self, json: &str) {
        self.0.extend_from_slice(json.as_bytes());
    }

    fn json<T: Serialize + ?Sized>(&mut self, value: &T) -> serde_json::Result<()> {
        serde_json::to_writer(&mut self.0, value)
    }
}
