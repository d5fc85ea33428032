//! One description, judged.

use std::collections::BTreeMap;
use std::path::Path;

use generator::ir;
use generator::lower::lower;
use generator::openapi::read;
use runtime::codegen::{Catalog, SecurityKind};
use runtime::config::Credential;
use runtime::config::MissingCredentials;
use runtime::config::{Auth, Config};
use runtime::secret::{Secret, Source};
use serde_json::{Map, Value, json};

use super::arguments::{Extent, Sampler};
use super::cause::{self, Cause};
use super::prism::{Prism, Said, Verdict, Violation};
use super::refusal::Refusal;
use crate::harness::client::{Client, Revision};
use crate::harness::foreign::Judge;
use crate::harness::server;
use descriptors::catalogue;

/// A description, as it was read and as it is served.
#[derive(Debug)]
pub struct Description {
    document: Value,
    /// Its operations.
    pub api: ir::Api,
}

/// A call that is to be judged.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    operation: &'a ir::Operation,
    arguments: Map<String, Value>,
}

/// What became of the calls of a description.
#[derive(Debug, Default)]
pub struct Report {
    /// Operations of the description.
    pub operations: usize,
    /// Requests that were judged, or that the server did not send.
    pub requests: usize,
    /// Of these, the accepted.
    pub accepted: usize,
    /// Refusals of known causes: the cause and the tool.
    pub refused: Vec<(&'static Cause, String)>,
    /// Refusals that no cause explains, and requests that the judge could not check in all parts.
    pub unexplained: Vec<String>,
    /// Tools for which no arguments were found, and why.
    pub untried: Vec<String>,
    /// References in the description at which the judge finds nothing, so that it asks for nothing
    /// there.
    pub dangling: Vec<String>,
    /// What was mended in the judge's copy of the description, and how often.
    pub mended: BTreeMap<String, usize>,
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn read(file: &Path) -> anyhow::Result<Description> {
        let document = read(file)?;
        Ok(Description {
            document: document.value().clone(),
            api: lower(document).api,
        })
    }

    /// Each tool twice: with what it requires, and with all that it describes. Tools for which no
    /// arguments are found are reported, with the reason.
    #[must_use]
    pub fn calls(&self) -> (Vec<Call<'_>>, Vec<String>) {
        let (mut calls, mut untried): (Vec<Call<'_>>, _) = (Vec::new(), Vec::new());
        for operation in &self.api.operations {
            let schema = self.schema(operation);
            let sampler = match Sampler::new(&schema) {
                Ok(sampler) => sampler,
                Err(why) => {
                    untried.push(format!("{}: {why}", operation.name));
                    continue;
                }
            };
            let mut before = None;
            for extent in [Extent::Required, Extent::All] {
                match sampler.arguments(extent) {
                    Ok(arguments) if before.as_ref() == Some(&arguments) => {}
                    Ok(arguments) => {
                        before = Some(arguments.clone());
                        calls.push(Call {
                            operation,
                            arguments,
                        });
                    }
                    Err(why) => untried.push(format!("{} ({extent:?}): {why}", operation.name)),
                }
            }
        }
        (calls, untried)
    }

    /// Its first tool with these arguments.
    #[must_use]
    pub fn call(&self, arguments: &Map<String, Value>) -> Option<Call<'_>> {
        Some(Call {
            operation: self.api.operations.first()?,
            arguments: arguments.clone(),
        })
    }

    /// Serves the description, makes the calls, and gathers what Prism says, which reads the same
    /// `file`. `Err` within: Prism cannot load it, and says why.
    ///
    /// # Errors
    /// Where a program cannot be started, or an answer of the server is no message.
    pub async fn judge(
        &self,
        judge: &Judge,
        file: &Path,
        calls: Vec<Call<'_>>,
    ) -> anyhow::Result<Result<Report, String>> {
        let prism = match Prism::start(judge, file).await? {
            Ok(prism) => prism,
            Err(unreadable) => return Ok(Err(unreadable)),
        };
        let catalog = catalogue("judged", &self.api);
        let server = server::serve(catalog, config(catalog, &prism)).await?;
        let client = Client::new(server.url().clone(), Revision::V2025_11_25);
        let mut answers = Vec::new();
        for call in &calls {
            let params = json!({"name": call.operation.name, "arguments": call.arguments});
            answers.push(client.send("tools/call", params).await?);
        }
        let mut report = Report {
            operations: self.api.operations.len(),
            dangling: prism.dangling.clone(),
            ..Report::default()
        };
        let Said {
            mut verdicts,
            mended,
        } = prism.end().await?;
        report.mended = mended;
        for (call, answer) in calls.into_iter().zip(answers) {
            let id = answer.request_id.unwrap_or_default();
            let mut of_request = verdicts.remove(&id).unwrap_or_default();
            let path = Some(&call.operation.path);
            let own = of_request.iter().position(|one| one.path.as_ref() == path);
            let verdict = match of_request.is_empty() {
                true => unsent(&answer.message),
                false => of_request.swap_remove(own.unwrap_or(0)),
            };
            self.enter(&mut report, call, &verdict);
        }
        Ok(Ok(report))
    }

    fn enter(&self, report: &mut Report, call: Call<'_>, verdict: &Verdict) {
        report.requests += 1;
        let tool = &call.operation.name;
        if let Some(why) = verdict.unchecked.first() {
            let entry = format!("{tool}: the judge could not compile a schema: {why}");
            report.unexplained.push(entry);
            return;
        }
        if verdict.violations.is_empty() {
            report.accepted += 1;
            return;
        }
        let arguments = Value::Object(call.arguments);
        let refusal = Refusal {
            document: &self.document,
            operation: call.operation,
            arguments: &arguments,
            verdict,
        };
        match cause::causes(&refusal) {
            Ok(causes) => {
                let entries = causes.into_iter().map(|cause| (cause, tool.clone()));
                report.refused.extend(entries);
            }
            Err(violation) => {
                let entry = format!("{tool}: {violation:?}\n    {arguments}");
                report.unexplained.push(entry);
            }
        }
    }

    /// The schema that arguments are checked against, with all definitions that it reaches.
    fn schema(&self, operation: &ir::Operation) -> Value {
        let mut reached = Map::new();
        let mut waiting: Vec<&String> = operation.input.definitions.iter().collect();
        while let Some(name) = waiting.pop() {
            if let Some(definition) = self.api.definitions.get(name)
                && reached
                    .insert(name.clone(), definition.json.clone())
                    .is_none()
            {
                waiting.extend(&definition.definitions);
            }
        }
        let mut json = operation.input.json.clone();
        if !reached.is_empty() {
            json["$defs"] = Value::Object(reached);
        }
        json
    }
}

/// What the server says of a request that it did not send.
fn unsent(answer: &Value) -> Verdict {
    let message = answer["result"]["structuredContent"]["error"]["message"].as_str();
    Verdict {
        path: None,
        violations: vec![Violation {
            code: Value::from("unsent"),
            message: message.map_or_else(|| answer.to_string(), str::to_owned),
            path: Vec::new(),
        }],
        body: None,
        unchecked: Vec::new(),
    }
}

fn config(catalog: &Catalog, prism: &Prism) -> Config {
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(prism.url.clone());
    config.upstream.missing_credentials = MissingCredentials::Send;
    for scheme in catalog.security_schemes {
        let secret = |text: &str| Source::Literal(Secret::new(text));
        let credential = match scheme.kind {
            SecurityKind::MutualTls => continue,
            SecurityKind::Basic => Credential::Basic {
                username: "name".to_owned(),
                password: secret("password"),
            },
            SecurityKind::Http(_) => Credential::Token(secret(DIGEST)),
            _ => Credential::Token(secret("credential")),
        };
        let credentials = &mut config.upstream.credentials;
        credentials.insert(scheme.name.to_owned(), credential);
    }
    config
}

/// What RFC 7616 §3.4 puts after the name of the scheme.
const DIGEST: &str = r#"username="name", realm="realm", nonce="n0nce", uri="uri", response="0123""#;
