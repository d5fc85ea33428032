use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::process::{Command, Stdio};

use generator::lower::{Lowered, lower};
use generator::openapi::parse;
use serde_json::{Value, json};
use tests::harness::requirement;

use crate::descriptions::descriptions;

/// Compiles each of a list of patterns, and prints those that are none. A warning counts: it
/// announces that a later Python reads the pattern in another way.
const COMPILE: &str = "
import json, re, sys, warnings
warnings.simplefilter('error')
refused = {}
for pattern in json.load(sys.stdin):
    try:
        re.compile(pattern)
    except Exception as error:
        refused[pattern] = str(error)
json.dump(refused, sys.stdout)
";

/// Keywords whose values are no schemas.
const VALUES: [&str; 5] = ["const", "default", "enum", "example", "examples"];

/// Patterns of ECMAScript that one dialect or the other reads in a way of its own.
const AWKWARD: &[&str] = &[
    r"^[|]|[||]$",
    r"^(?i:a)b$",
    r"^(?i-s:a)b$",
    r"^(?-i:a)b$",
    r"^a{0}{2}$",
    r"^[\d-x]$",
    r"^(?:^)*a$",
    r"^(?:$)+$",
    r"^(?:^){2}a$",
    r"^(^)*a$",
    r"^(?:\b)*a$",
    r"^(?:)*a$",
    r"^()*a$",
    r"^(?<n>a)(?<m>b)$",
    r"^(?<n>a)|(?<n>b)$",
    r"^[a--b]$",
    r"^[+--]$",
    r"^[!-[]$",
    r"^(a{1,900}){1,900}$",
    r"^[\cA-\cZ]$",
    r"^\u{0}\x00\0$",
    r"^[\u{10000}-\u{10ffff}]$",
    r"^\ud83d$",
    r"^\S+\B$",
    r"^a+?b*?c??d{1,2}?$",
    r"^\/\.\-$",
    r"^[\^\]\[\-\\]$",
    r"^(((((((((((((((((((((a)))))))))))))))))))))$",
    r"^[ #]x #$",
    r"^\v\f[\v\f]$",
    r"^[&&][~~][==][^&&]$",
    r"^(?=a)(?!b)(?<=)c$",
    r"^(?:(?!a))*$",
    r"^(?:a|(?=b))c$",
    r"^(?:a(?<=b))*c$",
    r"^\w{1,65536}$",
    r"^(?:a*)*$",
    r"^(?:a?){0,2}+$",
    r"^{,3}$",
    r"^a{,3}$",
    r"^a{2,1}$",
    r"^[z-a]$",
    r"^[\w-a]$",
    r"\d{4}-\d{2}(?#comment)",
    r"(?P<n>a)",
    r"(?>a)",
    r"(?(1)a|b)",
    r"\Aa\Z",
    r"^\h$",
    r"^\R$",
    r"^[[:digit:]]$",
    r"^\x{41}$",
    r"^\Qa\E$",
    "^a\n$",
    "^\u{85}[\u{2028}]$",
];

#[test]
fn awkward_patterns_are_published_so_that_every_dialect_reads_them() {
    let parameters: Vec<Value> = AWKWARD
        .iter()
        .enumerate()
        .map(|(index, pattern)| {
            let schema = json!({"type": "string", "pattern": pattern});
            json!({"name": format!("p{index}"), "in": "query", "schema": schema})
        })
        .collect();
    let description = json!({
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"get": {"parameters": parameters, "responses": {}}}},
    });
    let document = parse("api.json".as_ref(), description.to_string()).unwrap();
    let published = published(&[("awkward".to_owned(), lower(document))]);
    assert!(published.len() > 20, "{published:?}");
    let mut refused = refused_here(&published);
    if let Some(python) = requirement::require(requirement::python()) {
        refused.extend(refused_by_python(python, &published));
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn every_published_pattern_compiles_in_ecmascript_and_rust() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let published = published(descriptions(&corpus));
    println!("{} patterns", published.len());
    let refused = refused_here(&published);
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn every_published_pattern_compiles_in_python() {
    let Some(corpus) = requirement::require(requirement::corpus()) else {
        return;
    };
    let Some(python) = requirement::require(requirement::python()) else {
        return;
    };
    let refused = refused_by_python(python, &published(descriptions(&corpus)));
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

/// The patterns that are none in ECMAScript with the flag `u`, or in Rust.
fn refused_here(published: &BTreeMap<String, String>) -> Vec<String> {
    let mut refused = Vec::new();
    for (pattern, place) in published {
        if let Err(error) = regress::Regex::with_flags(pattern, "u") {
            refused.push(format!("{place}: {pattern}: ECMAScript: {error}"));
        }
        if let Err(error) = regex::Regex::new(pattern) {
            refused.push(format!("{place}: {pattern}: Rust: {error}"));
        }
    }
    refused
}

/// The patterns that are none in Python; one process compiles them all.
fn refused_by_python(python: &str, published: &BTreeMap<String, String>) -> Vec<String> {
    let patterns: BTreeSet<&String> = published.keys().collect();
    let mut child = Command::new(python)
        .args(["-c", COMPILE])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let patterns = serde_json::to_vec(&patterns).unwrap();
    child.stdin.take().unwrap().write_all(&patterns).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let refused: BTreeMap<String, String> = serde_json::from_slice(&output.stdout).unwrap();
    let reported = refused.iter();
    reported
        .map(|(pattern, error)| format!("{}: {pattern}: Python: {error}", published[pattern]))
        .collect()
}

/// Every pattern that clients are served, and a place of it.
fn published(descriptions: &[(String, Lowered)]) -> BTreeMap<String, String> {
    let mut patterns = BTreeMap::new();
    for (id, Lowered { api, .. }) in descriptions {
        for (name, definition) in &api.definitions {
            collect(&definition.json, &format!("{id}: {name}"), &mut patterns);
        }
        for operation in &api.operations {
            let input = operation.published.as_ref().unwrap_or(&operation.input);
            for schema in [input].into_iter().chain(&operation.output) {
                let place = format!("{id}: {}", operation.name);
                collect(&schema.json, &place, &mut patterns);
            }
        }
    }
    patterns
}

/// The patterns of a schema: of texts, and of names of properties.
fn collect(schema: &Value, place: &str, patterns: &mut BTreeMap<String, String>) {
    let mut add = |pattern: &str| {
        patterns
            .entry(pattern.to_owned())
            .or_insert_with(|| place.to_owned());
    };
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(pattern)) = members.get("pattern") {
                add(pattern);
            }
            if let Some(Value::Object(properties)) = members.get("patternProperties") {
                properties.keys().for_each(|pattern| add(pattern));
            }
            for (keyword, member) in members {
                if !VALUES.contains(&keyword.as_str()) || member.is_object() {
                    collect(member, place, patterns);
                }
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, place, patterns);
            }
        }
        _ => {}
    }
}
