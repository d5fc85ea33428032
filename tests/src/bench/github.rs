//! A large API: how soon a server with GitHub's 1,223 tools answers, and what it weighs.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};

use super::calls::{Revision, post};
use super::load::Call;
use super::process::{self, Server};

const STARTS: usize = 5;
const CALLS: usize = 10_000;

/// Generates and builds the server, then measures its start and its memory under calls.
pub(super) async fn measure(corpus: &Path) -> anyhow::Result<()> {
    let spec = corpus.join("corpus/github-rest/api.github.com.json");
    if !spec.is_file() {
        println!("\nstart-up: not measured, there is no {}", spec.display());
        return Ok(());
    }
    let target = process::target()?;
    let out = target.join("bench-github");
    let generate = [
        "run",
        "--quiet",
        "--release",
        "--package",
        "generator",
        "--",
    ]
    .map(OsStr::new);
    let paths = [spec.as_os_str(), OsStr::new("--out"), out.as_os_str()];
    process::cargo(&[&generate[..], &paths].concat()).await?;
    // The same versions as the workspace, so that nothing is built twice.
    std::fs::copy("Cargo.lock", out.join("Cargo.lock"))?;
    let manifest = out.join("Cargo.toml");
    let build = ["build", "--quiet", "--release", "--target-dir"].map(OsStr::new);
    let paths = [
        target.as_os_str(),
        OsStr::new("--manifest-path"),
        manifest.as_os_str(),
    ];
    process::cargo(&[&build[..], &paths].concat()).await?;
    let program = target.join("release/bench-github");

    let list = Call {
        request: post(Revision::Legacy, "tools/list", json!({})),
        expect: r#""tools":["#.to_owned(),
    };
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let server = Server::generated(&program, &["--mock"], None)?;
        server.connect().await?.exchange(&list).await?;
        starts.push(server.age());
    }
    starts.sort_unstable();
    println!(
        "\nGitHub's description: first tools/list answered {:.1} ms after the start (best {:.1}, worst {:.1})",
        starts[STARTS / 2].as_secs_f64() * 1e3,
        starts[0].as_secs_f64() * 1e3,
        starts[STARTS - 1].as_secs_f64() * 1e3,
    );

    let server = Server::generated(&program, &["--mock"], None)?;
    let mut connection = server.connect().await?;
    let tool = tool_without_arguments(connection.exchange(&list).await?)?;
    let call = Call {
        request: post(
            Revision::Legacy,
            "tools/call",
            json!({"name": tool, "arguments": {}}),
        ),
        expect: r#""result":{"content":["#.to_owned(),
    };
    for _ in 0..CALLS {
        connection.exchange(&call).await?;
    }
    let resident = server.resident_kib()?;
    println!(
        "memory after {CALLS} calls of {tool}: {:.1} MB",
        resident as f64 / 1024.0
    );
    Ok(())
}

fn tool_without_arguments(list: &str) -> anyhow::Result<String> {
    let list: Value = serde_json::from_str(list)?;
    let tools = list["result"]["tools"].as_array().context("no tools")?;
    tools
        .iter()
        .find(|tool| {
            tool["inputSchema"].get("required").is_none()
                && tool["annotations"]["readOnlyHint"] == json!(true)
        })
        .and_then(|tool| tool["name"].as_str())
        .map(str::to_owned)
        .context("every tool wants arguments")
}
