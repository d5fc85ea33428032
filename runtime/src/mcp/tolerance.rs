//! What some clients send otherwise than the protocol has it, read as they mean it.
//!
//! - `params: []` and `arguments: []` are none: some libraries write an empty map so.
//! - `initialize` is where a revision is agreed on, so a header that names another one than the body
//!   says nothing: clients send the one of an earlier conversation.
//! - `server/discover` changes nothing and says which revisions there are, so it is answered whatever
//!   its header fields repeat. Clients that are refused try nothing else.

use http::{HeaderMap, HeaderValue};
use rmcp::model::ProtocolVersion;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::direct::{METHOD, NAME, PROTOCOL_VERSION, only, present};

const META: &str = "_meta";
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const DISCOVER: &str = "server/discover";
/// Asked for by clients of the earlier revisions that do not look at the capabilities. Nothing is
/// logged to clients, so it is answered as `ping` is, by an empty result.
const SET_LEVEL: &str = "logging/setLevel";

/// A message. One that has a member twice is none.
#[derive(Deserialize, Serialize)]
struct Message {
    jsonrpc: Value,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    id: Option<Value>,
    method: String,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    params: Option<Value>,
}

/// The parameters of `tools/call`. Those that have a member twice are none.
#[derive(Deserialize)]
struct CallParams {
    #[serde(rename = "name")]
    _name: String,
    arguments: Value,
}

/// Mends the header fields of a message, and returns the message where it has to be another one.
pub(super) fn mend(headers: &mut HeaderMap, message: &[u8]) -> Option<Vec<u8>> {
    let mut read: Message = serde_json::from_slice(message).ok()?;
    let mut is_mended = mend_params(&mut read, message, is_stateless(headers))?;
    match read.method.as_str() {
        "initialize" => mend_initialize(headers, read.params.as_ref()),
        DISCOVER => is_mended |= mend_discover(headers, &mut read.params),
        _ => {}
    }
    is_mended.then(|| serde_json::to_vec(&read).ok())?
}

/// Returns a message of a stream where it has to be another one.
pub(super) fn mend_line(line: &[u8]) -> Option<Vec<u8>> {
    let is_ordinary =
        !line.contains(&b'[') && memchr::memmem::find(line, SET_LEVEL.as_bytes()).is_none();
    if is_ordinary {
        return None;
    }
    let mut read: Message = serde_json::from_slice(line).ok()?;
    let is_mended = mend_params(&mut read, line, false)?;
    is_mended.then(|| serde_json::to_vec(&read).ok())?
}

/// Mends the parameters of a message. Returns whether it is another one now; `None` where it is none.
fn mend_params(read: &mut Message, message: &[u8], is_stateless: bool) -> Option<bool> {
    let mut is_mended = is_empty_list(read.params.as_ref());
    if is_mended {
        read.params = None;
    }
    match read.method.as_str() {
        SET_LEVEL if !is_stateless => {
            read.method = "ping".to_owned();
            read.params = None;
            is_mended = true;
        }
        "tools/call" => {
            let params: CallParams = serde_json::from_slice::<Called>(message).ok()?.params;
            if is_empty_list(Some(&params.arguments))
                && let Some(Value::Object(params)) = &mut read.params
            {
                params.insert("arguments".to_owned(), Value::Object(Map::new()));
                is_mended = true;
            }
        }
        _ => {}
    }
    Some(is_mended)
}

/// A message of `tools/call`.
#[derive(Deserialize)]
struct Called {
    params: CallParams,
}

fn is_empty_list(value: Option<&Value>) -> bool {
    value.and_then(Value::as_array).is_some_and(Vec::is_empty)
}

/// Leaves the revision to the body. Only where header and body agree on one without a handshake are
/// they left to be refused.
fn mend_initialize(headers: &mut HeaderMap, params: Option<&Value>) {
    let stateless = ProtocolVersion::V_2026_07_28;
    let asked = params.and_then(|params| params["protocolVersion"].as_str());
    if asked.is_some() && asked != Some(stateless.as_str()) {
        headers.remove(PROTOCOL_VERSION);
    }
}

/// Has the header fields repeat what the body says, and the body say what a client of a revision
/// before `server/discover` leaves out. Returns whether the body is another one.
fn mend_discover(headers: &mut HeaderMap, params: &mut Option<Value>) -> bool {
    headers.insert(METHOD, HeaderValue::from_static(DISCOVER));
    headers.remove(NAME);
    let asked = params
        .as_ref()
        .and_then(|it| it[META][META_VERSION].as_str());
    // Two revisions without a handshake that disagree are refused (-32020).
    if is_stateless(headers) {
        return false;
    }
    if let Some(asked) = asked {
        if let Ok(asked) = HeaderValue::from_str(asked) {
            headers.insert(PROTOCOL_VERSION, asked);
        }
        return false;
    }
    let version = ProtocolVersion::V_2026_07_28;
    if let Value::Object(params) = params.get_or_insert_with(|| json!({}))
        && let Value::Object(meta) = params.entry(META).or_insert_with(|| json!({}))
    {
        meta.insert(META_VERSION.to_owned(), Value::from(version.as_str()));
        meta.entry(META_CAPABILITIES).or_insert_with(|| json!({}));
    }
    headers.insert(PROTOCOL_VERSION, HeaderValue::from_static("2026-07-28"));
    true
}

/// Whether the header fields speak the revision without a handshake, or a later one.
fn is_stateless(headers: &HeaderMap) -> bool {
    let first = ProtocolVersion::V_2026_07_28;
    only(headers, PROTOCOL_VERSION).is_some_and(|version| version >= first.as_str())
}
