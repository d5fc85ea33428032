use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use bytes::Bytes;
use descriptors::catalogue;
use futures_util::StreamExt;
use futures_util::stream;
use generator::lower::lower;
use generator::openapi::read;
use http::StatusCode;
use jsonschema::Validator;
use runtime::config::{Auth, Config};
use serde_json::{Map, Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::recorder::{Recorder, Reply};
use tests::harness::{requirement, server};

use crate::sample::Sampler;
use crate::view::{Answer, Sent, missing};

/// How many failures are shown.
const SHOWN: usize = 20;
/// How many media types of the first response are answered; of the others, it is one.
const MEDIA_TYPES: usize = 2;
/// How many tools are called at once.
const AT_ONCE: usize = 16;

/// Every tool of the corpus is answered as each of its declared responses of success says, and
/// otherwise: nothing is in one view only. The tools take no arguments here, since what they send
/// is not looked at.
#[tokio::test(flavor = "multi_thread")]
async fn answers_are_complete_in_both_views_whatever_the_description_declares() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let started = Instant::now();
    let index = std::fs::read_to_string(corpus.join("corpus.dev.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let mut tally = Tally::default();
    for entry in index.as_array().unwrap() {
        let text = |field: &str| entry[field].as_str().unwrap();
        let file = corpus.join("corpus").join(text("id")).join(text("entry"));
        let before = tally.calls;
        answered(text("id"), &file, &mut tally).await;
        println!("{}: {} answers", text("id"), tally.calls - before);
    }
    let Tally {
        calls,
        unfit,
        notes,
        failures,
    } = tally;
    println!(
        "{calls} answers in {:?}, {unfit} of which do not fit, {notes} header fields; {} failures",
        started.elapsed(),
        failures.len()
    );
    let shown = failures.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        shown.join("\n")
    );
    assert!(
        calls > 10_000 && unfit > 1000 && notes > 1000,
        "{calls} {unfit} {notes}"
    );
}

#[derive(Default)]
struct Tally {
    calls: usize,
    unfit: usize,
    notes: usize,
    failures: Vec<String>,
}

/// Calls each tool of a description once for each of its answers.
async fn answered(id: &str, file: &Path, tally: &mut Tally) {
    let text = std::fs::read_to_string(file).unwrap();
    let document: Value = match text.trim_start().starts_with('{') {
        true => serde_json::from_str(&text).unwrap(),
        false => serde_saphyr::from_str(&text).unwrap(),
    };
    let mut api = lower(read(file).unwrap()).api;
    let recorder = Recorder::start().await.unwrap();
    api.security_schemes.clear();
    let mut sampler = Sampler {
        document: &document,
        made: 0,
    };
    let definitions = api.definitions.iter();
    let definitions = definitions.map(|(name, schema)| (name.clone(), schema.json.clone()));
    let definitions: Value = definitions.collect();
    let mut answers = Vec::new();
    for (index, operation) in api.operations.iter_mut().enumerate() {
        let node = &document["paths"][&operation.path][operation.method.to_ascii_lowercase()];
        let mut made = answers_of(&mut sampler, node, operation.method == "HEAD", index);
        // The responses of a description of many files are elsewhere; its output schemas are here.
        if let ([_], Some(output)) = (made.as_slice(), &operation.output) {
            let mut schema = output.json.clone();
            schema["$defs"] = definitions.clone();
            made.extend(answers_of_schema(&schema, sampler.made));
        }
        operation.path = format!("/{index}");
        operation.parameters.clear();
        operation.request_body = None;
        operation.security.clear();
        operation.servers.clear();
        operation.published = None;
        operation.input.json = json!({"type": "object", "additionalProperties": false});
        operation.input.definitions.clear();
        answers.push((operation.name.clone(), operation.path.clone(), made));
    }
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(recorder.url().clone());
    let server = server::serve(catalogue(id, &api), config).await.unwrap();
    let client = Client::new(server.url().clone(), Revision::V2025_11_25);
    let tools = client.tools().await.unwrap();
    let validators: HashMap<&str, Validator> = tools
        .iter()
        .filter_map(|tool| Some((tool["name"].as_str()?, tool.get("outputSchema")?)))
        .map(|(name, schema)| (name, jsonschema::validator_for(schema).unwrap()))
        .collect();
    let (recorder, client, validators) = (&recorder, &client, &validators);
    let calls = answers.iter().map(|(name, path, answers)| async move {
        let mut outcomes = Vec::new();
        for answer in answers {
            recorder.answer_at(path, answer.reply.clone());
            let result = client.call(name, Map::new()).await.unwrap();
            let missing = missing(answer, validators.get(name.as_str()), &result);
            outcomes.push((missing, result));
        }
        (name, answers, outcomes)
    });
    let mut calls = stream::iter(calls).buffer_unordered(AT_ONCE);
    while let Some((name, answers, outcomes)) = calls.next().await {
        for (answer, (missing, result)) in answers.iter().zip(outcomes) {
            tally.calls += 1;
            tally.notes += answer.fields.len();
            let unfit = &result["structuredContent"]["_notes"]["not_as_described"];
            tally.unfit += usize::from(!unfit.is_null());
            if !missing.is_empty() {
                let reply = &answer.reply;
                tally
                    .failures
                    .push(format!("{id} {name}: {missing:?}\n  {reply:?}\n  {result}"));
            }
        }
    }
}

/// The answers of an operation: for each declared response of success and each of its media types
/// one, and one that does not fit.
fn answers_of<'d>(
    sampler: &mut Sampler<'d>,
    operation: &'d Value,
    is_head: bool,
    index: usize,
) -> Vec<Answer> {
    let mut answers = Vec::new();
    let responses = operation["responses"].as_object().into_iter().flatten();
    let mut last = json!({"a": sampler.text()});
    for (status, response) in responses {
        let status = match status.to_ascii_uppercase().as_str() {
            "2XX" => 200,
            // The other responses of 2xx are informational or made by other methods.
            status => status.parse().unwrap_or(0),
        };
        if !(200..300).contains(&status) || is_head {
            continue;
        }
        let status = StatusCode::from_u16(status).unwrap();
        let response = sampler.resolved(response);
        let contents = contents(sampler.document, operation, response);
        if contents.is_empty() || status == StatusCode::NO_CONTENT {
            let reply = Reply::new(status, "", Bytes::new());
            answers.push(answer(sampler, response, reply, Sent::Nothing));
            continue;
        }
        let most = if answers.is_empty() { MEDIA_TYPES } else { 1 };
        for (media_type, schema) in contents.into_iter().take(most) {
            let value = sampler.value(schema, 0);
            let (reply, sent) = body(sampler, status, media_type, &value);
            last = value;
            answers.push(answer(sampler, response, reply, sent));
        }
    }
    let (media_type, sent, body) = match index % 8 {
        0 => (
            "text/plain",
            Sent::Text("no JSON".to_owned()),
            Bytes::from("no JSON"),
        ),
        1 => ("image/png", Sent::Media(PNG), PNG),
        2 => ("", Sent::Nothing, Bytes::new()),
        _ => {
            let mut value = sampler.bent(last);
            if let (Value::Object(value), true) = (&mut value, index.is_multiple_of(5)) {
                value.insert("_notes".to_owned(), Value::from(sampler.text()));
            }
            let text = value.to_string();
            ("application/json", Sent::Json(value), Bytes::from(text))
        }
    };
    let (sent, body) = match is_head {
        true => (Sent::Nothing, Bytes::new()),
        false => (sent, body),
    };
    let status = [StatusCode::OK, StatusCode::CREATED, StatusCode::ACCEPTED][index % 3];
    let reply = Reply::new(status, media_type, body);
    let mut odd = answer(sampler, &Value::Null, reply, sent);
    let fields = [
        ("etag", "\"1\""),
        ("location", "/jobs/1?a=b"),
        ("retry-after", "7"),
        ("x-total-count", "17"),
        ("content-disposition", "attachment; filename=\"a b.csv\""),
        ("link", "</x?unknown=1>; rel=\"next\""),
    ];
    let (name, value) = fields[index % fields.len()];
    odd.reply.headers.push((name.to_owned(), value.to_owned()));
    odd.fields.push((name.to_owned(), value.to_owned()));
    answers.push(odd);
    answers
}

