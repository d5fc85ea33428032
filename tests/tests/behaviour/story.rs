//! One connection, from the first 401 to its revocation.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use runtime::app::{self, Environment, Server};
use runtime::config::Config;
use runtime::random::Random;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::harness::server::environment;
use url::Url;

use crate::conversation::{Conversation, without_random};
use crate::golden::assert_unchanged;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";
const CALLBACK: &str = "https://client.example/callback";
const ORIGIN: &str = "https://mcp.example.com/";
const RESOURCE: &str = "https://mcp.example.com/mcp";

/// Random bytes that are the same each time, and different for each use.
#[derive(Debug, Default)]
struct Foreseen(AtomicU64);

impl Random for Foreseen {
    fn fill(&self, bytes: &mut [u8]) {
        for part in bytes.chunks_mut(32) {
            let number = self.0.fetch_add(1, Ordering::Relaxed);
            part.copy_from_slice(&Sha256::digest(number.to_be_bytes())[..part.len()]);
        }
    }
}

struct Story {
    server: Server,
    wire: Conversation,
    client_id: String,
}

impl Story {
    async fn begin() -> Story {
        let text = "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://mcp.example.com\"\n\
                    mock = true\n[store]\npath = \":memory:\"\n";
        let config = Config::parse(text, Path::new("connector.toml")).unwrap();
        let server = app::start(
            &generated::CATALOG,
            config,
            Environment {
                random: Arc::new(Foreseen::default()),
                ..environment()
            },
        );
        let server = server.await.unwrap();
        let wire = Conversation::with(server.addr(), &Url::parse(ORIGIN).unwrap());
        Story {
            server,
            wire,
            client_id: String::new(),
        }
    }

    async fn get(&mut self, path: &str) {
        self.wire.send(Method::GET, path, &[], "").await;
    }

    async fn message(&mut self, path: &str, token: Option<&str>, message: Value) -> Value {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let version = match message["params"]["_meta"].is_object() {
            true => "2026-07-28",
            false => "2025-11-25",
        };
        let mut headers = vec![
            ("content-type", "application/json"),
            ("accept", "application/json, text/event-stream"),
            ("mcp-protocol-version", version),
        ];
        if version == "2026-07-28" {
            headers.push(("mcp-method", message["method"].as_str().unwrap()));
            if let Some(name) = message["params"]["name"].as_str() {
                headers.push(("mcp-name", name));
            }
        }
        if let Some(authorization) = &authorization {
            headers.push(("authorization", authorization));
        }
        let body = message.to_string();
        let said = self.wire.send(Method::POST, path, &headers, &body).await;
        serde_json::from_str(&said.body).unwrap_or_default()
    }

