//! Judges what becomes of a description: the crate's files, and what clients are shown.

use std::collections::BTreeSet;

use generator::emit::{self, File, Package, Runtime};
use generator::ir::{Api, Operation, Schema};
use jsonschema::Draft;
use jsonschema::error::ValidationErrorKind;
use proc_macro2::{TokenStream, TokenTree};
use regress::Regex;
use serde_json::{Map, Value};

use crate::words::MARKER;

/// The most bytes that the definition of a tool takes.
const MAX_DEFINITION: usize = 24_000;

/// Holds the crate of an API against what every crate has to be.
///
/// # Panics
/// Where it is not.
pub fn check(api: &Api) {
    let mut names = BTreeSet::new();
    for operation in &api.operations {
        assert!(names.insert(&operation.name), "{} twice", operation.name);
        tool(api, operation);
    }
    let package = Package {
        name: "fuzzed".to_owned(),
        command: "generator api.json".to_owned(),
        regenerate: "api.json .".to_owned(),
        runtime: Runtime::Path("../runtime".into()),
        workspace_root: true,
        build_context: None,
        profiles: String::new(),
        lock: None,
    };
    let files = emit::emit(api, &package).expect("a crate");
    for file in &files {
        self::file(file);
    }
}

fn tool(api: &Api, operation: &Operation) {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let name = operation.name.as_str();
    assert!(
        (1..=64).contains(&name.len()) && name.chars().all(fits),
        "the name {name:?}"
    );
    let published = operation.published.as_ref().unwrap_or(&operation.input);
    let shown = whole(api, published);
    for argument in shown["properties"].as_object().into_iter().flatten() {
        let fits = |c: char| fits(c) || c == '.';
        let (name, _) = argument;
        assert!(
            (1..=64).contains(&name.len()) && name.chars().all(fits),
            "the argument {name:?}"
        );
    }
    let size = shown.to_string().len();
    assert!(size <= MAX_DEFINITION, "{name} takes {size} bytes");
    for schema in [
        Some(&operation.input),
        Some(published),
        operation.output.as_ref(),
    ] {
        let Some(schema) = schema else { continue };
        let schema = whole(api, schema);
        assert_eq!(schema["type"], "object", "the root of {name}");
        compiles(name, schema);
    }
}

/// Holds a schema against JSON Schema 2020-12. A pattern that the validator cannot read is left out, as
/// the server leaves it out; it is one of ECMA-262 all the same.
fn compiles(name: &str, mut schema: Value) {
    loop {
        let options = jsonschema::options().with_draft(Draft::Draft202012);
        let Err(error) = options.build(&schema) else {
            return;
        };
        let unread = match error.kind() {
            ValidationErrorKind::Format { format } if format == "regex" => {
                error.instance().as_str()
            }
            _ => None,
        };
        let Some(unread) = unread.map(str::to_owned) else {
            panic!("a schema of {name}: {error}: {schema}");
        };
        drop(error);
        let ecma = Regex::with_flags(&unread, "u");
        assert!(ecma.is_ok(), "a pattern of {name}: {unread}");
        assert!(
            leave_out(&mut schema, &unread),
            "no pattern of {name}: {unread}"
        );
    }
}

/// Removes a pattern from every place. Returns whether there was one.
fn leave_out(schema: &mut Value, pattern: &str) -> bool {
    let mut found = false;
    match schema {
        Value::Array(items) => {
            for item in items {
                found |= leave_out(item, pattern);
            }
        }
        Value::Object(members) => {
            if members.get("pattern").and_then(Value::as_str) == Some(pattern) {
                members.shift_remove("pattern");
                found = true;
            }
            if let Some(Value::Object(properties)) = members.get_mut("patternProperties") {
                found |= properties.shift_remove(pattern).is_some();
            }
            for member in members.values_mut() {
                found |= leave_out(member, pattern);
            }
        }
        _ => {}
    }
    found
}

/// A schema with all definitions it reaches.
fn whole(api: &Api, schema: &Schema) -> Value {
    let mut definitions = Map::new();
    let mut waiting: Vec<&String> = schema.definitions.iter().collect();
    while let Some(name) = waiting.pop() {
        if definitions.contains_key(name) {
            continue;
        }
        let definition = api
            .definitions
            .get(name)
            .expect("a definition that is named");
        definitions.insert(name.clone(), definition.json.clone());
        waiting.extend(&definition.definitions);
    }
    let mut whole = schema.json.clone();
    if let (Value::Object(members), false) = (&mut whole, definitions.is_empty()) {
        members.insert("$defs".to_owned(), Value::Object(definitions));
    }
    whole
}

fn file(file: &File) {
    let (path, text) = (file.path.as_str(), file.contents.as_str());
    assert!(
        !path.starts_with('/') && path.split('/').all(|part| !matches!(part, "" | "." | "..")),
        "the path {path:?}"
    );
    let hidden = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(
        !text.contains(hidden),
        "{path} has hidden characters: {text}"
    );
    if path.ends_with(".rs") {
        let tokens: TokenStream = text.parse().expect("tokens");
        syn::parse2::<syn::File>(tokens.clone()).unwrap_or_else(|error| panic!("{path}: {error}"));
        code(tokens, path);
    } else if path.ends_with(".toml") {
        let table: toml::Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        keys(&toml::Value::Table(table), path);
    }
    // What is no comment in a Dockerfile is an instruction.
    if path == "Dockerfile" {
        assert!(!text.contains(MARKER), "{text}");
    }
}

/// Descriptions are in literals only, of which doc comments are one kind.
fn code(tokens: TokenStream, path: &str) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => code(group.stream(), path),
            TokenTree::Ident(ident) => assert_ne!(ident.to_string(), MARKER, "in {path}"),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn keys(value: &toml::Value, path: &str) {
    for (key, value) in value.as_table().into_iter().flatten() {
        assert!(!key.contains(MARKER), "{path} has the key {key:?}");
        keys(value, path);
    }
}
