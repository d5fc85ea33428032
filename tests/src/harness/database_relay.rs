//! A relay between servers and their PostgreSQL database, which can stop passing bytes on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A relay. It ends with the test's runtime.
#[derive(Debug)]
pub struct DatabaseRelay {
    address: SocketAddr,
    port: u16,
    flow: watch::Sender<Flow>,
    connections: Arc<AtomicU64>,
}

/// What passes.
#[derive(Clone, Copy, Debug, Default)]
struct Flow {
    /// Nothing does, on any connection.
    is_halted: bool,
    /// Nothing does on connections with a smaller number.
    stranded: u64,
    /// No answer to a commit does, nor anything after it on its connection.
    holds_commits: bool,
}

/// One connection.
#[derive(Clone, Debug)]
struct Passing {
    number: u64,
    flow: watch::Receiver<Flow>,
    has_committed: Arc<AtomicBool>,
}

impl DatabaseRelay {
    /// Starts one before the database at this port of this machine.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn before(port: u16) -> anyhow::Result<DatabaseRelay> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let relay = DatabaseRelay {
            address: listener.local_addr()?,
            port,
            flow: watch::Sender::new(Flow::default()),
            connections: Arc::default(),
        };
        let (flow, connections) = (relay.flow.clone(), Arc::clone(&relay.connections));
        tokio::spawn(async move {
            while let Ok((server, _)) = listener.accept().await {
                let passing = Passing {
                    number: connections.fetch_add(1, Ordering::SeqCst),
                    flow: flow.subscribe(),
                    has_committed: Arc::default(),
                };
                tokio::spawn(connect(server, port, passing));
            }
        });
        Ok(relay)
    }

    /// Returns the URL of a database, but through the relay.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let there = format!(":{}/", self.port);
        database.replace(&there, &format!(":{}/", self.address.port()))
    }

    /// Passes nothing on any more: connections stay open, and new ones are accepted.
    pub fn halt(&self) {
        self.flow.send_modify(|flow| flow.is_halted = true);
    }

    /// Passes on what was held since [`DatabaseRelay::halt`], and everything after it.
    pub fn resume(&self) {
        self.flow.send_modify(|flow| flow.is_halted = false);
    }

    /// Leaves all connections that are open half open for ever: nothing passes, and neither end learns of
    /// it. New ones work.
    pub fn strand(&self) {
        let stranded = self.connections.load(Ordering::SeqCst);
        self.flow.send_modify(|flow| flow.stranded = stranded);
    }

    /// Passes commits on, and holds their answers, until that is switched off.
    pub fn hold_commits(&self, holds: bool) {
        self.flow.send_modify(|flow| flow.holds_commits = holds);
    }
}

async fn connect(server: TcpStream, port: u16, passing: Passing) {
    let Ok(database) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    let (from_server, to_server) = server.into_split();
    let (from_database, to_database) = database.into_split();
    tokio::spawn(passing.clone().requests(from_server, to_database));
    passing.answers(from_database, to_server).await;
}

impl Passing {
    async fn requests(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut bytes).await.unwrap_or(0);
            if self.wait().await.is_none() || read == 0 {
                // Dropped, the half is shut down, which the database takes for the end.
                return;
            }
            let commits = bytes[..read].windows(6).any(|it| it == b"COMMIT");
            if commits && self.flow.borrow().holds_commits {
                self.has_committed.store(true, Ordering::SeqCst);
            }
            if to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }

    async fn answers(mut self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut bytes).await.unwrap_or(0);
            if self.wait().await.is_none() || read == 0 {
                return;
            }
            if self.has_committed.load(Ordering::SeqCst) {
                let released = self.flow.wait_for(|flow| !flow.holds_commits).await;
                if released.is_err() {
                    return;
                }
                self.has_committed.store(false, Ordering::SeqCst);
            }
            if to.write_all(&bytes[..read]).await.is_err() {
                return;
            }
        }
    }

    /// Waits until this connection may pass something on.
    async fn wait(&mut self) -> Option<()> {
        let number = self.number;
        let passes = |flow: &Flow| !flow.is_halted && number >= flow.stranded;
        self.flow.wait_for(passes).await.ok().map(|_| ())
    }
}
