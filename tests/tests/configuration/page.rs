//! `docs/configuration.md` and `connector.example.toml`, made from the source of the sections.

use std::fmt::Write as _;
use std::path::Path;

use runtime::config::Config;
use toml::{Table as Toml, Value};

use crate::source::{Key, Kind, Source, Table};

/// A value for every key.
pub(crate) const EXAMPLES: &str = include_str!("every_key.toml");
/// The required keys of tables that are missing by default.
const REQUIRED: &str = include_str!("required_keys.toml");

const INTRODUCTION: &str = "\
# Configuration

The server reads `connector.toml` in its current directory, or the file that `--config` or
`DRAWBRIDGE_CONFIG` names. An environment variable takes the place of a setting in the file, and an
option of the command line takes the place of both. An unknown key is an error.

`config check` reads all of them, checks them against the description of the API, and prints the
settings in force, without secrets.

A secret is written as a text, as `{ env = \"NAME\" }` (the value of an environment variable) or as
`{ file = \"PATH\" }` (the content of a file, without the line end).

This page is generated from the source: `UPDATE_DOCS=1 cargo test -p tests --test configuration`.
";

const INTRODUCTION_OF_EXAMPLE: &str = "\
# Every setting of connector.toml, each with an example. Copy what you need, without the first #;
# a setting that is not written has its default. Text behind `# ` explains.
";

/// Writes the page.
pub(crate) fn page() -> String {
    let page = Page::read();
    let mut text = INTRODUCTION.to_owned();
    let root = page.source.table("Config").unwrap();
    for section in &root.keys {
        page.table(&mut text, &section.name, section);
    }
    text
}

/// Writes the example file: `#` before each setting, and `# ` before each line about it.
pub(crate) fn example() -> String {
    let page = Page::read();
    let mut text = INTRODUCTION_OF_EXAMPLE.to_owned();
    let root = page.source.table("Config").unwrap();
    for section in &root.keys {
        page.example_table(&mut text, &section.name, section);
    }
    text
}

/// The keys of the page: every one that the file may have.
pub(crate) fn keys(value: &Toml, path: &str, found: &mut Vec<String>) {
    for (name, value) in value {
        let key = match path {
            "" => name.clone(),
            path => format!("{path}.{name}"),
        };
        if let Value::Table(table) = value {
            keys(table, &key, found);
        }
        found.push(key);
    }
}

struct Page {
    source: Source,
    examples: Toml,
    defaults: Toml,
    defaults_of_tables: Toml,
}

impl Page {
    fn read() -> Page {
        Page {
            examples: EXAMPLES.parse().unwrap(),
            defaults: effective(""),
            defaults_of_tables: effective(REQUIRED),
            source: Source::read(),
        }
    }

    /// Writes a table of the example file, and then the tables in it.
    fn example_table(&self, text: &mut String, path: &str, section: &Key) {
        let (table, heading) = self.heading(path, section);
        text.push('\n');
        comment(text, &table.doc);
        writeln!(text, "#{heading}").unwrap();
        for key in table.keys.iter().filter(|key| !self.inner(key)) {
            let path = format!("{path}.{}", key.name);
            text.push('\n');
            comment(text, &key.doc);
            if let Some(default) = self.default(&path).filter(|_| !key.required) {
                comment(text, &format!("Default: {default}"));
            }
            if let Some(variable) = self.source.environment.get(&path) {
                comment(text, &format!("Environment variable: {variable}"));
            }
            writeln!(text, "#{} = {}", key.name, self.example(&path)).unwrap();
        }
        for key in table.keys.iter().filter(|key| self.inner(key)) {
            self.example_table(text, &format!("{path}.{}", key.name), key);
        }
    }

    /// A table, and how the file begins it.
    fn heading(&self, path: &str, section: &Key) -> (&Table, String) {
        let (name, heading) = match &section.kind {
            Kind::List(name) => (name, format!("[[{path}]]")),
            Kind::Value(name) | Kind::Map(name) => (name, format!("[{path}]")),
        };
        (self.source.table(name).unwrap(), heading)
    }

    fn default(&self, path: &str) -> Option<String> {
        find(&self.defaults, path).or_else(|| find(&self.defaults_of_tables, path))
    }

    fn example(&self, path: &str) -> String {
        let example = find(&self.examples, path);
        example.unwrap_or_else(|| panic!("every_key.toml: {path} is missing"))
    }

