//! `search`: which tools a request in a person's words finds.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::call::Connector;
use crate::search::{Found, Index};

/// Errors are reported to the person at the terminal, each in a sentence.
type Failure = Box<dyn std::error::Error>;

#[derive(Args)]
#[group(id = "requests", required = true, multiple = true)]
pub(super) struct Search {
    /// The request, in a person's words
    #[arg(value_name = "QUERY", conflicts_with = "queries", group = "requests")]
    query: Vec<String>,
    /// File of requests, one JSON object a line: {"id": …, "query": "…"}
    #[arg(long, value_name = "FILE", group = "requests")]
    queries: Option<PathBuf>,
    /// How the answers are printed; for a file of requests, one line of JSON each [default: text]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A line of a file of requests. Other members are ignored.
#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    id: Value,
    query: String,
}

/// Runs the command: searches all tools of the server.
pub(super) fn run(connector: &Connector, search: &Search) -> Result<(), Failure> {
    let index = Index::over(connector.catalog(), connector.descriptors());
    let mut out = std::io::stdout().lock();
    let written = match &search.queries {
        Some(path) => answer_file(&index, path, search.format, &mut out)?,
        None => {
            let found = index.search(&search.query.join(" "), |_| true);
            match search.format {
                Some(Format::Json) => writeln!(out, "{}", as_json(None, &found)),
                Some(Format::Text) | None => writeln!(out, "{}", found.text.trim_end()),
            }
        }
    };
    match written {
        // The reader may stop reading.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Answers each request of a file.
///
/// # Errors
/// Where the file cannot be read, or a line is no request. The inner error is one of writing.
fn answer_file(
    index: &Index,
    path: &PathBuf,
    format: Option<Format>,
    out: &mut impl Write,
) -> Result<std::io::Result<()>, Failure> {
    let shown = path.display();
    let file = fs::File::open(path).map_err(|error| format!("{shown}: {error}"))?;
    for (number, line) in (1..).zip(BufReader::new(file).lines()) {
        let line = line.map_err(|error| format!("{shown}:{number}: {error}"))?;
        if line.trim().is_empty() {
            continue;
        }
        let request: Request = serde_json::from_str(&line).map_err(|error| {
            format!("{shown}:{number}: is no object with a `query`, such as {{\"id\": 1, \"query\": \"list users\"}}: {error}")
        })?;
        let found = index.search(&request.query, |_| true);
        let written = match format {
            Some(Format::Text) => writeln!(out, "{}\n{}\n", request.query, found.text.trim_end()),
            Some(Format::Json) | None => writeln!(out, "{}", as_json(Some(request.id), &found)),
        };
        if written.is_err() {
            return Ok(written);
        }
    }
    Ok(Ok(()))
}

/// An answer for programs: the families that the text lists, and the tools by rank.
fn as_json(id: Option<Value>, found: &Found) -> Value {
    let families = found.families.iter().map(|family| {
        let tools = family
            .tools
            .iter()
            .map(|tool| json!({ "name": tool.name, "method": tool.method, "path": tool.path }));
        json!({ "name": family.name, "tools": tools.collect::<Vec<_>>() })
    });
    let tools = found.tools.iter().map(|hit| {
        let tool = hit.operation;
        // As it is printed: a score of 32 bits has more digits as one of 64.
        let score = (f64::from(hit.score) * 1000.0).round() / 1000.0;
        json!({ "name": tool.name, "method": tool.method, "path": tool.path, "score": score })
    });
    let mut answer = serde_json::Map::new();
    if let Some(id) = id {
        answer.insert("id".to_owned(), id);
    }
    answer.insert("families".to_owned(), families.collect());
    answer.insert("tools".to_owned(), tools.collect());
    Value::Object(answer)
}
