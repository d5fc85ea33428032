//! A lean load client: raw keep-alive connections, each sending its next request when it has the
//! answer to the last.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A request as bytes, and what its answer must contain.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) request: Vec<u8>,
    pub(super) expect: String,
}

/// What was measured: the time each call took, and over how long.
#[derive(Debug, Default)]
pub(super) struct Sample {
    latencies: Vec<Duration>,
    elapsed: Duration,
    /// Processor time that the server spent on it, in seconds.
    pub(super) processor: f64,
}

impl Sample {
    pub(super) fn add(&mut self, other: Sample) {
        self.latencies.extend(other.latencies);
        self.elapsed += other.elapsed;
        self.processor += other.processor;
    }

    pub(super) fn processor_micros_a_call(&self) -> f64 {
        self.processor * 1e6 / self.latencies.len() as f64
    }

    pub(super) fn calls_per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that the given share of calls stays within.
    pub(super) fn percentile(&self, share: f64) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = (sorted.len() as f64 * share) as usize;
        sorted
            .get(at.min(sorted.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
    }
}

/// Sends `calls` in turn over each of `connections` connections for `length`.
pub(super) async fn run(
    address: SocketAddr,
    calls: Vec<Call>,
    connections: usize,
    length: Duration,
) -> anyhow::Result<Sample> {
    let started = Instant::now();
    let deadline = started + length;
    let mut clients = JoinSet::new();
    for first in 0..connections {
        let mut calls = calls.clone();
        let at = first % calls.len().max(1);
        calls.rotate_left(at);
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Vec::with_capacity(1 << 14);
            for call in calls.iter().cycle() {
                let sent = Instant::now();
                if sent >= deadline {
                    break;
                }
                connection.exchange(call).await?;
                latencies.push(sent.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut sample = Sample::default();
    while let Some(client) = clients.join_next().await {
        sample
            .latencies
            .extend(client.context("a client stopped")??);
    }
    sample.elapsed = started.elapsed();
    Ok(sample)
}

/// One keep-alive connection.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Connection {
            stream,
            buffer: Vec::with_capacity(1 << 14),
        })
    }

    /// Sends one request, checks its answer and returns its body.
    pub(super) async fn exchange(&mut self, call: &Call) -> anyhow::Result<&str> {
        self.stream.write_all(&call.request).await?;
        self.buffer.clear();
        let body_at = loop {
            self.read().await?;
            if let Some(at) = self
                .buffer
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..body_at])?.to_ascii_lowercase();
        let length: usize = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .context("an answer without content-length")?
            .trim()
            .parse()?;
        while self.buffer.len() < body_at + length {
            self.read().await?;
        }
        let body = std::str::from_utf8(&self.buffer[body_at..])?;
        if !head.starts_with("http/1.1 200") || !body.contains(&call.expect) {
            bail!("a wrong answer: {head}{body}");
        }
        Ok(body)
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => bail!("the server closed the connection in the middle of an answer"),
            _ => Ok(()),
        }
    }
}
