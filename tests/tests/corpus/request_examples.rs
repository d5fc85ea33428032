use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use descriptors::catalogue;
use generator::ir::{Api, Content, Operation};
use generator::lower::Lowered;
use generator::openapi::read;
use runtime::config::{Auth, Config};
use serde_json::{Map, Value};
use tests::harness::client::{Client, Revision};
use tests::harness::{requirement, server};

use crate::descriptions::{descriptions, parsed};
use crate::main_call::Sampling;
use crate::published::with_definitions;

/// Has the test record what it finds.
const UPDATE: &str = "UPDATE_EXAMPLES";

/// Every tool of the corpus is called with the request examples of its description, and one without any
/// with a call that is made up. What is refused is recorded with the reason: an example may be wrong.
#[tokio::test]
async fn request_examples_are_accepted_or_listed_with_the_reason() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let index = parsed(&corpus.join("corpus.dev.json"));
    let mut refused = String::new();
    let (mut accepted, mut calls) = (0, 0);
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let mut entries = index.as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["id"] == id.as_str()).unwrap();
        let entry = entry["entry"].as_str().unwrap();
        let document = read(&corpus.join("corpus").join(id).join(entry)).unwrap();
        let samples = samples(document.value(), api);
        if samples.is_empty() {
            continue;
        }
        let mut config = Config::default();
        config.server.auth = Auth::None;
        config.server.mock = true;
        config.upstream.workspace = Some("w".to_owned());
        let server = server::serve(catalogue("examples", api), config)
            .await
            .unwrap();
        let client = Client::new(server.url().clone(), Revision::V2026_07_28);
        let mut of_this = 0;
        for Sample { tool, name, ways } in samples {
            calls += 1;
            let mut first = None;
            for arguments in ways {
                let result = client.call(&tool, arguments).await.unwrap();
                if result["isError"] != true {
                    first = None;
                    accepted += 1;
                    of_this += 1;
                    break;
                }
                first.get_or_insert_with(|| reason(&result));
            }
            if let Some(reason) = first {
                writeln!(refused, "{id} {tool} {name}: {reason}").unwrap();
            }
        }
        println!("{id}: {of_this} accepted");
    }
    println!("{accepted} of {calls} calls are accepted");
    // The largest inputs of the corpus whose arguments are compositions of compositions.
    for tool in ["klaviyo create_flow ", "klaviyo create_form "] {
        assert!(!refused.contains(tool), "{refused}");
    }
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/refused_examples.txt");
    if env::var_os(UPDATE).is_some() {
        fs::write(record, refused).unwrap();
        return;
    }
    let recorded = fs::read_to_string(record).unwrap();
    let lines = |text: &str| {
        text.lines()
            .map(str::to_owned)
            .collect::<BTreeSet<String>>()
    };
    let (found, recorded) = (lines(&refused), lines(&recorded));
    let new: Vec<&String> = found.difference(&recorded).collect();
    let gone: Vec<&String> = recorded.difference(&found).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "examples that are refused now: {new:#?}\nand that are no longer: {gone:#?}\n\
         {UPDATE}=1 records what is intended"
    );
}

fn reason(result: &Value) -> String {
    let text = result["content"][0]["text"].as_str().unwrap();
    let reported: Value = serde_json::from_str(text).unwrap_or_default();
    let text = reported["error"]["message"].as_str().unwrap_or(text);
    let text = text.trim_start_matches("The arguments do not fit the tool's input schema; ");
    let text = text.trim_start_matches("nothing was sent. ");
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(240).collect()
}

/// One call.
struct Sample {
    tool: String,
    /// What the example is called.
    name: String,
    /// The arguments; several for a call that is made up, one of which has to be accepted.
    ways: Vec<Map<String, Value>>,
}

/// How many ways through the alternatives of a schema are tried.
const WAYS: usize = 8;

