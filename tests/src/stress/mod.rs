//! The stress: many calls of the worst argument at once, and of the worst answer, by one read-only
//! connection; how long a probe waits meanwhile, and how much memory the server takes.
//!
//! Each case has a server of its own, in a process of its own, as people deploy it.

mod api;
mod files;

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use runtime::app::{self, Environment};
use runtime::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::harness::oauth::OAuthClient;
use crate::harness::person::{Choice, Person};

pub use api::CATALOG;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// Where the client of the stress would be answered.
const CALLBACK: &str = "http://127.0.0.1/callback";
/// How many values a message may hold, where nothing else is configured.
const VALUES: usize = 100_000;
/// How often the server is probed and its memory looked at.
const TICK: Duration = Duration::from_millis(5);

/// How much to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Calls at once.
    pub calls: usize,
    /// How often each case is repeated, one time after the other.
    pub rounds: usize,
}

/// What one case came to.
#[derive(Debug, Default)]
struct Measured {
    answered: usize,
    refused: usize,
    elapsed: Duration,
    /// How long each probe waited.
    probes: Vec<Duration>,
    idle_kib: u64,
    most_kib: u64,
}

/// Measures and prints the table.
///
/// # Errors
/// Where a server does not start, or does not answer.
pub async fn run(options: &Options) -> anyhow::Result<()> {
    let api = api::serve().await?;
    let few = VALUES - 1000;
    let text = "x".repeat(3_600_000);
    let batch = format!("[{}]", vec![call("zeros", "{}"); 20_000].join(","));
    let cases = [
        (
            "argument: 3.8 MB of [0,0,…]",
            call("send", &anything(&api::zeros(1_900_000))),
        ),
        (
            "argument: 3.8 MB of [[0],[0],…]",
            call("send", &anything(&nested())),
        ),
        (
            "argument: as large as may be",
            call(
                "send",
                &anything(&format!("[{},\"{text}\"]", api::zeros(few))),
            ),
        ),
        (
            "argument: arrays within arrays",
            call("send", &anything(&api::arrays(few, 3_900_000))),
        ),
        (
            "argument: objects within objects",
            call("send", &anything(&api::nested_objects(few))),
        ),
        (
            "argument: an object of many names",
            call("send", &anything(&api::names(few))),
        ),
        (
            "argument: one name many times",
            call("send", &anything(&repeated(few / 2 - 10))),
        ),
        (
            "argument: many empty strings",
            call("send", &anything(&format!("[{}0]", "\"\",".repeat(few)))),
        ),
        (
            "argument: many long numbers",
            call(
                "send",
                &anything(&format!("[{}0]", "1e-12345678,".repeat(few))),
            ),
        ),
        (
            "argument: 3.8 MB of escapes",
            call(
                "send",
                &anything(&format!("\"{}\"", "\\u0001".repeat(630_000))),
            ),
        ),
        (
            "argument: a list with 9,900 wrong items",
            call(
                "send",
                &format!("{{\"numbers\":[{}0]}}", "\"x\",".repeat(few / 10)),
            ),
        ),
        ("message: 20,000 calls in one", batch),
        (
            "argument: 3.8 MB of [0,0,…] in a text",
            call("send", &numbers(&api::zeros(1_900_000))),
        ),
        ("answer: 8 MB of [0,0,…]", call("zeros", "{}")),
        ("answer: as large as may be", call("objects", "{}")),
        ("answer: arrays within arrays", call("arrays", "{}")),
        ("answer: an object of many names", call("names", "{}")),
        (
            "answer: arrays within arrays, as a 400",
            call("failure", "{}"),
        ),
        ("answer: 8 MB of %25", call("percent", "{}")),
        ("answer: 8 MB of quotes in a string", call("quotes", "{}")),
        ("answer: 8 MB of control characters", call("controls", "{}")),
        ("answer: 8 MB of empty events", call("events", "{}")),
        ("answer: 8 MB of binary", call("binary", "{}")),
    ];
    println!(
        "{} calls at once of one read-only connection, {} times\n",
        options.calls, options.rounds
    );
    println!(
        "{:<40} {:>8} {:>7} {:>7} {:>9} {:>10} {:>8} {:>8}",
        "", "answered", "refused", "s", "probe p50", "probe max", "MB idle", "MB most"
    );
    for (name, message) in cases {
        let measured = measure(options, api, &message).await?;
        measured.print(name);
    }
    let server = Server::start(api, "full").await?;
    files::measure(&server).await?;
    server.stop().await
}

/// A call as a message; `arguments` are JSON.
fn call(tool: &str, arguments: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\
         \"arguments\":{arguments}}}}}"
    )
}

fn anything(json: &str) -> String {
    format!("{{\"anything\":{json}}}")
}

fn numbers(text: &str) -> String {
    format!("{{\"numbers\":\"{text}\"}}")
}

/// An object that has one name so often.
fn repeated(members: usize) -> String {
    format!("{{{}\"a\":0}}", "\"a\":0,".repeat(members))
}

fn nested() -> String {
    format!("[{}[0]]", "[0],".repeat(950_000))
}

