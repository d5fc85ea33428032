//! Clients that are programs, and open a browser: mcp-remote and the Inspector.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tests::harness::foreign::Node;
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;
use tokio::sync::Mutex;

use crate::sdk::{TypeScript, home};
use crate::story::{self, Client};

/// `mcp-remote`, with the second TypeScript SDK before it, once a call.
#[tokio::test(flavor = "multi_thread")]
async fn mcp_remote_signs_in() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let world = SignedIn::start().await.unwrap();
    let program = node.program("mcp-remote");
    let program = program.as_std();
    let mut command = vec![program.get_program().to_str().unwrap()];
    command.extend(program.get_args().map(|it| it.to_str().unwrap()));
    command.push(world.server.url().as_str());

    let home = home("mcp-remote");
    let environment = node.environment(world.person.desk(), &home);
    let environment: serde_json::Map<_, _> = environment
        .iter()
        .map(|(name, it)| ((*name).to_owned(), json!(it.to_str().unwrap())))
        .collect();
    let terms = json!({"sdk": "v2", "era": "auto", "command": command, "env": environment});
    story::is_lived(&world, &mut TypeScript { node, terms }).await;
}

/// The port at which the Inspector waits for the person: one at a time can.
static PORT: Mutex<()> = Mutex::const_new(());

/// `inspector --cli`, once a call.
pub(crate) struct Inspector<'a> {
    pub(crate) node: Node,
    pub(crate) world: &'a SignedIn,
    pub(crate) home: PathBuf,
}

impl Client for Inspector<'_> {
    async fn call(&mut self, call: &Value, _elapsed: u64) -> Result<Value, String> {
        let _port = PORT.lock().await;
        let mut inspector = self.node.program("inspector");
        inspector
            .env_clear()
            .envs(self.node.environment(self.world.person.desk(), &self.home))
            .env("MCP_AUTO_OPEN_ENABLED", "true")
            .env("MCP_INSPECTOR_SECRET_STORE", "file")
            .stdin(Stdio::null())
            .args(["--cli", self.world.server.url().as_str()])
            .args(["--transport", "http", "--format", "json"])
            .args(["--method", "tools/call"])
            .args(["--tool-name", call["name"].as_str().unwrap()])
            .args(["--tool-args-json", &call["arguments"].to_string()]);
        // It prints the error of a tool as the result that it is, and fails.
        let output = inspector.output().await.unwrap();
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        match printed.get("result") {
            Some(result) => Ok(result.clone()),
            None => {
                let reported = String::from_utf8_lossy(&output.stderr);
                Err(format!("{}\n{reported}", output.status))
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_inspector_signs_in() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let world = SignedIn::start().await.unwrap();
    let (world, home) = (&world, home("inspector"));
    story::is_lived(world, &mut Inspector { node, world, home }).await;
}
