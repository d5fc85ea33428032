//! Tiny descriptions, and what becomes of them.

use std::path::Path;

use generator::diagnostic::Diagnostic;
use generator::ir::{Operation, Parameter, Property};
use generator::lower::{Lowered, lower};
use generator::openapi::parse;
use serde_json::Value;

/// A whole description, lowered.
pub(crate) fn lowered(text: &str) -> Lowered {
    let read = parse(Path::new("api.yaml"), text.to_owned());
    lower(read.unwrap_or_else(|error| panic!("{error}")))
}

/// A description of the version, with these paths and what follows them.
pub(crate) fn described(version: &str, paths: &str) -> Lowered {
    lowered(&format!(
        "openapi: {version}\ninfo: {{title: t, version: '1'}}\npaths:\n{paths}"
    ))
}

/// The one operation `POST /x` with these fields; `parts` are the members beside `paths`.
pub(crate) fn operation(version: &str, fields: &str, parts: &str) -> (Operation, Vec<Diagnostic>) {
    let fields: String = fields
        .trim()
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    let fields = if fields.trim().is_empty() {
        "      {}\n"
    } else {
        &fields
    };
    let lowered = described(version, &format!("  /x:\n    post:\n{fields}{parts}"));
    let mut operations = lowered.api.operations;
    assert_eq!(operations.len(), 1, "{:?}", lowered.diagnostics);
    (operations.remove(0), lowered.diagnostics)
}

/// A schema of the version, as it is published for the query parameter `p`.
pub(crate) fn schema(version: &str, schema: &str) -> (Value, Vec<Diagnostic>) {
    let fields = format!("parameters: [{{name: p, in: query, schema: {schema}}}]");
    let (operation, diagnostics) = operation(version, &fields, "");
    (operation.input.json["properties"]["p"].clone(), diagnostics)
}

/// A schema with components, which are written beside it.
pub(crate) fn schema_with(version: &str, schema: &str, components: &str) -> (Lowered, Value) {
    let lowered = described(
        version,
        &format!(
            "  /x:\n    get:\n      parameters: [{{name: p, in: query, schema: {schema}}}]\n\
             components:\n  schemas:\n{components}"
        ),
    );
    let published = lowered.api.operations[0].input.json["properties"]["p"].clone();
    (lowered, published)
}

pub(crate) fn parameter<'o>(operation: &'o Operation, name: &str) -> &'o Parameter {
    operation
        .parameters
        .iter()
        .find(|parameter| parameter.name == name)
        .unwrap()
}

pub(crate) fn properties(operation: &Operation) -> &[Property] {
    match &operation.request_body.as_ref().unwrap().content {
        generator::ir::Content::Properties(properties) => properties,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn messages(diagnostics: &[Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|found| format!("{} {}\n", found.pointer, found.message))
        .collect()
}
