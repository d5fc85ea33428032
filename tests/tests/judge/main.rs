//! Each known cause of a refusal, by a minimal case: a small description, arguments, and the
//! request that is sent, which is as the description says; the judge refuses it all the same.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use descriptors::catalogue;
use runtime::config::{Auth, Config};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::foreign::Judge;
use tests::harness::recorder::Recorder;
use tests::harness::{requirement, server};
use tests::judge::cause::CAUSES;
use tests::judge::run::{Description, Report};

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

/// Text on the wire is each of these alternatives to Prism; the schema it is checked against says the
/// same without `oneOf`.
#[tokio::test]
async fn alternatives_of_different_types_are_no_overlap_where_all_is_text() {
    let get = |schema: Value| {
        json!({"/a/{p}": {"get": {
            "parameters": [{"name": "p", "in": "path", "required": true, "schema": schema}],
            "responses": {"200": {"description": "ok"}},
        }}})
    };
    let served = get(json!({}));
    for (schema, given, accepted) in [
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
            json!(1),
            1,
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}),
            json!("x"),
            0,
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "number"}]}),
            json!(1),
            0,
        ),
    ] {
        let arguments = json!({"p": given});
        let Some(report) = judged_by(&served, &get(schema.clone()), &arguments).await else {
            return;
        };
        assert_eq!(report.accepted, accepted, "{schema}: {report:?}");
    }
}

/// Prism drops discriminators; in its copy of a description, each alternative has the names that
/// select it.
#[tokio::test]
async fn a_discriminator_selects_the_alternative_that_is_checked() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let alternative = |required: &str| {
        json!({"type": "object", "required": ["kind", required],
               "properties": {"kind": {"type": "string"}}})
    };
    let post = |schema: Value| {
        json!({"/": {"post": {
            "requestBody": {"required": true, "content": {"application/json": {"schema": schema}}},
            "responses": {"200": {"description": "ok"}},
        }}})
    };
    let mut stricter = post(json!({
        "oneOf": [reference("A"), reference("B")],
        "discriminator": {"propertyName": "kind", "mapping": {"one": "#/components/schemas/A"}},
    }));
    stricter["components"] = json!({"A": alternative("a"), "B": alternative("b")});
    for (body, accepted) in [
        (json!({"kind": "one", "a": 1, "b": 1}), 1),
        (json!({"kind": "B", "b": 1}), 1),
        (json!({"kind": "one", "b": 1}), 0),
        (json!({"kind": "A", "a": 1}), 0),
    ] {
        let arguments = json!({"body": body});
        let Some(report) = judged_by(&post(json!({})), &stricter, &arguments).await else {
            return;
        };
        assert_eq!(report.accepted, accepted, "{body}: {report:?}");
        assert!(report.mended.contains_key("discriminator"), "{report:?}");
    }
}

/// Serves the operation of `served`, and has the call judged by another description of it. None
/// where there is no judge.
async fn judged_by(served: &Value, stricter: &Value, arguments: &Value) -> Option<Report> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let judge = requirement::require(Judge::find())?;
    let spec = |paths: &Value| {
        let mut paths = paths.clone();
        let schemas = paths
            .as_object_mut()
            .and_then(|paths| paths.remove("components"));
        let spec = json!({"openapi": "3.0.3", "paths": paths, "components": {"schemas": schemas}});
        spec.as_object().cloned().unwrap_or_default()
    };
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let description = written(&format!("served-{count}"), &spec(served));
    let description = Description::read(&description).unwrap();
    let call = description.call(arguments.as_object().unwrap()).unwrap();
    let file = written(&format!("stricter-{count}"), &spec(stricter));
    let report = description.judge(&judge, &file, vec![call]).await.unwrap();
    Some(report.unwrap())
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
