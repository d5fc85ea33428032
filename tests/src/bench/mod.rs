//! The benchmark: what a call through Drawbridge costs beside the least that it could cost.
//!
//! Each server is a process of its own on a processor core of its own; the load and the API share
//! another core. In alternating rounds a raw proxy (axum and reqwest), a bare MCP server (rmcp
//! besides, without validation, ids or log) and the generated server answer the same question: as
//! everybody's, with sign-in, with sign-in and everything that counts calls, with a signed statement
//! to the API, and with sign-in on PostgreSQL. All use the same allocator. The content of every answer
//! is checked: a fast wrong answer is an error, not a result.

mod bare;
mod calls;
mod large;
mod load;
mod memory;
mod process;
mod raw;
mod report;
mod sign_in;
mod sink;
mod start;
mod stub;

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use calls::{Revision, authorized, direct_calls, tool_calls};
use load::{Call, Sample};
use process::Server;
use report::Row;
use sign_in::SignedIn;

/// How much to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds a server and setting.
    pub rounds: usize,
    /// Length of one round.
    pub round: Duration,
    /// Calls over which the growth of memory is measured.
    pub memory_calls: usize,
    /// Where the API descriptions are; without them GitHub's is not measured.
    pub corpus: Option<PathBuf>,
    /// The program of another generated server, to compare with the one of this checkout.
    pub other: Option<PathBuf>,
}

/// Which of the processes of the benchmark this one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The API.
    Stub,
    /// The least proxy.
    Raw,
    /// The least MCP server that makes the call.
    Bare,
}

/// Plays one of the servers until killed. Prints its address as the first line on standard output.
///
/// # Errors
/// Where it cannot listen.
pub async fn serve(role: Role, upstream: Option<SocketAddr>) -> anyhow::Result<()> {
    let upstream = || upstream.context("the stub's address is missing");
    match role {
        Role::Stub => stub::serve().await,
        Role::Raw => raw::serve(upstream()?).await,
        Role::Bare => bare::serve(upstream()?).await,
    }
}

/// A server that is measured, and how it is asked.
struct Contestant<'a> {
    name: &'a str,
    server: &'a Server,
    question: Question<'a>,
}

#[derive(Clone, Copy)]
enum Question<'a> {
    /// A request to the API itself.
    Direct,
    /// A tool call.
    Tool,
    /// A tool call with an access token.
    Authorized(&'a str),
}

impl Contestant<'_> {
    fn calls(&self, revision: Revision) -> Vec<Call> {
        match self.question {
            Question::Direct => direct_calls(),
            Question::Tool => tool_calls(revision),
            Question::Authorized(token) => authorized(revision, token),
        }
    }
}

