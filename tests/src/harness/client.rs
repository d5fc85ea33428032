//! A small MCP client that hides nothing of what travels.

use anyhow::Context;
use http::StatusCode;
use serde_json::{Map, Value, json};
use url::Url;

/// A revision of the protocol, as a client speaks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revision {
    /// 2025-11-25: the last one that opens with `initialize`.
    V2025_11_25,
    /// 2026-07-28: stateless, every request says what it needs.
    V2026_07_28,
}

impl Revision {
    /// As it is written on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Revision::V2025_11_25 => "2025-11-25",
            Revision::V2026_07_28 => "2026-07-28",
        }
    }
}

/// A client of one server over Streamable HTTP.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: Url,
    revision: Revision,
    token: Option<String>,
}

/// An HTTP answer with a JSON-RPC message in it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status code.
    pub status: StatusCode,
    /// The server's id of the request, `X-Request-Id`.
    pub request_id: Option<String>,
    /// The message.
    pub message: Value,
}

impl Client {
    /// A client of the server at `url`.
    #[must_use]
    pub fn new(url: Url, revision: Revision) -> Client {
        Client {
            http: reqwest::Client::new(),
            url,
            revision,
            token: None,
        }
    }

    /// Sends this bearer token from now on.
    #[must_use]
    pub fn with_token(self, token: &str) -> Client {
        let token = Some(token.to_owned());
        Client { token, ..self }
    }

    /// Sends one request and reads its answer, whatever it is.
    ///
    /// # Errors
    /// Where no answer comes, or one that is not JSON.
    pub async fn send(&self, method: &str, params: Value) -> anyhow::Result<Answer> {
        let mut params = params;
        let mut request = self
            .http
            .post(self.url.clone())
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", self.revision.as_str());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if self.revision == Revision::V2026_07_28 {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.revision.as_str(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
            request = request.header("Mcp-Method", method);
            if let Some(name) = params["name"].as_str() {
                request = request.header("Mcp-Name", name);
            }
        }
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = request.header("Content-Type", "application/json");
        let answer = request.body(body.to_string()).send().await?;
        let status = answer.status();
        let request_id = answer.headers().get("X-Request-Id").cloned();
        let text = answer.text().await?;
        Ok(Answer {
            status,
            request_id: request_id.and_then(|id| id.to_str().ok().map(str::to_owned)),
            message: serde_json::from_str(&text).with_context(|| format!("{status}: {text}"))?,
        })
    }

    /// Sends one request and takes its result.
    ///
    /// # Errors
    /// Where no answer comes, or one that is an error of the protocol.
    pub async fn request(&self, method: &str, params: Value) -> anyhow::Result<Value> {
        let mut answer = self.send(method, params).await?;
        match answer.message["result"].take() {
            Value::Null => anyhow::bail!("{method}: {} {}", answer.status, answer.message),
            result => Ok(result),
        }
    }

    /// All tools, page after page.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn tools(&self) -> anyhow::Result<Vec<Value>> {
        let mut tools = Vec::new();
        let mut params = json!({});
        loop {
            let mut page = self.request("tools/list", params).await?;
            match page["tools"].take() {
                Value::Array(more) => tools.extend(more),
                other => anyhow::bail!("tools/list: `tools` is {other}"),
            }
            match page["nextCursor"].take() {
                Value::Null => return Ok(tools),
                cursor => params = json!({ "cursor": cursor }),
            }
        }
    }

    /// Calls a tool.
    ///
    /// # Errors
    /// As [`Client::request`]. A failure of the tool itself is a result.
    pub async fn call(&self, name: &str, arguments: Map<String, Value>) -> anyhow::Result<Value> {
        let params = json!({"name": name, "arguments": arguments});
        self.request("tools/call", params).await
    }
}
