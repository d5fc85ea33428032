//! The one question every server is asked, in each protocol's words.

use serde_json::{Value, json};

use super::load::Call;

/// The tool that answers it, and the name of its argument.
pub(super) const TOOL: &str = "get_bundle";
pub(super) const ARGUMENT: &str = "bundle_id";
/// Path of the API's answer, up to the id.
pub(super) const PATH_PREFIX: &str = "/bundles/";

/// How many different questions are asked in turn.
const VARIETY: u32 = 64;

/// A revision of MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Revision {
    Legacy,
    Stateless,
}

impl Revision {
    pub(super) const ALL: [Revision; 2] = [Revision::Legacy, Revision::Stateless];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Revision::Legacy => "2025-11-25",
            Revision::Stateless => "2026-07-28",
        }
    }
}

/// The answer of the API: about a kilobyte, as its description declares it.
pub(super) fn bundle(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","name":"Spring launch","brief":"{BRIEF}","tags":["spring","coffee","launch"],"status":"published","configuration":{{"account_ids":["acc_harbor_instagram","acc_harbor_tiktok"],"media_ids":["med_cold_brew","med_terrace"],"caption":"First sun, first cold brew.","posts_per_account":3,"countries":["PT","ES"]}},"cost":120,"publish_at":null,"published_at":"2026-03-02T08:30:00Z","created_at":"2026-03-01T09:00:00Z","updated_at":"2026-03-02T08:30:00Z"}}"#
    )
}

/// A text with what texts have: quotation marks, line breaks, letters beyond ASCII.
const BRIEF: &str = r#"Open on the harbour at seven, before the ferries: \"the first cup is the quietest\".\nThen the terrace, the crema in close-up, and the señora who has come every day since 1984. No music before the second cut; the gulls are enough. Show the cup from above once, never the logo. Creators speak in their own words about a morning that they remember, in any language, and end on the line \"see you down there\".\nKeep it under forty seconds, in daylight, without filters."#;

/// The question, put to the API itself.
pub(super) fn direct_calls() -> Vec<Call> {
    ids()
        .map(|id| Call {
            request: format!("GET {PATH_PREFIX}{id} HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .into_bytes(),
            expect: bundle(&id),
        })
        .collect()
}

/// The question, put as a tool call.
pub(super) fn tool_calls(revision: Revision) -> Vec<Call> {
    calls_with(revision, "")
}

/// The question, put as a tool call with an access token.
pub(super) fn authorized(revision: Revision, token: &str) -> Vec<Call> {
    calls_with(revision, &format!("authorization: Bearer {token}\r\n"))
}

fn calls_with(revision: Revision, headers: &str) -> Vec<Call> {
    ids()
        .map(|id| Call {
            request: post_with(
                revision,
                "tools/call",
                json!({"name": TOOL, "arguments": {ARGUMENT: id}}),
                headers,
            ),
            expect: format!(r#""structuredContent":{}"#, bundle(&id)),
        })
        .collect()
}

/// A JSON-RPC request as bytes on the wire.
pub(super) fn post(revision: Revision, method: &str, params: Value) -> Vec<u8> {
    post_with(revision, method, params, "")
}

fn post_with(revision: Revision, method: &str, mut params: Value, also: &str) -> Vec<u8> {
    let mut headers = format!("mcp-protocol-version: {}\r\n{also}", revision.name());
    if revision == Revision::Stateless {
        headers.push_str(&format!("mcp-method: {method}\r\n"));
        if let Some(name) = params.get("name").and_then(Value::as_str) {
            headers.push_str(&format!("mcp-name: {name}\r\n"));
        }
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": revision.name(),
            "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
        });
    }
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{headers}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn ids() -> impl Iterator<Item = String> {
    (0..VARIETY).map(|n| format!("01900000-0000-7000-8000-{n:012}"))
}
