use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use generator::inspect::{Inspection, Parameter};
use generator::lower::Lowered;
use generator::openapi::read;
use serde_json::{Value, json};
use tests::harness::requirement;

use crate::descriptions::{descriptions, parsed};

/// What a parameter says of how it is written, read from the description alone.
#[test]
fn styles_are_those_that_the_descriptions_say() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let index = parsed(&corpus.join("corpus.dev.json"));
    let mut differences = Vec::new();
    for (id, Lowered { api, .. }) in descriptions(&corpus) {
        let mut entries = index.as_array().unwrap().iter();
        let entry = entries.find(|entry| entry["id"] == id.as_str()).unwrap();
        let file = corpus
            .join("corpus")
            .join(id)
            .join(entry["entry"].as_str().unwrap());
        let root = description(&file, entry["files_reached"] == 1);
        let mut compared = 0;
        for tool in Inspection::new(api, Vec::new()).tools {
            let declared = declared(&root, &tool.path, &tool.method);
            for found in tool.parameters.iter().filter(|one| one.location != "body") {
                // Undeclared places in the path are compared elsewhere.
                let Some(parameter) =
                    declared.get(&(found.location.to_owned(), found.name.clone()))
                else {
                    continue;
                };
                compared += 1;
                let (expected, found) = (expected(parameter), reported(found));
                if expected != found {
                    differences.push(format!(
                        "{id}: {} {}: {parameter}\n  expected {expected}, found {found}",
                        tool.method, tool.path
                    ));
                }
            }
        }
        println!("{id}: {compared} parameters");
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// A description of one file as a parser of others reads it; one of many, put together.
fn description(file: &Path, alone: bool) -> Value {
    if !alone {
        return read(file).unwrap().value().clone();
    }
    let text = fs::read_to_string(file).unwrap();
    if file
        .extension()
        .is_some_and(|extension| extension == "json")
    {
        return serde_json::from_str(&text).unwrap();
    }
    read(file).unwrap().value().clone()
}

/// The parameters of an operation by place and name; its own before those of its path.
fn declared<'d>(
    root: &'d Value,
    path: &str,
    method: &str,
) -> BTreeMap<(String, String), &'d Value> {
    let item = followed(root, &root["paths"][path]);
    let operation = match &item[method.to_ascii_lowercase()] {
        Value::Null => &item["additionalOperations"][method],
        operation => operation,
    };
    let lists = [item, followed(root, operation)];
    let all = lists.iter().filter_map(|one| one["parameters"].as_array());
    all.flatten()
        .map(|parameter| {
            let parameter = followed(root, parameter);
            let text = |field: &str| parameter[field].as_str().unwrap_or_default().to_owned();
            ((text("in"), text("name")), parameter)
        })
        .collect()
}

fn followed<'d>(root: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'))
    {
        Some(pointer) => {
            let pointer = pointer.replace("%7B", "{").replace("%7D", "}");
            followed(root, root.pointer(&pointer).unwrap())
        }
        None => value,
    }
}

/// Parameter Object: `style`, `explode` and `content`; in Swagger 2.0 `collectionFormat`.
fn expected(parameter: &Value) -> Value {
    if let Some(content) = parameter["content"].as_object() {
        return json!({"content": content.keys().next()});
    }
    let is_form = matches!(parameter["in"].as_str(), Some("query" | "cookie"));
    let plain = if is_form { "form" } else { "simple" };
    let list = |style: &str, explode: bool| json!({"style": style, "explode": explode});
    if parameter["type"] == "array" && parameter.get("schema").is_none() {
        return match parameter["collectionFormat"].as_str() {
            None | Some("csv") => list(plain, false),
            Some("ssv") => list("spaceDelimited", false),
            Some("tsv") => list("tabDelimited", false),
            Some("pipes") => list("pipeDelimited", false),
            Some("multi") => list("form", true),
            Some(other) => panic!("{other}"),
        };
    }
    let style = parameter["style"].as_str().unwrap_or(plain);
    let exploded = match style {
        "deepObject" => true,
        _ => parameter["explode"]
            .as_bool()
            .unwrap_or(matches!(style, "form" | "cookie")),
    };
    // Not allowed there; read as what it means.
    let style = match style {
        "simple" if is_form => "form",
        style => style,
    };
    list(style, exploded)
}

fn reported(parameter: &Parameter) -> Value {
    match &parameter.content {
        Some(content) => json!({"content": content}),
        None => json!({"style": parameter.style, "explode": parameter.explode}),
    }
}
