//! An assistant that a person connects, and what it calls with.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tests::harness::browser::{Browser, Page};
use tests::harness::client::{Answer, Client, Revision};
use url::form_urlencoded::Serializer;

use crate::world::World;

const REDIRECT_URI: &str = "https://claude.ai/api/mcp/auth_callback";
const VERIFIER: &str = "a-verifier-of-at-least-43-characters-is-needed-0";

/// Claude, registered.
pub(crate) struct Assistant<'a> {
    world: &'a World,
    pub(crate) client_id: String,
}

/// One connection of it.
pub(crate) struct Connection {
    pub(crate) token: String,
    client: Client,
}

impl Assistant<'_> {
    pub(crate) async fn register(world: &World) -> Assistant<'_> {
        let body = json!({
            "client_name": "Claude",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
        });
        let answer = reqwest::Client::new()
            .post(world.server.url().join("/oauth/register").unwrap())
            .header("Content-Type", "application/json")
            .body(body.to_string());
        let answer = answer.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        Assistant {
            world,
            client_id: answer["client_id"].as_str().unwrap().to_owned(),
        }
    }

    /// The consent page of a new request.
    pub(crate) async fn ask(&self, browser: &mut Browser) -> Page {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let query = Serializer::new(String::new())
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("resource", self.world.server.url().as_str())
            .finish();
        let opened = browser.open(&format!("/oauth/authorize?{query}")).await;
        opened.unwrap().page().unwrap()
    }

    /// Has the person approve what the consent page offers.
    pub(crate) async fn approve(
        &self,
        browser: &mut Browser,
        consent: &Page,
        level: &str,
    ) -> Connection {
        let form = consent.form_with("level").unwrap();
        let form = form.with("level", level).with("decision", "approve");
        let away = browser.submit(&form).await.unwrap().away().unwrap();
        let code = away.query_pairs().find(|(name, _)| name == "code");
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", &code.unwrap().1)
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("code_verifier", VERIFIER)
            .finish();
        let url = self.world.server.url();
        let answer = reqwest::Client::new()
            .post(url.join("/oauth/token").unwrap())
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = answer.send().await.unwrap().text().await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let token = answer["access_token"].as_str().unwrap().to_owned();
        let client = Client::new(url.clone(), Revision::V2026_07_28).with_token(&token);
        Connection { token, client }
    }

    /// Signs in all the way, in the person's only workspace.
    pub(crate) async fn connect(&self, browser: &mut Browser, level: &str) -> Connection {
        let consent = self.ask(browser).await;
        self.approve(browser, &consent, level).await
    }

    /// Signs in all the way, in the workspace that the person picks.
    pub(crate) async fn connect_in(
        &self,
        browser: &mut Browser,
        workspace: &str,
        level: &str,
    ) -> Connection {
        let handle = self.handle(browser).await;
        let picker = format!("{handle}/workspace");
        let page = browser.open(&picker).await.unwrap().page().unwrap();
        let form = page.form_to(&picker).unwrap();
        let form = form.with("workspace", &self.world.workspace(workspace).await);
        let consent = browser.submit(&form).await.unwrap().page().unwrap();
        self.approve(browser, &consent, level).await
    }

    /// Makes one more workspace while being asked to sign in.
    pub(crate) async fn new_workspace(&self, browser: &mut Browser, name: &str) {
        let path = format!("{}/new-workspace", self.handle(browser).await);
        let page = browser.open(&path).await.unwrap().page().unwrap();
        let form = page.form_to(&path).unwrap().with("name", name);
        browser.submit(&form).await.unwrap().page().unwrap();
    }

    /// The path of a new request.
    async fn handle(&self, browser: &mut Browser) -> String {
        let page = self.ask(browser).await;
        let parts: Vec<_> = page.url.path().split('/').take(4).collect();
        parts.join("/")
    }
}

impl Connection {
    /// Calls a tool; returns the answer as it is.
    pub(crate) async fn send(&self, tool: &str, arguments: Value) -> Answer {
        let params = json!({"name": tool, "arguments": arguments});
        self.client.send("tools/call", params).await.unwrap()
    }

    /// Calls a tool that is to succeed; returns its structured content.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let mut result = self.try_call(tool, arguments).await;
        assert_ne!(result["isError"], true, "{result}");
        result["structuredContent"].take()
    }

    /// Calls a tool that is to fail; returns the error.
    pub(crate) async fn fail(&self, tool: &str, arguments: Value) -> Value {
        let result = self.try_call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let mut reported: Value = serde_json::from_str(text).unwrap();
        reported["error"].take()
    }

    async fn try_call(&self, tool: &str, arguments: Value) -> Value {
        let arguments: Map<String, Value> = serde_json::from_value(arguments).unwrap();
        self.client.call(tool, arguments).await.unwrap()
    }

    pub(crate) async fn tools(&self) -> Vec<Value> {
        self.client.tools().await.unwrap()
    }
}
