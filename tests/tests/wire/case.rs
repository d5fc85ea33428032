use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use descriptors::catalogue;
use generator::lower::{Lowered, lower};
use generator::openapi::parse;
use http::HeaderMap;
use runtime::config::{Auth, Config};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::recorder::{Recorded, Recorder};
use tests::harness::{requirement, server};

/// One idea.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    spec: Map<String, Value>,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    #[serde(default)]
    arguments: Value,
    request: Option<String>,
    refused: Option<String>,
}

/// Headers that every request has alike, or that follow from the body.
const ALIKE: &[&str] = &[
    "accept",
    "accept-encoding",
    "content-length",
    "host",
    "user-agent",
    "traceparent",
    "x-request-id",
];

/// The files of cases in this directory, sorted.
pub(crate) fn files() -> Vec<String> {
    let directory = requirement::repository().join("tests/tests/wire");
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".yaml")).collect();
    names.sort_unstable();
    names
}

/// Runs the cases of a file, and fails with all that differ.
pub(crate) async fn check(text: &str) {
    let options = serde_saphyr::options! { strict_booleans: true };
    let cases: Vec<Case> = serde_saphyr::from_str_with_options(text, options).unwrap();
    let mut differences = String::new();
    for case in cases {
        let recorder = Recorder::start().await.unwrap();
        let (server, name) = serve(&case, &recorder).await;
        let client = Client::new(server.url().clone(), Revision::V2026_07_28);
        for call in &case.calls {
            let arguments = arguments(&call.arguments);
            let result = client.call(&name, arguments).await.unwrap();
            let sent: Vec<String> = recorder.take().iter().map(shown).collect();
            let expected = call.request.as_deref().map(on_the_wire);
            let message = result["structuredContent"]["error"]["message"].as_str();
            let is_right = match (&expected, &call.refused, sent.as_slice()) {
                (Some(expected), None, [sent]) => sent == expected,
                (None, Some(refused), []) => {
                    message.is_some_and(|reported| reported.contains(refused))
                }
                _ => false,
            };
            if !is_right {
                let (case, arguments) = (&case.case, &call.arguments);
                let expected = expected.as_ref().or(call.refused.as_ref());
                let (found, message) = (sent.join("\n"), message.unwrap_or_default());
                writeln!(
                    differences,
                    "{case}: {arguments}\n- {expected:?}\n+ {found:?} {message}\n"
                )
                .unwrap();
            }
        }
    }
    assert!(differences.is_empty(), "\n{differences}");
}

/// A server of the one operation that the case describes, before the recorder.
async fn serve(case: &Case, recorder: &Recorder) -> (runtime::app::Server, String) {
    let mut spec = case.spec.clone();
    if !spec.contains_key("swagger") {
        spec.entry("openapi").or_insert_with(|| json!("3.1.0"));
    }
    spec.entry("info")
        .or_insert_with(|| json!({"title": "t", "version": "1"}));
    let document = parse(Path::new("api.json"), Value::Object(spec).to_string()).unwrap();
    let Lowered { api, diagnostics } = lower(document);
    let [operation] = api.operations.as_slice() else {
        panic!("{}: one operation is wanted: {diagnostics:?}", case.case);
    };
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(recorder.url().clone());
    config.upstream.workspace = Some("w 1".to_owned());
    let server = server::serve(catalogue("wire", &api), config)
        .await
        .unwrap();
    (server, operation.name.clone())
}

fn arguments(given: &Value) -> Map<String, Value> {
    let arguments = match given {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        other => other.clone(),
    };
    match arguments {
        Value::Object(arguments) => arguments,
        Value::Null => Map::new(),
        other => panic!("{other} are no arguments"),
    }
}

/// A request as cases show it.
fn shown(request: &Recorded) -> String {
    let Recorded {
        method,
        target,
        headers,
        body,
    } = request;
    assert_eq!(length(headers), body.len());
    let mut lines: Vec<String> = headers
        .iter()
        .filter(|(name, _)| !ALIKE.contains(&name.as_str()))
        .map(|(name, value)| format!("\n{name}: {}", readable(value.as_bytes())))
        .collect();
    lines.sort_unstable();
    let mut text = format!("{method} {target}");
    text.extend(lines);
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(&readable(body));
    }
    match boundary(headers) {
        Some(boundary) => text.replace(boundary, "BOUNDARY"),
        None => text,
    }
}

fn boundary(headers: &HeaderMap) -> Option<&str> {
    let content_type = headers.get("content-type")?.to_str().ok()?;
    Some(content_type.split_once("; boundary=")?.1)
}

fn length(headers: &HeaderMap) -> usize {
    let length = headers.get("content-length");
    length.map_or(0, |length| length.to_str().unwrap().parse().unwrap())
}

fn readable(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec());
    text.unwrap_or_else(|_| Bytes::copy_from_slice(bytes).escape_ascii().to_string())
}

/// The expected text without the newline that ends every text in YAML; where the body is of
/// several parts, with its lines ended as on the wire.
fn on_the_wire(expected: &str) -> String {
    match expected.split_once("\n\n") {
        Some((head, body)) if head.contains("content-type: multipart/") => {
            format!("{head}\n\n{}", body.replace('\n', "\r\n"))
        }
        _ => expected.strip_suffix('\n').unwrap_or(expected).to_owned(),
    }
}