/// An answer that fits an output schema, and one that does not.
fn answers_of_schema(schema: &Value, made: u64) -> Vec<Answer> {
    let mut sampler = Sampler {
        document: schema,
        made,
    };
    let mut value = sampler.value(schema, 0);
    if let Value::Object(members) = &mut value {
        members.shift_remove("_notes");
    }
    let bent = sampler.bent(value.clone());
    let answers = [value, bent].map(|value| {
        let (reply, sent) = body(&mut sampler, StatusCode::OK, "application/json", &value);
        answer(&mut sampler, &Value::Null, reply, sent)
    });
    answers.into()
}

const PNG: Bytes = Bytes::from_static(b"\x89PNG\r\n\x1a\n\x00\xff");

/// The media types of a response with their schemas.
fn contents<'d>(
    document: &'d Value,
    operation: &'d Value,
    response: &'d Value,
) -> Vec<(&'d str, &'d Value)> {
    if let Some(contents) = response["content"].as_object() {
        let contents = contents.iter();
        return contents
            .map(|(name, it)| (name.as_str(), &it["schema"]))
            .collect();
    }
    let Some(schema) = response.get("schema") else {
        return Vec::new();
    };
    let produces = operation["produces"]
        .as_array()
        .or(document["produces"].as_array());
    let produces = produces.into_iter().flatten().filter_map(Value::as_str);
    let mut contents: Vec<_> = produces.map(|name| (name, schema)).collect();
    if contents.is_empty() {
        contents.push(("application/json", schema));
    }
    contents
}