/// The request examples of a description, as arguments of its tools. A tool without one is called with
/// what is required, made of the examples and values of single arguments.
fn samples(document: &Value, api: &Api) -> Vec<Sample> {
    let mut samples = Vec::new();
    for operation in &api.operations {
        let before = samples.len();
        let Some(body) = &operation.request_body else {
            samples.push(made(operation, api));
            continue;
        };
        let declared = &document["paths"][&operation.path][operation.method.to_lowercase()];
        let declared = followed(document, &declared["requestBody"]);
        let media_type = body.media_types.first().map_or("", String::as_str);
        let media = followed(document, &declared["content"][media_type]);
        for (name, example) in examples(document, media) {
            let example = match media_type.contains("json") {
                true => lines(example),
                false => example.clone(),
            };
            if let Some(arguments) = arguments(operation, api, &example) {
                samples.push(Sample {
                    tool: operation.name.clone(),
                    name,
                    ways: vec![arguments],
                });
            }
        }
        if samples.len() == before {
            samples.push(made(operation, api));
        }
    }
    samples
}

/// A call with what is required.
fn made(operation: &Operation, api: &Api) -> Sample {
    let input = with_definitions(&operation.input, api);
    let ways = (0..WAYS).filter_map(|way| {
        let sampling = Sampling { root: &input, way };
        sampling.value(&input).as_object().cloned()
    });
    let mut ways: Vec<_> = ways.collect();
    ways.dedup();
    Sample {
        tool: operation.name.clone(),
        name: "(made)".to_owned(),
        ways,
    }
}

/// An example of lines of JSON is their text, or a list of their texts.
fn lines(example: &Value) -> Value {
    let texts: Vec<&str> = match example {
        Value::String(text) => text.lines().collect(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let texts = texts.into_iter().filter(|text| !text.trim().is_empty());
    let values: Result<Vec<Value>, _> = texts.map(serde_json::from_str).collect();
    match values {
        Ok(values) if !values.is_empty() && values.iter().all(Value::is_object) => values.into(),
        _ => example.clone(),
    }
}

fn examples<'d>(document: &'d Value, media: &'d Value) -> BTreeMap<String, &'d Value> {
    let mut found = BTreeMap::new();
    if let Some(example) = media.get("example") {
        found.insert("example".to_owned(), example);
    }
    for (name, example) in media["examples"].as_object().into_iter().flatten() {
        let example = followed(document, example);
        if let Some(value) = example.get("value").or_else(|| example.get("dataValue")) {
            found.insert(name.replace(char::is_whitespace, "_"), value);
        }
    }
    if let Some(example) = followed(document, &media["schema"]).get("example") {
        found.insert("schema".to_owned(), example);
    }
    found
}

fn followed<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let mut value = value;
    for _ in 0..16 {
        let Some(reference) = value["$ref"].as_str() else {
            break;
        };
        let pointer = reference.trim_start_matches('#');
        let Some(target) = document.pointer(pointer) else {
            break;
        };
        value = target;
    }
    value
}

/// The arguments that an example of the body comes to, beside made ones for what else is required.
fn arguments(operation: &Operation, api: &Api, example: &Value) -> Option<Map<String, Value>> {
    let input = with_definitions(&operation.input, api);
    let sampling = Sampling {
        root: &input,
        way: 0,
    };
    let mut arguments = Map::new();
    for parameter in &operation.parameters {
        if parameter.required && parameter.bind.is_none() {
            let schema = &input["properties"][&parameter.argument];
            arguments.insert(parameter.argument.clone(), sampling.value(schema));
        }
    }
    match &operation.request_body.as_ref()?.content {
        Content::Argument(argument, _) | Content::Members(argument, _) => {
            arguments.insert(argument.clone(), example.clone());
        }
        Content::Properties(properties) => {
            for (name, value) in example.as_object()? {
                let property = properties.iter().find(|one| one.name == *name);
                let argument = property.map_or(name, |property| &property.argument);
                arguments.insert(argument.clone(), value.clone());
            }
        }
    }
    Some(arguments)
}
