//! The SDKs of other languages, in the scripts of `tests/clients`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tests::harness::foreign::{self, Node, Python};
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::story::{self, Client};

/// An empty directory of its own for each client.
pub(crate) fn home(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sign-in-{name}"));
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    home
}

/// What a session's script printed.
fn reported(mut session: Value) -> Result<Value, String> {
    match session["failure"].as_str() {
        Some(failure) => Err(failure.to_owned()),
        None => Ok(session["result"].take()),
    }
}

/// `tests/clients/typescript.mjs`, once a call.
pub(crate) struct TypeScript {
    pub(crate) node: Node,
    pub(crate) terms: Value,
}

impl Client for TypeScript {
    async fn call(&mut self, call: &Value, _elapsed: u64) -> Result<Value, String> {
        self.terms["call"] = call.clone();
        let session = foreign::json(self.node.typescript(), [self.terms.to_string()]).await;
        reported(session.unwrap())
    }
}

async fn typescript(name: &str, mut terms: Value) {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let world = SignedIn::start().await.unwrap();
    terms["url"] = json!(world.server.url());
    terms["person"] = json!(world.person.desk());
    terms["credentials"] = json!(home(name).join("credentials.json"));
    story::is_lived(&world, &mut TypeScript { node, terms }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_typescript_sdk_signs_in() {
    typescript("typescript-v1", json!({"sdk": "v1"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_typescript_sdk_signs_in() {
    typescript("typescript-v2", json!({"sdk": "v2", "era": "auto"})).await;
}

/// `tests/clients/python_client.py`, as long as the story lasts: this SDK asks no server whether a
/// token has expired, and a new process would not know when it was given.
pub(crate) struct PythonSdk {
    _child: Child,
    calls: ChildStdin,
    reported: Lines<BufReader<ChildStdout>>,
}

impl PythonSdk {
    pub(crate) fn start(mut session: Command, terms: &Value) -> PythonSdk {
        let mut child = session
            .arg(terms.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // It writes down whatever goes wrong; what ends a call is in its answer.
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        PythonSdk {
            calls: child.stdin.take().unwrap(),
            reported: BufReader::new(child.stdout.take().unwrap()).lines(),
            _child: child,
        }
    }
}

impl Client for PythonSdk {
    async fn call(&mut self, call: &Value, elapsed: u64) -> Result<Value, String> {
        let mut call = call.clone();
        call["elapsed"] = json!(elapsed);
        let line = format!("{call}\n");
        self.calls.write_all(line.as_bytes()).await.unwrap();
        let line = self.reported.next_line().await.unwrap().unwrap();
        reported(serde_json::from_str(&line).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_signs_in() {
    let Some(python) = require(Python::find()) else {
        return;
    };
    let world = SignedIn::start().await.unwrap();
    let terms = json!({
        "era": "auto",
        "url": world.server.url(),
        "person": world.person.desk(),
    });
    story::is_lived(&world, &mut PythonSdk::start(python.session(), &terms)).await;
}
