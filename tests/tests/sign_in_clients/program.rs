//! Clients that are programs, and open a browser: mcp-remote and the Inspector.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::{Value, json};
use tests::harness::foreign::{self, Node};
use tests::harness::requirement::require;
use tests::harness::signed_in::SignedIn;

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

/// `inspector --cli`, once a call.
struct Inspector<'a> {
    node: Node,
    world: &'a SignedIn,
    home: PathBuf,
}

impl Client for Inspector<'_> {
    async fn call(&mut self, call: &Value, _elapsed: u64) -> Result<Value, String> {
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
        let session = foreign::json(inspector, [""; 0]).await;
        session
            .map(|mut it| it["result"].take())
            .map_err(|error| error.to_string())
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
