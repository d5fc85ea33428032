//! Prism, which checks requests against a description: a program of other people, in a process
//! of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::task::JoinHandle;
use url::Url;

use crate::harness::foreign::Judge;

/// What is said of one request.
#[derive(Clone, Debug, Deserialize)]
pub struct Verdict {
    /// The path of the operation that it was taken for, as it is described; none: it is for none.
    #[serde(default)]
    pub path: Option<String>,
    /// What is wrong with it; nothing: it is accepted.
    pub violations: Vec<Violation>,
    /// The body of a refused request, as the judge took it from the wire.
    #[serde(default)]
    pub body: Option<serde_json::Value>,
    /// Schemas that could not be compiled, and were not applied to it.
    pub unchecked: Vec<String>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Deserialize)]
pub struct Violation {
    /// The keyword of JSON Schema that is not satisfied, an HTTP status, or `route`.
    #[serde(default)]
    pub code: serde_json::Value,
    /// What is wrong.
    pub message: String,
    /// Where: `body`, `path`, `query` or `header`, and the way from there.
    #[serde(default)]
    pub path: Vec<String>,
}

/// Verdicts by the `X-Request-Id` of their requests: one of each operation that a request can be
/// for. There are several only where their paths differ in nothing but names.
pub type Verdicts = BTreeMap<String, Vec<Verdict>>;

/// What Prism said until its end.
#[derive(Debug, Default)]
pub struct Said {
    /// What it says of the requests.
    pub verdicts: Verdicts,
    /// What was mended in its copy of the description, and how often.
    pub mended: BTreeMap<String, usize>,
}

/// Prism with one description loaded.
#[derive(Debug)]
pub struct Prism {
    /// Where it listens.
    pub url: Url,
    /// References in the description at which it finds nothing, so that it asks for nothing there.
    pub dangling: Vec<String>,
    stdin: ChildStdin,
    said: JoinHandle<anyhow::Result<Said>>,
    child: Child,
}

/// How long it may take to load a description.
const PATIENCE: Duration = Duration::from_secs(120);

/// The first line: it listens, or not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Start {
    Listening { url: String, dangling: Vec<String> },
    Unreadable { unreadable: String },
}

/// Any later line.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Mended {
        mended: BTreeMap<String, usize>,
    },
    Verdict {
        request: String,
        #[serde(flatten)]
        verdict: Verdict,
    },
}

impl Prism {
    /// Starts it on a free port. `Err` within: it cannot load the description, and says why.
    ///
    /// # Errors
    /// Where it cannot be run.
    pub async fn start(judge: &Judge, description: &Path) -> anyhow::Result<Result<Prism, String>> {
        let mut command = judge.program();
        command.arg(description);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let stdin = child.stdin.take().context("no standard input")?;
        let stdout = child.stdout.take().context("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let Ok(first) = tokio::time::timeout(PATIENCE, lines.next_line()).await else {
            let seconds = PATIENCE.as_secs();
            return Ok(Err(format!("not loaded after {seconds} seconds")));
        };
        let first = first?.context("the judge ended without a word")?;
        Ok(match serde_json::from_str(&first).context(first)? {
            Start::Unreadable { unreadable } => Err(unreadable),
            Start::Listening { url, dangling } => Ok(Prism {
                url: url.parse()?,
                dangling,
                stdin,
                said: tokio::spawn(collect(lines)),
                child,
            }),
        })
    }

    /// Ends it, and takes what it said.
    ///
    /// # Errors
    /// Where it said something that is no verdict.
    pub async fn end(mut self) -> anyhow::Result<Said> {
        drop(self.stdin);
        self.child.wait().await?;
        self.said.await?
    }
}

async fn collect(mut lines: Lines<BufReader<ChildStdout>>) -> anyhow::Result<Said> {
    let mut said = Said::default();
    while let Some(line) = lines.next_line().await? {
        match serde_json::from_str(&line).context(line)? {
            Line::Mended { mended } => said.mended = mended,
            Line::Verdict { request, verdict } => {
                said.verdicts.entry(request).or_default().push(verdict);
            }
        }
    }
    Ok(said)
}
