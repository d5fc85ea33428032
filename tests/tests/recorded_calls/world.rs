//! A server in a process of its own, before an API that remembers its requests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tests::harness::client::{Answer, Client, Revision};
use tests::harness::process::{Deployment, Process};
use tests::harness::recorder::Recorder;
use tests::harness::store_connection::StoreConnection;
use url::Url;

/// No secret, and nothing that is recorded.
pub(crate) const ARGUMENT: &str = "an argument of a call that is not recorded";

/// Both, and a client.
pub(crate) struct World {
    pub(crate) api: Recorder,
    pub(crate) deployment: Deployment,
    pub(crate) client: Client,
}

/// A tool, its arguments, and whether it may change something.
pub(crate) fn read() -> (&'static str, Value) {
    ("get_workspace", json!({}))
}

pub(crate) fn write() -> (&'static str, Value) {
    ("update_workspace", json!({ "name": ARGUMENT }))
}

impl World {
    /// A server before a recorder.
    pub(crate) async fn prepare(name: &str) -> World {
        let api = Recorder::start().await.unwrap();
        let world = World::before(name, api.url()).await;
        World { api, ..world }
    }

    /// A server before any API.
    pub(crate) async fn before(name: &str, api: &Url) -> World {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recorded-{name}"));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_connector"));
        let deployment = Deployment::prepare(program, &directory, api).await;
        let deployment = deployment.unwrap();
        let client = Client::new(deployment.url.clone(), Revision::V2026_07_28);
        World {
            client: client.with_token(&deployment.tokens.access),
            deployment,
            api: Recorder::start().await.unwrap(),
        }
    }

    pub(crate) async fn start(&self) -> Process {
        self.deployment.start().await.unwrap()
    }

    pub(crate) async fn call(&self, (tool, arguments): (&str, Value)) -> anyhow::Result<Answer> {
        let params = json!({"name": tool, "arguments": arguments});
        self.client.send("tools/call", params).await
    }

    /// Locks the store for writing until the result is dropped.
    pub(crate) async fn lock_store(&self) -> StoreConnection {
        let mut connection = self.deployment.open_store().await.unwrap();
        connection.hold_changes().await.unwrap();
        connection
    }

    /// A file beside the store.
    pub(crate) fn beside(&self, suffix: &str) -> PathBuf {
        self.deployment.beside(suffix)
    }

    /// The calls in the audit: how each ended, by the id of its request.
    pub(crate) async fn recorded(&self) -> BTreeMap<String, Vec<String>> {
        self.deployment.recorded_calls().await.unwrap()
    }

    /// Waits until the audit has the end of a call, and returns how it ended.
    pub(crate) async fn ended(&self, request_id: &str) -> Vec<String> {
        for _ in 0..600 {
            let outcomes = self.recorded_of(request_id).await;
            // The beginning may be stored before the end is.
            if outcomes != ["unknown"] {
                return outcomes;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the end of {request_id} was never recorded");
    }

    /// Waits until the audit has a call, and returns how it ended.
    pub(crate) async fn recorded_of(&self, request_id: &str) -> Vec<String> {
        for _ in 0..600 {
            if let Some(outcomes) = self.recorded().await.remove(request_id) {
                return outcomes;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{request_id} was never recorded");
    }
}

/// The error of a tool error.
pub(crate) fn error(answer: &Answer) -> Value {
    let text = answer.message["result"]["content"][0]["text"].as_str();
    let error: Value = serde_json::from_str(text.unwrap_or("null")).unwrap_or_default();
    error["error"].clone()
}