async fn measure(options: &Options, api: SocketAddr, message: &str) -> anyhow::Result<Measured> {
    let server = Server::start(api, "read-only").await?;
    let mut measured = Measured {
        idle_kib: memory(server.pid, "VmRSS:")?,
        ..Measured::default()
    };
    let watch = Watch::start(server.address);
    let started = Instant::now();
    for _ in 0..options.rounds {
        let mut calls = JoinSet::new();
        for _ in 0..options.calls {
            let request = server.request(message);
            let address = server.address;
            calls.spawn(async move { exchange(address, &request).await });
        }
        while let Some(answer) = calls.join_next().await {
            match answer?? {
                200 => measured.answered += 1,
                _ => measured.refused += 1,
            }
        }
    }
    measured.elapsed = started.elapsed();
    measured.probes = watch.stop()?;
    measured.most_kib = memory(server.pid, "VmHWM:")?;
    server.stop().await?;
    Ok(measured)
}

/// Probes a server from a thread that does nothing else, so that it waits for the server alone.
struct Watch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<anyhow::Result<Vec<Duration>>>,
}

impl Watch {
    fn start(address: SocketAddr) -> Watch {
        let over = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&over);
        let thread = std::thread::spawn(move || {
            let mut probes = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                probes.push(probe(address)?);
                std::thread::sleep(TICK);
            }
            Ok(probes)
        });
        Watch { over, thread }
    }

    /// How long each probe waited.
    fn stop(self) -> anyhow::Result<Vec<Duration>> {
        self.over.store(true, Ordering::Relaxed);
        let ended = self.thread.join();
        ended.map_err(|_| anyhow::anyhow!("the probes ended"))?
    }
}

/// How long the server takes to answer a probe that comes over a connection of its own.
fn probe(address: SocketAddr) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut stream = std::net::TcpStream::connect(address)?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(
        answer.starts_with("HTTP/1.1 200"),
        "the probe was answered {answer}"
    );
    Ok(started.elapsed())
}

/// A field of the memory of a process, in KiB.
fn memory(pid: u32, field: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let number = line.with_context(|| format!("no {field}"))?;
    Ok(number.trim().trim_end_matches("kB").trim().parse()?)
}

impl Measured {
    fn print(mut self, name: &str) {
        self.probes.sort_unstable();
        let millis = |probe: Option<&Duration>| {
            let millis = probe.map(|it| it.as_secs_f64() * 1e3);
            millis.map_or_else(|| "-".to_owned(), |it| format!("{it:.1} ms"))
        };
        println!(
            "{name:<40} {:>8} {:>7} {:>7.2} {:>9} {:>10} {:>8} {:>8}",
            self.answered,
            self.refused,
            self.elapsed.as_secs_f64(),
            millis(self.probes.get(self.probes.len() / 2)),
            millis(self.probes.last()),
            self.idle_kib / 1024,
            self.most_kib / 1024,
        );
    }
}

/// A server in a process of its own, and the key of a read-only connection.
struct Server {
    address: SocketAddr,
    pid: u32,
    child: Child,
    token: String,
    directory: PathBuf,
}

impl Server {
    async fn start(api: SocketAddr, level: &'static str) -> anyhow::Result<Server> {
        let address = TcpListener::bind(LOOPBACK).await?.local_addr()?;
        let directory = std::env::temp_dir().join(format!("stress-{}", address.port()));
        std::fs::create_dir_all(&directory)?;
        let file = directory.join("connector.toml");
        std::fs::write(
            &file,
            format!(
                "[server]\nlisten = \"{address}\"\n[accounts]\nworkspaces = \"unscoped\"\n\
                 [upstream]\nurl = \"http://{api}\"\ntimeout_seconds = 300\n[log]\nlevel = \"warn\"\n"
            ),
        )?;
        // The account is made in this process, where the person is at hand.
        let token = token(&file, level).await?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["serve", "--config"]).arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.current_dir(&directory).kill_on_drop(true).spawn()?;
        let server = Server {
            address,
            pid: child.id().context("the server has ended")?,
            child,
            token,
            directory,
        };
        let deadline = Instant::now() + Duration::from_secs(10);
        while probe(address).is_err() {
            ensure!(Instant::now() < deadline, "the server does not start");
            tokio::time::sleep(TICK).await;
        }
        Ok(server)
    }

    fn request(&self, message: &str) -> Vec<u8> {
        format!(
            "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             authorization: Bearer {}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{message}",
            self.token,
            message.len()
        )
        .into_bytes()
    }

    /// Ends the process, which uses the directory as long as it runs, and removes the directory.
    async fn stop(mut self) -> anyhow::Result<()> {
        self.child.kill().await?;
        Ok(std::fs::remove_dir_all(&self.directory)?)
    }
}

/// Makes an account and a connection of this level; returns its access token.
async fn token(file: &Path, level: &'static str) -> anyhow::Result<String> {
    let config = Config::load(Some(file))?;
    let server = app::start(&CATALOG, config, Environment::default()).await?;
    let person = Person::first(&server).await?;
    person.choose(Choice::Level(level));
    let client = OAuthClient::register(server.url(), CALLBACK).await?;
    let tokens = client.connect(&person).await?;
    server.shutdown().await;
    Ok(tokens.access)
}

/// Sends a request over a connection of its own and reads the answer; returns its status.
async fn exchange(address: SocketAddr, request: &[u8]) -> anyhow::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    // A request that is refused may not be read to its end.
    let _ = stream.write_all(request).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer)?;
    let status = answer.split(' ').nth(1).context("no answer")?.parse()?;
    ensure!(
        status != 200 || answer.contains("\"result\":{"),
        "the answer is none"
    );
    Ok(status)
}
