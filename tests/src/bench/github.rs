//! A large API: how soon a server with GitHub's 1,223 tools answers, and what it weighs.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::calls::{Revision, post};
use super::load::{Call, Connection};
use super::process::resident_kib;

const STARTS: usize = 5;
const CALLS: usize = 10_000;

/// Generates and builds the server, then measures its start and its memory under calls.
pub(super) async fn measure(corpus: &Path) -> anyhow::Result<()> {
    let spec = corpus.join("corpus/github-rest/api.github.com.json");
    if !spec.is_file() {
        println!("\nstart-up: not measured, there is no {}", spec.display());
        return Ok(());
    }
    let program = std::env::current_exe()?;
    let release = program.parent().context("a program in a directory")?;
    let target = release.parent().context("a target directory")?;
    let out = target.join("bench-github");
    cargo(&["run", "--release", "-p", "generator", "--"], &[&spec, Path::new("--out"), &out]).await?;
    // The same versions as the workspace, so that nothing is built twice.
    std::fs::copy("Cargo.lock", out.join("Cargo.lock"))?;
    let manifest = out.join("Cargo.toml");
    cargo(&["build", "--release", "--manifest-path"], &[&manifest, Path::new("--target-dir"), target])
        .await?;
    let server = release.join("bench-github");

    let list = post(Revision::Legacy, "tools/list", json!({}));
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let (started, address, _child) = start(&server)?;
        let mut connection = connect(address).await?;
        connection
            .exchange(&Call { request: list.clone(), expect: r#""tools":["#.to_owned() })
            .await?;
        starts.push(started.elapsed());
    }
    starts.sort_unstable();
    println!(
        "\nGitHub's description: first tools/list answered {:.1} ms after the start (best {:.1}, worst {:.1})",
        starts[STARTS / 2].as_secs_f64() * 1e3,
        starts[0].as_secs_f64() * 1e3,
        starts[STARTS - 1].as_secs_f64() * 1e3,
    );

    let (_, address, child) = start(&server)?;
    let mut connection = connect(address).await?;
    let tool = tool_without_arguments(address, &list).await?;
    let call = Call {
        request: post(Revision::Legacy, "tools/call", json!({"name": tool, "arguments": {}})),
        expect: r#""result":{"content":["#.to_owned(),
    };
    for _ in 0..CALLS {
        connection.exchange(&call).await?;
    }
    let resident = resident_kib(child.id().context("the server has ended")?)?;
    println!("memory after {CALLS} calls: {:.1} MB", resident as f64 / 1024.0);
    Ok(())
}

async fn cargo(arguments: &[&str], paths: &[&Path]) -> anyhow::Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(program).args(arguments).args(paths).status().await?;
    ensure!(status.success(), "cargo {} failed", arguments.join(" "));
    Ok(())
}

fn start(server: &Path) -> anyhow::Result<(Instant, SocketAddr, tokio::process::Child)> {
    let address = TcpListener::bind(super::LOOPBACK)?.local_addr()?;
    let started = Instant::now();
    let child = Command::new(server)
        .args(["serve", "--mock", "--listen", &address.to_string()])
        .current_dir(std::env::temp_dir())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    Ok((started, address, child))
}

/// Connects as soon as the server listens.
async fn connect(address: SocketAddr) -> anyhow::Result<Connection> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        match Connection::open(address).await {
            Ok(connection) => return Ok(connection),
            Err(error) if Instant::now() > deadline => return Err(error.context("no start")),
            Err(_) => tokio::time::sleep(Duration::from_micros(500)).await,
        }
    }
}

async fn tool_without_arguments(address: SocketAddr, list: &[u8]) -> anyhow::Result<String> {
    use tokio::io::AsyncWriteExt;
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    let mut request = String::from_utf8(list.to_vec())?;
    request = request.replacen("\r\n", "\r\nconnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("no body")?;
    let body: Value = serde_json::from_str(body)?;
    let tools = body["result"]["tools"].as_array().context("no tools")?;
    tools
        .iter()
        .find(|tool| tool["inputSchema"].get("required").is_none())
        .and_then(|tool| tool["name"].as_str())
        .map(str::to_owned)
        .context("every tool wants arguments")
}
