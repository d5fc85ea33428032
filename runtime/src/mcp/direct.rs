//! Calls of tools that are answered without the protocol library's transport, which costs more than
//! the rest of the call.
//!
//! Only a request of the ordinary shape is answered here. Everything else (another method, a header
//! that disagrees with the body, an unknown tool, a member that is not known) goes through the
//! library, which decides and words the refusal. Both ways agree in every byte: `answer` writes what
//! the library's types would be written as.

use http::HeaderMap;
use rmcp::model::{
    CallToolRequestParams, JsonObject, ProtocolVersion, RequestId as MessageId, RequestMetaObject,
};
use serde::{Deserialize, Deserializer};

use super::gateway::VERSIONS;

pub(super) const PROTOCOL_VERSION: &str = "mcp-protocol-version";
pub(super) const METHOD: &str = "mcp-method";
pub(super) const NAME: &str = "mcp-name";
const PARAMETER: &str = "mcp-param-";

/// A `tools/call` request of the ordinary shape.
#[derive(Debug)]
pub(super) struct DirectCall {
    pub(super) id: MessageId,
    pub(super) params: CallToolRequestParams,
    /// Whether the client speaks a revision before 2026-07-28, whose results have no `resultType`.
    pub(super) is_legacy: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    jsonrpc: Jsonrpc,
    id: MessageId,
    method: Method,
    params: Params,
}

#[derive(Deserialize)]
enum Jsonrpc {
    #[serde(rename = "2.0")]
    V2,
}

#[derive(Deserialize)]
enum Method {
    #[serde(rename = "tools/call")]
    ToolsCall,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Params {
    name: String,
    #[serde(default, deserialize_with = "present")]
    arguments: Option<JsonObject>,
    #[serde(rename = "_meta", default, deserialize_with = "present")]
    meta: Option<RequestMetaObject>,
}

/// Reads a member that may be missing. One that is null is read as its type reads null.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

impl DirectCall {
    /// Reads a message. `None` where it is not a call of the ordinary shape.
    pub(super) fn read(headers: &HeaderMap, message: &[u8]) -> Option<DirectCall> {
        // The library reads what arrives for the revision 2026-07-28 otherwise than before.
        let revision = revision(headers)?;
        let Message {
            jsonrpc: Jsonrpc::V2,
            id,
            method: Method::ToolsCall,
            params:
                Params {
                    name,
                    arguments,
                    meta,
                },
        } = serde_json::from_slice(message).ok()?;
        let agrees = match revision {
            Revision::Initialized => {
                let version = meta.as_ref().and_then(RequestMetaObject::protocol_version);
                version.is_none()
            }
            Revision::Stateless => {
                let meta = meta.as_ref()?;
                meta.missing_required_keys(&ProtocolVersion::V_2026_07_28)
                    .is_empty()
                    && meta.protocol_version()? == ProtocolVersion::V_2026_07_28
                    && only(headers, METHOD)? == "tools/call"
                    && only(headers, NAME)? == name
                    && !headers.keys().any(|it| it.as_str().starts_with(PARAMETER))
            }
        };
        let mut params = CallToolRequestParams::new(name);
        params.arguments = arguments;
        params.meta = meta;
        let is_legacy = matches!(revision, Revision::Initialized);
        agrees.then_some(DirectCall {
            id,
            params,
            is_legacy,
        })
    }
}

/// How a client speaks the protocol.
enum Revision {
    /// After `initialize`: the revisions before 2026-07-28, and clients that name none.
    Initialized,
    /// 2026-07-28: every request says what it needs.
    Stateless,
}

fn revision(headers: &HeaderMap) -> Option<Revision> {
    if !headers.contains_key(PROTOCOL_VERSION) {
        return Some(Revision::Initialized);
    }
    let version = only(headers, PROTOCOL_VERSION)?;
    let known = VERSIONS.iter().find(|it| it.as_str() == version)?;
    match known == &ProtocolVersion::V_2026_07_28 {
        true => Some(Revision::Stateless),
        false => Some(Revision::Initialized),
    }
}

/// The value of a header field that is there once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const LEGACY: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
    const STATELESS: &str = r#"{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":"a","arguments":{"b":1},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;

    fn reads(headers: &[(&'static str, &'static str)], message: &str) -> bool {
        let mut map = HeaderMap::new();
        for &(name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        DirectCall::read(&map, message.as_bytes()).is_some()
    }

    #[test]
    fn calls_of_the_ordinary_shape_are_read_in_every_revision() {
        assert!(reads(&[], LEGACY));
        assert!(reads(&[(PROTOCOL_VERSION, "2025-11-25")], LEGACY));
        let stateless = [
            (PROTOCOL_VERSION, "2026-07-28"),
            (METHOD, "tools/call"),
            (NAME, "a"),
        ];
        assert!(reads(&stateless, STATELESS));
    }

    #[test]
    fn everything_else_is_left_to_the_library() {
        for (headers, message) in [
            (vec![], STATELESS),
            (vec![(PROTOCOL_VERSION, "2026-07-28")], LEGACY),
            (vec![(PROTOCOL_VERSION, "2026-07-28")], STATELESS),
            (
                vec![
                    (PROTOCOL_VERSION, "2026-07-28"),
                    (METHOD, "tools/call"),
                    (NAME, "b"),
                ],
                STATELESS,
            ),
            (vec![(PROTOCOL_VERSION, "soon")], LEGACY),
            (vec![], &*LEGACY.replace("tools/call", "tools/list")),
            (vec![], &*LEGACY.replace("\"id\":1,", "")),
            (vec![], &*LEGACY.replace("\"name\"", "\"more\":1,\"name\"")),
            (vec![], &*LEGACY.replace("2.0", "1.0")),
        ] {
            assert!(!reads(&headers, message), "{headers:?} {message}");
        }
    }
}
