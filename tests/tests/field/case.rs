use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use descriptors::catalogue;
use generator::ir::Api;
use generator::lower::{Lowered, lower};
use generator::openapi::read;
use generator::report;
use runtime::config::{Auth, Config};
use serde::Deserialize;
use serde_json::{Map, Value};
use tests::harness::client::{Client, Revision};
use tests::harness::recorder::Recorder;
use tests::harness::server;

/// A description, and the calls that go with it.
pub(crate) struct Case {
    pub(crate) api: Api,
    /// What the generator reports, without places.
    pub(crate) reported: String,
    /// The same with places, as `generator inspect` shows it.
    pub(crate) report: String,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    name: String,
    arguments: Map<String, Value>,
}

/// What became of a call.
#[derive(Debug)]
pub(crate) enum Outcome {
    Sent(Request),
    /// Nothing was sent; the message that the caller receives.
    Refused(String),
}

#[derive(Debug)]
pub(crate) struct Request {
    /// Method and target.
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    /// As it is, or as in Rust's byte strings.
    pub(crate) body: String,
}

impl Case {
    pub(crate) fn read(directory: &Path) -> Case {
        let document = read(&directory.join("spec.yaml")).unwrap();
        let Lowered { api, diagnostics } = lower(document);
        let reported: Vec<&str> = diagnostics.iter().map(|one| one.message.as_str()).collect();
        let reported = reported.join("\n");
        let report = report::diagnostics("spec.yaml".as_ref(), &diagnostics, true);
        let calls = fs::read_to_string(directory.join("call.json"));
        let calls = calls.map_or(Vec::new(), |text| serde_json::from_str(&text).unwrap());
        Case {
            api,
            reported,
            report,
            calls,
        }
    }

    /// Makes the calls, before an API that records them.
    pub(crate) async fn call(&self) -> Vec<Outcome> {
        if self.calls.is_empty() {
            return Vec::new();
        }
        let recorder = Recorder::start().await.unwrap();
        let mut config = Config::default();
        config.server.auth = Auth::None;
        config.upstream.url = Some(recorder.url().clone());
        let server = server::serve(catalogue("field", &self.api), config);
        let server = server.await.unwrap();
        let client = Client::new(server.url().clone(), Revision::V2026_07_28);
        let mut outcomes = Vec::new();
        for call in &self.calls {
            let result = client.call(&call.name, call.arguments.clone()).await;
            let result = result.unwrap();
            outcomes.push(match recorder.take().pop() {
                None => {
                    let text = result["content"][0]["text"].as_str().unwrap_or_default();
                    let reported: Value = serde_json::from_str(text).unwrap_or_default();
                    let message = reported["error"]["message"].as_str();
                    Outcome::Refused(message.unwrap_or(text).to_owned())
                }
                Some(sent) => {
                    let headers = sent.headers.iter().map(|(name, value)| {
                        (
                            name.to_string(),
                            value.to_str().unwrap_or_default().to_owned(),
                        )
                    });
                    let body = String::from_utf8(sent.body.to_vec()).ok();
                    let body = body.filter(|text| !text.contains('\0'));
                    Outcome::Sent(Request {
                        line: format!("{} {}", sent.method, sent.target),
                        headers: headers.collect(),
                        body: body.unwrap_or_else(|| sent.body.escape_ascii().to_string()),
                    })
                }
            });
        }
        outcomes
    }

    /// The input that calls of the tool are checked against.
    pub(crate) fn input(&self, tool: &str) -> &Value {
        let operation = self.api.operations.iter().find(|one| one.name == tool);
        &operation.unwrap().input.json
    }

    /// The input that clients see, without its definitions.
    pub(crate) fn published(&self, tool: &str) -> &Value {
        let operation = self.api.operations.iter().find(|one| one.name == tool);
        let operation = operation.unwrap();
        &operation
            .published
            .as_ref()
            .unwrap_or(&operation.input)
            .json
    }
}
