//! MCP clients of other people, over HTTP and over stdio.

use std::process::Stdio;

use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tests::harness::client::{Client, Revision};
use tests::harness::foreign::{self, Node, Python};
use tests::harness::requirement::require;
use tests::harness::server;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::Command;

/// The example's server over stdio.
const STDIO: [&str; 3] = [env!("CARGO_BIN_EXE_connector"), "stdio", "--mock"];

/// The tool that every client calls.
const TOOL: &str = "get_account";

fn call() -> Value {
    json!({"name": TOOL, "arguments": {"account_id": "acc_harbor_tiktok"}})
}

fn mock() -> Config {
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.server.mock = true;
    config
}

/// How a session's client and server agree.
#[derive(Clone, Copy)]
enum Over {
    Http,
    Stdio,
}

/// Has `session`, a script that takes one JSON argument, list the tools and call one.
async fn talk(session: Command, over: Over, mut terms: Value) -> Value {
    terms["call"] = call();
    let server = server::serve(&generated::CATALOG, mock()).await.unwrap();
    match over {
        Over::Http => terms["url"] = json!(server.url().as_str()),
        Over::Stdio => terms["command"] = json!(STDIO),
    }
    let talk = foreign::json(session, [terms.to_string()]).await.unwrap();
    assert_eq!(
        talk["result"]["structuredContent"]["handle"], "harborcoffee",
        "{talk}"
    );
    assert_eq!(
        talk["result"].get("isError").unwrap_or(&json!(false)),
        &json!(false)
    );
    talk
}

/// Both ways lead to the same tools, and the client negotiates the revision it should.
async fn connects(session: impl Fn() -> Command, terms: Value, revision: &str) {
    let over_http = talk(session(), Over::Http, terms.clone()).await;
    let over_stdio = talk(session(), Over::Stdio, terms).await;
    assert_eq!(over_http["protocol"], revision);
    assert_eq!(over_stdio["protocol"], revision);
    assert_eq!(names(&over_http["tools"]), served());
    assert_eq!(
        over_http["tools"].to_string(),
        over_stdio["tools"].to_string()
    );
}

fn names(tools: &Value) -> Vec<&str> {
    let tools = tools.as_array().unwrap();
    tools
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect()
}

fn served() -> Vec<&'static str> {
    let operations = generated::CATALOG
        .operations
        .iter()
        .flat_map(|module| module.iter());
    let mut names: Vec<&str> = operations.map(|operation| operation.name).collect();
    names.sort_unstable();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_v1_lists_and_calls() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    connects(|| node.typescript(), json!({"sdk": "v1"}), "2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_v2_lists_and_calls_in_the_legacy_era() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let terms = json!({"sdk": "v2", "era": "legacy"});
    connects(|| node.typescript(), terms, "2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_v2_lists_and_calls_in_the_era_it_finds() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let terms = json!({"sdk": "v2", "era": "auto"});
    connects(|| node.typescript(), terms, "2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_lists_and_calls_in_the_legacy_era() {
    let Some(python) = require(Python::find()) else {
        return;
    };
    connects(|| python.session(), json!({"era": "legacy"}), "2025-11-25").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_lists_and_calls_in_the_era_it_finds() {
    let Some(python) = require(Python::find()) else {
        return;
    };
    connects(|| python.session(), json!({"era": "auto"}), "2026-07-28").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_lists_and_calls_over_http() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let server = server::serve(&generated::CATALOG, mock()).await.unwrap();
    let target = [server.url().as_str(), "--transport", "http"];
    inspect(&node, &target, "legacy").await;
    inspect(&node, &target, "modern").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_lists_and_calls_over_stdio() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    inspect(&node, &STDIO, "legacy").await;
}

async fn inspect(node: &Node, target: &[&str], era: &str) {
    let ask = async |method: &[&str]| {
        let mut inspector = node.program("inspector");
        inspector
            .arg("--cli")
            .args(target)
            .args(["--protocol-era", era]);
        let answer = foreign::json(inspector, method.iter().chain(&["--format", "json"])).await;
        answer.unwrap()["result"].take()
    };
    let listed = ask(&["--method", "tools/list", "--strict"]).await;
    assert_eq!(names(&listed["tools"]), served());
    let arguments = [
        "--tool-name",
        TOOL,
        "--tool-arg",
        "account_id=acc_harbor_tiktok",
    ];
    let called = ask(&[&["--method", "tools/call"][..], &arguments].concat()).await;
    assert_eq!(
        called["structuredContent"]["handle"], "harborcoffee",
        "{called}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_catalogue_over_stdio_is_that_over_http_byte_for_byte() {
    let server = server::serve(&generated::CATALOG, mock()).await.unwrap();
    let client = Client::new(server.url().clone(), Revision::V2025_11_25);
    let over_http = client.tools().await.unwrap();
    let over_stdio = stdio_tools().await;
    let text = |tools: &[Value]| tools.iter().map(Value::to_string).collect::<Vec<_>>();
    assert_eq!(text(&over_http), text(&over_stdio));
}

/// All tools of the program over stdio, page after page.
async fn stdio_tools() -> Vec<Value> {
    let mut child = Command::new(STDIO[0])
        .args(&STDIO[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut ask = async |method: &str, params: Value| {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        input
            .write_all(format!("{request}\n").as_bytes())
            .await
            .unwrap();
        let line = output.next_line().await.unwrap().unwrap();
        serde_json::from_str::<Value>(&line).unwrap()["result"].take()
    };
    let client = json!({"name": "test", "version": "1"});
    let terms = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client});
    ask("initialize", terms).await;
    let mut tools = Vec::new();
    let mut params = json!({});
    loop {
        let mut page = ask("tools/list", params).await;
        tools.extend(page["tools"].take().as_array().unwrap().iter().cloned());
        match page["nextCursor"].take() {
            Value::Null => return tools,
            cursor => params = json!({"cursor": cursor}),
        }
    }
}