/// An answer of a media type.
fn body(
    sampler: &mut Sampler,
    status: StatusCode,
    media_type: &str,
    value: &Value,
) -> (Reply, Sent) {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is_lines = ["jsonl", "ndjson", "json-seq"];
    let is_lines = is_lines.iter().any(|it| essence.contains(it));
    let (concrete, sent, body) = if essence.ends_with("json") && !is_lines {
        let text = value.to_string();
        (essence, Sent::Json(value.clone()), Bytes::from(text))
    } else if is_lines || essence == "text/event-stream" {
        let parts = vec![sampler.text(), sampler.text()];
        let lines = parts.iter().map(|part| match is_lines {
            true => format!("{}\n", json!({ "a": part })),
            false => format!("data: {}\n\n", json!({ "a": part })),
        });
        let text: String = lines.collect();
        (essence, Sent::Items(parts), Bytes::from(text))
    } else if essence.starts_with("text/") || essence.ends_with("xml") || essence.ends_with("yaml")
    {
        let text = format!("a: {}", sampler.text());
        let concrete = if essence == "text/*" {
            "text/plain"
        } else {
            essence
        };
        (concrete, Sent::Text(text.clone()), Bytes::from(text))
    } else {
        let concrete = match essence {
            "image/*" => "image/png",
            other if other.contains('*') => "application/octet-stream",
            other => other,
        };
        (concrete, Sent::Media(PNG), PNG)
    };
    (Reply::new(status, concrete, body), sent)
}

/// An answer with the header fields that its response declares.
fn answer(sampler: &mut Sampler, response: &Value, mut reply: Reply, sent: Sent) -> Answer {
    let mut fields = Vec::new();
    for name in response["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|it| it.0)
    {
        let name = name.to_ascii_lowercase();
        let value = sampler.text();
        if !says_nothing(&name) {
            reply.headers.push((name.clone(), value.clone()));
            fields.push((name, value));
        }
    }
    Answer {
        reply,
        sent,
        fields,
    }
}

/// Whether a header field is about the message, about limits, or an id for a log.
fn says_nothing(name: &str) -> bool {
    let is_of_the_message = [
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "set-cookie",
        "strict-transport-security",
        "transfer-encoding",
        "vary",
    ];
    is_of_the_message.contains(&name)
        || name.contains("ratelimit")
        || name.contains("rate-limit")
        || name.ends_with("request-id")
        || name.starts_with("access-control-")
        || name.contains(' ')
}
