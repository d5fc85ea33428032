//! Each known cause of a refusal, by a minimal case: a small description, arguments, and the
//! request that is sent, which is as the description says; the judge refuses it all the same.

use std::path::PathBuf;

use descriptors::catalogue;
use runtime::config::{Auth, Config};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::foreign::Judge;
use tests::harness::recorder::Recorder;
use tests::harness::{requirement, server};
use tests::judge::cause::CAUSES;
use tests::judge::run::Description;

const CASES: &str = include_str!("causes.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Names of causes.
    cause: String,
    /// Why the description or the judge causes it.
    because: String,
    /// An OpenAPI document.
    spec: Map<String, Value>,
    #[serde(default)]
    arguments: Map<String, Value>,
    /// Method, target and body that are sent; none where nothing is.
    request: Option<String>,
}

fn cases() -> Vec<Case> {
    let options = serde_saphyr::options! { strict_booleans: true };
    serde_saphyr::from_str_with_options(CASES, options).unwrap()
}

#[test]
fn every_cause_has_a_case() {
    let cases = cases();
    let mut reported: Vec<&str> = cases.iter().map(|case| case.cause.as_str()).collect();
    let mut known: Vec<&str> = CAUSES.iter().map(|cause| cause.name).collect();
    reported.sort_unstable();
    known.sort_unstable();
    assert_eq!(reported, known);
    assert!(cases.iter().all(|case| !case.because.is_empty()));
}

#[tokio::test]
async fn what_is_refused_is_as_described() {
    let Some(judge) = requirement::require(Judge::find()) else {
        return;
    };
    let mut wrong = Vec::new();
    for case in cases() {
        let file = written(&case.cause, &case.spec);
        let description = Description::read(&file).unwrap();
        let sent = sent(&description, &case.arguments).await;
        let call = description.call(&case.arguments).unwrap();
        let report = description.judge(&judge, &file, vec![call]).await.unwrap();
        let report = report.unwrap_or_else(|why| panic!("{}: {why}", case.cause));
        let causes: Vec<&str> = report.refused.iter().map(|(cause, _)| cause.name).collect();
        if sent != case.request || causes != [case.cause.as_str()] {
            wrong.push(format!("{}: {sent:?} {report:?}", case.cause));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What Prism cannot read is corrected in its copy; the rest of such a schema is checked.
#[tokio::test]
async fn what_is_mended_is_checked() {
    let Some(judge) = requirement::require(Judge::find()) else {
        return;
    };
    let body = |schema: Value| {
        let paths = json!({"/a/{p}": {"post": {
            "parameters": [{"name": "p", "in": "path", "required": true, "schema": {}}],
            "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "ok"}},
        }}});
        let Value::Object(spec) = json!({"openapi": "3.0.3", "paths": paths}) else {
            unreachable!()
        };
        spec
    };
    let description = Description::read(&written("served", &body(json!({})))).unwrap();
    let Value::Object(arguments) = json!({"p": "x", "body": {"a": 1, "b": "z"}}) else {
        unreachable!()
    };
    for (name, stricter) in [
        (
            "nullable-without-type",
            json!({"properties": {"a": {"nullable": true}}}),
        ),
        (
            "needless-escape",
            json!({"properties": {"b": {"pattern": "^[a-z\\-]$"}}}),
        ),
        ("empty-enum", json!({"properties": {"a": {"enum": []}}})),
        (
            "enum-with-a-value-twice",
            json!({"properties": {"a": {"enum": [1, 1]}}}),
        ),
        (
            "dangling",
            json!({"properties": {"a": {"$ref": "#/components/schemas/None"}}}),
        ),
    ] {
        let judged = async |schema: Value| {
            let file = written(name, &body(schema));
            let call = description.call(&arguments).unwrap();
            description
                .judge(&judge, &file, vec![call])
                .await
                .unwrap()
                .unwrap()
        };
        let report = judged(stricter.clone()).await;
        assert_eq!(report.accepted, 1, "{name}: {report:?}");
        let mut wrong = stricter;
        wrong["required"] = json!(["c"]);
        let report = judged(wrong).await;
        assert_eq!(report.unexplained.len(), 1, "{name}: {report:?}");
        assert!(report.unexplained[0].contains("'c'"), "{name}: {report:?}");
    }
}

/// Of paths that differ only in the names of their parameters, that of the call is asked.
#[tokio::test]
async fn identical_paths_are_distinguished() {
    let Some(judge) = requirement::require(Judge::find()) else {
        return;
    };
    let get = |name: &str, kind: &str| {
        json!({"get": {
            "parameters": [{"name": name, "in": "path", "required": true, "schema": {"type": kind}}],
            "responses": {"200": {"description": "ok"}},
        }})
    };
    let spec = |first: &str, second: &str| {
        let mut spec = Map::from_iter([("openapi".to_owned(), json!("3.0.3"))]);
        let paths = json!({"/{a}": get("a", first), "/{b}": get("b", second)});
        spec.insert("paths".to_owned(), paths);
        spec
    };
    let served = written("served-identical", &spec("string", "string"));
    let description = Description::read(&served).unwrap();
    for (second, accepted) in [("string", 2), ("integer", 1)] {
        let file = written("identical", &spec("string", second));
        let (calls, _) = description.calls();
        let report = description.judge(&judge, &file, calls).await.unwrap();
        let report = report.unwrap();
        assert_eq!(report.accepted, accepted, "{report:?}");
        assert_eq!(report.unexplained.len(), 2 - accepted, "{report:?}");
    }
}

fn written(name: &str, spec: &Map<String, Value>) -> PathBuf {
    let mut spec = spec.clone();
    let info = json!({"title": "t", "version": "1"});
    spec.entry("info").or_insert(info);
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join(format!("{name}.json"));
    std::fs::write(&file, Value::Object(spec).to_string()).unwrap();
    file
}

/// The request, as an API that only listens gets it.
async fn sent(description: &Description, arguments: &Map<String, Value>) -> Option<String> {
    let recorder = Recorder::start().await.unwrap();
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(recorder.url().clone());
    let server = server::serve(catalogue("case", &description.api), config);
    let client = Client::new(server.await.unwrap().url().clone(), Revision::V2026_07_28);
    let name = &description.api.operations[0].name;
    client.call(name, arguments.clone()).await.unwrap();
    let request = recorder.take().pop()?;
    let mut text = format!("{} {}", request.method, request.target);
    if !request.body.is_empty() {
        text.push('\n');
        text.push_str(&String::from_utf8_lossy(&request.body).replace("\r\n", "\n"));
    }
    Some(text)
}