    /// Writes a table, and then the tables in it.
    fn table(&self, text: &mut String, path: &str, section: &Key) {
        let (table, heading) = self.heading(path, section);
        writeln!(text, "\n## `{heading}`\n\n{}", table.doc).unwrap();
        for key in &table.keys {
            let path = format!("{path}.{}", key.name);
            if !self.inner(key) {
                self.key(text, &path, key);
            }
        }
        for key in table.keys.iter().filter(|key| self.inner(key)) {
            self.table(text, &format!("{path}.{}", key.name), key);
        }
    }

    /// Whether a key holds a table of known keys.
    fn inner(&self, key: &Key) -> bool {
        match &key.kind {
            Kind::Value(name) | Kind::List(name) => self.source.table(name).is_some(),
            Kind::Map(_) => false,
        }
    }

    fn key(&self, text: &mut String, path: &str, key: &Key) {
        let (summary, choices) = self.kind(&key.kind);
        writeln!(text, "\n### `{}`\n\n{}\n", key.name, key.doc).unwrap();
        writeln!(text, "- Type: {summary}").unwrap();
        for choice in choices {
            writeln!(text, "  - {choice}").unwrap();
        }
        match self.default(path) {
            _ if key.required => writeln!(text, "- Required"),
            Some(value) => writeln!(text, "- Default: `{value}`"),
            None => writeln!(text, "- Default: none"),
        }
        .unwrap();
        if let Some(variable) = self.source.environment.get(path) {
            writeln!(text, "- Environment variable: `{variable}`").unwrap();
        }
        writeln!(text, "- Example: `{} = {}`", key.name, self.example(path)).unwrap();
    }

    /// A type in words, and the values that it has.
    fn kind(&self, kind: &Kind) -> (String, Vec<String>) {
        match kind {
            Kind::Value(name) => match self.source.choices(name) {
                Some(choices) => {
                    let lines = choices.iter();
                    let lines = lines.map(|it| format!("`\"{}\"`: {}", it.name, it.doc));
                    ("text, one of these".to_owned(), lines.collect())
                }
                None => (words(name).to_owned(), Vec::new()),
            },
            Kind::List(name) => (format!("list, each {}", words(name)), Vec::new()),
            Kind::Map(name) => (format!("table, each value {}", words(name)), Vec::new()),
        }
    }
}

/// A Rust type in the words of the file.
fn words(name: &str) -> &'static str {
    match name {
        "String" => "text",
        "bool" => "`true` or `false`",
        "u32" | "u64" | "usize" => "whole number",
        "f64" => "number",
        "SocketAddr" => "text, IP address and port",
        "Url" => "text, URL",
        "Color" => "text, colour as `#rrggbb`",
        "PathBuf" => "text, path of a file",
        "EndpointPath" => "text, path of a URL",
        "HeaderField" => "text, name of a header field",
        "RequestLine" => "text, method and path",
        "Pointer" => "text, JSON Pointer (RFC 6901)",
        "Value" => "table",
        "Source" => "secret",
        "Credential" => "secret, or `{ username = \"TEXT\", password = SECRET }`",
        "QuotaPeriod" => "`\"day\"` or `\"month\"`",
        "QuotaPlan" => "`{ limit = NUMBER, period = \"day\" }` or the same with `\"month\"`",
        "FailureValue" => "text, whole number, `true` or `false`",
        "FieldValue" => "secret, or `{ public = \"TEXT\" }`",
        other => panic!("{other} has no words"),
    }
}

/// Writes lines of comment.
fn comment(text: &mut String, lines: &str) {
    for line in lines.lines() {
        writeln!(text, "{}", format!("# {line}").trim_end()).unwrap();
    }
}

fn effective(text: &str) -> Toml {
    let config = Config::parse(text, Path::new("connector.toml")).unwrap();
    config.effective().unwrap().parse().unwrap()
}

/// The value at a path, as it is written in a file. The first entry represents a list of tables.
fn find(table: &Toml, path: &str) -> Option<String> {
    let mut value = None;
    let mut inside = Some(table);
    for name in path.split('.') {
        value = inside?.get(name);
        inside = match value? {
            Value::Table(table) => Some(table),
            Value::Array(items) => items.first().and_then(Value::as_table),
            _ => None,
        };
    }
    value.map(ToString::to_string)
}
