//! The benchmark: what a call through Drawbridge costs beside the least it could cost.
//!
//! Three servers answer the same question, in alternating rounds and each in a process of its
//! own: a stub API asked directly, a bare MCP server (rmcp, axum and reqwest, without validation,
//! ids or tracing) that asks the stub, and the generated server that asks the stub. Every answer's
//! content is checked: a fast wrong answer is an error, not a result. Then the generated server is
//! measured beside itself with sign-in.

mod bare;
mod calls;
mod github;
mod load;
mod process;
mod report;
mod sign_in;
mod stub;

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use calls::{Revision, direct_calls, tool_calls};
use load::{Call, Sample};
use process::Server;

/// How much to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds a server and setting.
    pub rounds: usize,
    /// Length of one round.
    pub round: Duration,
    /// Where the API descriptions are; without them the start-up is not measured.
    pub corpus: Option<PathBuf>,
}

/// Which of the processes of the benchmark this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The API.
    Stub,
    /// The least MCP server that makes the call.
    Bare,
}

/// Plays one of the servers until killed. Prints its address as the first line on standard output.
///
/// # Errors
/// Where it cannot listen.
pub async fn serve(role: Role, upstream: Option<SocketAddr>) -> anyhow::Result<()> {
    match role {
        Role::Stub => stub::serve().await,
        Role::Bare => bare::serve(upstream.context("the stub's address is missing")?).await,
    }
}

/// Measures and prints the tables.
///
/// # Errors
/// Where a server does not start, or an answer is wrong.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let stub = Server::play(Role::Stub, None).await?;
    let bare = Server::play(Role::Bare, Some(stub.address)).await?;
    let ours = ours(stub.address).await?;
    let (bare_before, ours_before) = (bare.resident_kib()?, ours.resident_kib()?);

    let mut table = report::Table::default();
    for connections in [1, 32] {
        for revision in Revision::ALL {
            let (mut a, mut b, mut c) = (Sample::default(), Sample::default(), Sample::default());
            for _ in 0..options.rounds {
                a.add(round(&stub, direct_calls(), connections, options.round).await?);
                b.add(round(&bare, tool_calls(revision), connections, options.round).await?);
                c.add(round(&ours, tool_calls(revision), connections, options.round).await?);
            }
            table.add(connections, revision, &a, &b, &c);
        }
    }
    table.print();
    report::memory("bare", bare_before, bare.resident_kib()?);
    report::memory("ours", ours_before, ours.resident_kib()?);
    sign_in::measure(options, &program()?, stub.address, &ours).await?;

    match &options.corpus {
        Some(corpus) => github::measure(corpus).await,
        None => {
            println!("\nstart-up: not measured, the API descriptions are not here");
            Ok(())
        }
    }
}

/// One round of load on one server.
async fn round(
    server: &Server,
    calls: Vec<Call>,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Sample> {
    let before = server.processor_seconds()?;
    let mut sample = load::run(server.address, calls, connections, length).await?;
    sample.processor = server.processor_seconds()? - before;
    Ok(sample)
}

/// The generated server, built and started as people deploy it: with its log, validation and ids.
async fn ours(stub: SocketAddr) -> anyhow::Result<Server> {
    let target = process::target()?;
    let build = ["build", "--quiet", "--release", "--package", "generated"];
    process::cargo(&build.map(OsStr::new)).await?;
    let config = target.join("bench.toml");
    std::fs::write(
        &config,
        "[upstream.credentials]\napi_key = \"key-for-the-stub\"\n",
    )?;
    let upstream = format!("http://{stub}");
    let arguments = ["--upstream", &upstream];
    let server = Server::generated(&program()?, &arguments, Some(&config))?;
    server.connect().await?;
    Ok(server)
}

/// The generated server.
fn program() -> anyhow::Result<PathBuf> {
    Ok(process::target()?.join("release/generated"))
}

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