    async fn call(&mut self, path: &str, token: &str, name: &str, arguments: Value) {
        let params = json!({"name": name, "arguments": arguments});
        let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params});
        self.message(path, Some(token), call).await;
    }

    fn authorization_request(&self, resource: &str) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", CALLBACK)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("state", "the state")
            .append_pair("scope", "mcp:read mcp:write offline_access")
            .append_pair("resource", resource)
            .finish();
        format!("/oauth/authorize?{query}")
    }

    /// Authorizes as the person who is signed in, and answers with this decision. Returns the code.
    async fn authorize(&mut self, resource: &str, decision: &str) -> Option<String> {
        let request = self.authorization_request(resource);
        let said = self.wire.open(&request).await;
        let mut page = self.wire.open(said.location().path()).await;
        if page.status.is_redirection() {
            let sign_in = self.wire.open(page.location().path()).await;
            let form = sign_in.page().form_with("password").unwrap();
            let form = form.with("email", EMAIL);
            let wrong = form.clone().with("password", "not the password");
            self.wire.submit(&wrong).await;
            let said = self.wire.submit(&form.with("password", PASSWORD)).await;
            page = self.wire.open(said.location().path()).await;
        }
        let form = page.page().form_with("level").unwrap();
        let said = self.wire.submit(&form.with("decision", decision)).await;
        let response = match said.status.is_redirection() {
            true => said.location(),
            false => return None,
        };
        let mut pairs = response.query_pairs();
        let code = pairs.find(|(name, _)| name == "code")?;
        Some(code.1.into_owned())
    }

    async fn redeem(&mut self, code: &str, resource: &str) -> Value {
        let client_id = self.client_id.clone();
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", &*client_id),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
            ("resource", resource),
        ];
        let said = self.wire.post("/oauth/token", &form).await;
        serde_json::from_str(&said.body).unwrap_or_default()
    }

    async fn refresh(&mut self, token: &str) -> Value {
        let client_id = self.client_id.clone();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", &*client_id),
        ];
        self.wire.post("/oauth/token", &form).await.json()
    }

    async fn discover(&mut self) {
        self.wire.heading("Discovery");
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        self.message("/mcp", None, list).await;
        for path in [
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-protected-resource/mcp/readonly",
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/oauth/jwks",
            "/mcp",
            "/MCP",
            "/healthz",
            "/readyz",
        ] {
            self.get(path).await;
        }
        self.wire.open("/").await;
    }

    async fn register(&mut self) {
        self.wire.heading("Registration");
        let headers = [("content-type", "application/json")];
        let metadata = json!({"client_name": "A client", "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none"});
        let path = "/oauth/register";
        let bad = json!({"redirect_uris": ["javascript:alert(1)"]}).to_string();
        self.wire.send(Method::POST, path, &headers, &bad).await;
        let metadata = metadata.to_string();
        let said = self.wire.send(Method::POST, path, &headers, &metadata);
        let registered = said.await.json();
        self.client_id = registered["client_id"].as_str().unwrap().to_owned();
    }

    async fn first_account(&mut self) {
        self.wire.heading("The first account");
        let link = self.server.setup_link().unwrap().to_owned();
        let page = self.wire.open(&link).await.page();
        let form = page.form_with("password").unwrap();
        let form = form.with("email", EMAIL).with("name", "Ada");
        let form = form.with("password", PASSWORD).with("workspace", "Harbor");
        self.wire.submit(&form).await;
    }

    async fn refused_requests(&mut self) {
        self.wire.heading("Authorization requests that are refused");
        let request = self.authorization_request(RESOURCE);
        for (from, to) in [
            ("client.example", "evil.example"),
            (&*self.client_id.clone(), "client_unknown"),
            ("S256", "plain"),
            ("response_type=code", "response_type=token"),
            ("mcp.example.com", "other.example.com"),
        ] {
            self.wire.open(&request.replace(from, to)).await;
        }
    }

    async fn use_tools(&mut self, access: &str) {
        self.wire.heading("Calls");
        let client = json!({"name": "story", "version": "1"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": client});
        let initialize =
            json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        self.message("/mcp", Some(access), initialize).await;
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        self.message("/mcp", Some(access), initialized).await;
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": client,
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        for params in [json!({}), json!({"_meta": meta})] {
            for method in ["tools/list", "ping", "prompts/list", "server/discover"] {
                let message =
                    json!({"jsonrpc": "2.0", "id": 2, "method": method, "params": params});
                self.message("/mcp", Some(access), message).await;
            }
            let mut call = params.clone();
            call["name"] = json!("list_bundles");
            call["arguments"] = json!({});
            let call = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": call});
            self.message("/mcp", Some(access), call).await;
        }
        for (name, arguments) in [
            ("list_bundles", json!({"limit": "many", "colour": 1})),
            ("no_such_tool", json!({})),
            ("update_workspace", json!({"name": "Harbor"})),
        ] {
            self.call("/mcp", access, name, arguments).await;
        }
        self.call("/mcp/readonly", access, "list_bundles", json!({}))
            .await;
    }

    async fn read_only(&mut self) {
        self.wire.heading("A connection for reading only");
        let resource = format!("{RESOURCE}/readonly");
        let code = self.authorize(&resource, "approve").await.unwrap();
        let tokens = self.redeem(&code, &resource).await;
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
        self.message("/mcp/readonly", Some(&access), list).await;
        for tool in ["list_bundles", "update_workspace"] {
            self.call("/mcp/readonly", &access, tool, json!({})).await;
        }
        self.wire.heading("A code comes a second time");
        self.redeem(&code, &resource).await;
        self.call("/mcp/readonly", &access, "list_bundles", json!({}))
            .await;
    }

    async fn end(&mut self, refresh: &str) {
        self.wire.heading("A refresh, and its repetition");
        let first = self.refresh(refresh).await;
        self.refresh(refresh).await;
        let next = first["refresh_token"].as_str().unwrap();
        let last = self.refresh(next).await;
        self.wire.heading("Revocation");
        let access = last["access_token"].as_str().unwrap().to_owned();
        for path in ["/portal/keys", "/portal/workspaces", "/portal/account"] {
            self.wire.open(path).await;
        }
        let keys = self.wire.open("/portal/keys").await.page();
        let form = keys.form_to("/portal/keys/revoke-all").unwrap();
        self.wire.submit(&form).await;
        self.call("/mcp", &access, "list_bundles", json!({})).await;
        let client_id = self.client_id.clone();
        let form = [("token", &*access), ("client_id", &*client_id)];
        self.wire.post("/oauth/revoke", &form).await;
        self.refresh(next).await;
    }
}

#[tokio::test]
async fn http_exchanges_from_401_to_revocation_are_as_recorded() {
    let mut story = Story::begin().await;
    story.discover().await;
    story.register().await;
    story.first_account().await;
    story.refused_requests().await;
    story.wire.heading("Another browser signs in, and cancels");
    story.wire.another_browser();
    story.authorize(RESOURCE, "deny").await;
    story.wire.heading("Approval");
    let code = story.authorize(RESOURCE, "approve").await.unwrap();
    let tokens = story.redeem(&code, RESOURCE).await;
    let access = tokens["access_token"].as_str().unwrap().to_owned();
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    story.use_tools(&access).await;
    story.read_only().await;
    story.end(&refresh).await;
    assert_unchanged("story.txt", &without_random(&story.wire.text));
}
