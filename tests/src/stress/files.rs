//! A large file by a link, and one that is uploaded.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{Server, memory};

/// Bytes of each file.
pub(super) const FILE: usize = 200_000_000;
/// Bytes of a part of it.
pub(super) const PART: usize = 64 * 1024;
/// The most memory that the server may take in all, in KiB.
const MOST: u64 = 64 * 1024;

/// Measures both, and prints a row for each.
///
/// # Errors
/// Where a file does not arrive, or takes more memory.
pub(super) async fn measure(server: &Server) -> anyhow::Result<()> {
    println!("\n{:<40} {:>8} {:>8} {:>8}", "", "s", "MB idle", "MB most");
    let client = reqwest::Client::new();
    let idle = memory(server.pid, "VmRSS:")?;
    let started = Instant::now();
    let listed = result(server, &client, "file", json!({})).await?;
    let link = listed["content"][0]["uri"].as_str().context("no link")?;
    let mut answer = client.get(link).send().await?.error_for_status()?;
    let mut bytes = 0;
    while let Some(part) = answer.chunk().await? {
        bytes += part.len();
    }
    ensure!(bytes == FILE, "{bytes} bytes arrived");
    print(server, "file: 200 MB by a link", started, idle)?;
    let started = Instant::now();
    let requested = result(server, &client, "request_upload", json!({})).await?;
    let upload = &requested["structuredContent"];
    let link = upload["put_to"].as_str().context("no link")?;
    let parts = (0..FILE / PART).map(|_| Ok::<_, std::io::Error>(vec![b'x'; PART]));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(parts));
    client
        .put(link)
        .body(body)
        .send()
        .await?
        .error_for_status()?;
    let sent = result(
        server,
        &client,
        "take_file",
        json!({"file": upload["upload"]}),
    )
    .await?;
    let arrived = &sent["structuredContent"]["bytes"];
    ensure!(*arrived == FILE / PART * PART, "{sent}");
    print(server, "file: 200 MB uploaded and sent", started, idle)
}

fn print(server: &Server, name: &str, started: Instant, idle: u64) -> anyhow::Result<()> {
    let most = memory(server.pid, "VmHWM:")?;
    println!(
        "{name:<40} {:>8.2} {:>8} {:>8}",
        started.elapsed().as_secs_f64(),
        idle / 1024,
        most / 1024,
    );
    ensure!(most <= MOST, "{name}: more memory than 64 MB");
    Ok(())
}

async fn result(
    server: &Server,
    client: &reqwest::Client,
    tool: &str,
    arguments: Value,
) -> anyhow::Result<Value> {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments}});
    let request = client.post(format!("http://{}/mcp", server.address));
    let request = request
        .bearer_auth(&server.token)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream");
    let answer = request
        .body(message.to_string())
        .send()
        .await?
        .text()
        .await?;
    let answer: Value = serde_json::from_str(&answer)?;
    ensure!(answer["result"]["isError"] == false, "{answer}");
    Ok(answer["result"].clone())
}
