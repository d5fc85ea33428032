//! Pairs of small descriptions, and their differences as lines.

use std::path::Path;

use generator::diff::{Change, Diff};
use generator::lower::{Lowered, Outputs, Settings, lower_with};
use generator::openapi::parse;

fn lowered(text: &str) -> Lowered {
    let document = parse(Path::new("api.yaml"), text.to_owned());
    let document = document.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let settings = Settings {
        outputs: Outputs::Declared,
        ..Settings::default()
    };
    lower_with(document, &settings)
}

/// The differences of two descriptions.
pub(crate) fn diff(old: &str, new: &str) -> Diff {
    let (old, new) = (lowered(old), lowered(new));
    for side in [&old, &new] {
        assert!(!side.api.operations.is_empty(), "{:?}", side.diagnostics);
    }
    Diff::new((&old.api, old.diagnostics), (&new.api, new.diagnostics))
}

/// A change as one line: `!` where it breaks callers, kind, tool, argument, message.
pub(crate) fn line(change: &Change) -> String {
    let mark = if change.breaking { "!" } else { "" };
    let argument = change.argument.as_deref();
    let argument = argument.map(|name| format!(" {name}")).unwrap_or_default();
    let (kind, tool, message) = (change.kind, &change.tool, &change.message);
    format!("{mark}{kind} {tool}{argument}: {message}")
}

/// The differences as lines, with the verdict at the end.
pub(crate) fn lines(diff: &Diff) -> Vec<String> {
    let changes = diff.changes.iter().map(line);
    changes.chain([diff.verdict().to_string()]).collect()
}

/// Checks that two descriptions differ by exactly one line, with its verdict.
pub(crate) fn assert_one(old: &str, new: &str, expected: &str, verdict: &str) {
    assert_eq!(
        lines(&diff(old, new)),
        [expected, verdict],
        "\n--- old\n{old}\n--- new\n{new}"
    );
}

/// Checks that two descriptions do not differ for the users of their tools.
pub(crate) fn assert_none(old: &str, new: &str) {
    let found = lines(&diff(old, new));
    assert_eq!(found, ["none"], "\n--- old\n{old}\n--- new\n{new}");
}

/// A description with these members beside `info`, in the flow style of YAML.
pub(crate) fn described(version: &str, members: &str) -> String {
    format!("{{openapi: {version}, info: {{title: t, version: '1'}}, {members}}}")
}

/// A description of one operation with these fields: `GET /pets`, called `list_pets`.
pub(crate) fn read(fields: &str) -> String {
    let paths = format!("paths: {{/pets: {{get: {{operationId: list_pets, {fields}}}}}}}");
    described("3.1.0", &paths)
}

/// A description of one operation with these fields: `POST /pets`, called `add_pet`.
pub(crate) fn write(fields: &str) -> String {
    let paths = format!("paths: {{/pets: {{post: {{operationId: add_pet, {fields}}}}}}}");
    described("3.1.0", &paths)
}

/// A description of an operation with a JSON body of this schema.
pub(crate) fn body(schema: &str) -> String {
    let content = format!("{{application/json: {{schema: {schema}}}}}");
    write(&format!(
        "requestBody: {{required: true, content: {content}}}"
    ))
}

/// A description of an operation with a query parameter `p` of this schema.
pub(crate) fn parameter(version: &str, schema: &str) -> String {
    let parameters = format!("parameters: [{{name: p, in: query, schema: {schema}}}]");
    let paths = format!("paths: {{/pets: {{get: {{operationId: list_pets, {parameters}}}}}}}");
    described(version, &paths)
}

/// A description of an operation that answers with JSON of this schema.
pub(crate) fn answer(schema: &str) -> String {
    let content = format!("{{application/json: {{schema: {schema}}}}}");
    read(&format!(
        "responses: {{'200': {{description: d, content: {content}}}}}"
    ))
}