/// Measures and prints the tables.
///
/// # Errors
/// Where a server does not start, or an answer is wrong.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let program = build().await?;
    let large = match &options.corpus {
        Some(corpus) => large::build(corpus).await?,
        None => None,
    };
    process::pin_load().await?;
    let stub = Server::play(Role::Stub, None).await?;
    let raw = Server::play(Role::Raw, Some(stub.address)).await?;
    let bare = Server::play(Role::Bare, Some(stub.address)).await?;
    let open = open(&program, stub.address).await?;
    let signed_in = SignedIn::start("sign-in", &program, stub.address, "").await?;
    let counted = SignedIn::counted(&program, stub.address).await?;
    let on_behalf_of = SignedIn::on_behalf_of(&program, stub.address).await?;
    let on_postgres = match postgres_server::shared() {
        Ok(_) => Some(SignedIn::on_postgres(&program, stub.address).await?),
        Err(reason) => {
            println!("sign-in on PostgreSQL: not measured: {reason}");
            None
        }
    };
    let other = match &options.other {
        Some(program) => Some(self::open(program, stub.address).await?),
        None => None,
    };
    let contestant = |name, server, question| Contestant {
        name,
        server,
        question,
    };
    let mut contestants = vec![
        contestant("raw proxy", &raw, Question::Direct),
        contestant("bare rmcp", &bare, Question::Tool),
        contestant("ours", &open, Question::Tool),
        contestant(
            "signed in",
            signed_in.server(),
            Question::Authorized(signed_in.token()),
        ),
        contestant(
            "counted",
            counted.server(),
            Question::Authorized(counted.token()),
        ),
        contestant(
            "on behalf of",
            on_behalf_of.server(),
            Question::Authorized(on_behalf_of.token()),
        ),
    ];
    if let Some(on_postgres) = &on_postgres {
        let question = Question::Authorized(on_postgres.token());
        contestants.push(contestant("on PostgreSQL", on_postgres.server(), question));
    }
    if let Some(other) = &other {
        contestants.push(contestant("other", other, Question::Tool));
    }
    report::head();
    for connections in [1, 32] {
        for revision in Revision::ALL {
            compare(&contestants, connections, revision, options).await?;
        }
    }
    memory::growth("signed in", &signed_in, options.memory_calls).await?;
    memory::growth("counted", &counted, options.memory_calls).await?;
    signed_in.revoke_under_load(&program, stub.address).await?;
    start::measure("the example's description", &program, false).await?;
    match large {
        Some(large) => beside_large(&raw, &open, &large, stub.address, options).await,
        None => {
            println!("\nGitHub's description: not measured, it is not here");
            Ok(())
        }
    }
}

/// Compares the same operation in the example's catalogue and in GitHub's.
async fn beside_large(
    raw: &Server,
    small: &Server,
    large: &Path,
    stub: SocketAddr,
    options: &Options,
) -> anyhow::Result<()> {
    start::measure("GitHub's description", large, true).await?;
    let large = open(large, stub).await?;
    println!("\nThe same operation beside GitHub's:");
    report::head();
    let contestant = |name, server, question| Contestant {
        name,
        server,
        question,
    };
    let contestants = [
        contestant("raw proxy", raw, Question::Direct),
        contestant("small", small, Question::Tool),
        contestant("large", &large, Question::Tool),
    ];
    for revision in Revision::ALL {
        compare(&contestants, 32, revision, options).await?;
    }
    Ok(())
}

/// Measures the contestants in alternating rounds and prints their rows.
async fn compare(
    contestants: &[Contestant<'_>],
    connections: usize,
    revision: Revision,
    options: &Options,
) -> anyhow::Result<()> {
    let mut samples: Vec<_> = contestants.iter().map(|_| Sample::default()).collect();
    // What a server makes on its first calls, and connections that are opened, are not measured.
    for contestant in contestants {
        let calls = contestant.calls(revision);
        round(contestant.server, calls, connections, options.round / 5).await?;
    }
    for _ in 0..options.rounds {
        for (contestant, sample) in contestants.iter().zip(&mut samples) {
            let calls = contestant.calls(revision);
            sample.add(round(contestant.server, calls, connections, options.round).await?);
        }
    }
    let mut rows = Vec::new();
    for (contestant, sample) in contestants.iter().zip(&samples) {
        rows.push(Row {
            server: contestant.name,
            sample,
            resident_kib: contestant.server.resident_kib()?,
        });
    }
    report::rows(connections, revision, &rows);
    Ok(())
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

/// Builds the generated server as people deploy it.
async fn build() -> anyhow::Result<PathBuf> {
    let build = ["build", "--quiet", "--release", "--package", "generated"];
    process::cargo(&build.map(OsStr::new)).await?;
    Ok(process::target()?.join("release/generated"))
}

/// Starts a generated server for everybody.
async fn open(program: &Path, stub: SocketAddr) -> anyhow::Result<Server> {
    let config = process::target()?.join("bench.toml");
    let credentials = "[upstream.credentials]\napi_key = \"key-for-the-stub\"\n";
    std::fs::write(&config, credentials)?;
    let upstream = format!("http://{stub}");
    let arguments = ["--upstream", &upstream];
    let server = Server::generated(program, &arguments, Some(&config))?;
    server.connect().await?;
    Ok(server)
}

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
