//! Three servers behind HAProxy: one is killed and another one is added, under load.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use tests::harness::requirement::require;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use crate::cluster::{Cluster, One, PATIENCE, free_address, postgres};

/// How many clients call at once.
const CALLERS: usize = 24;
/// How long they call in each phase.
const PHASE: Duration = Duration::from_secs(2);

/// Reports whether HAProxy is installed.
fn installed() -> Result<(), String> {
    let found = std::process::Command::new("haproxy").arg("-v").output();
    found
        .map(drop)
        .map_err(|_| "HAProxy is not installed".to_owned())
}

/// A balancer with places for servers, which are filled while it runs. It sends each request to the next
/// server, without affinity, and sends none twice.
struct Balancer {
    address: SocketAddr,
    socket: PathBuf,
    _process: Child,
}

impl Balancer {
    async fn start(directory: &Path, public: &str) -> Balancer {
        let address = free_address().await;
        // A path of a socket has 108 bytes at most.
        let socket = std::env::temp_dir().join(format!("haproxy-{}.sock", address.port()));
        let text = format!(
            "global\n  stats socket {} mode 600 level admin\n\
             defaults\n  mode http\n  timeout connect 2s\n  timeout client 60s\n  timeout server 60s\n  timeout check 30s\n  \
             retries 3\n  retry-on conn-failure\n  option redispatch 1\n\
             frontend public\n  bind {address}\n  default_backend servers\n\
             backend servers\n  balance roundrobin\n  http-request set-header Host {public}\n  \
             option httpchk\n  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host {public}\n  \
             default-server check inter 200ms fall 1 rise 1\n  \
             server-template s 4 127.0.0.1:1 disabled\n",
            socket.display()
        );
        let file = directory.join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let process = Command::new("haproxy")
            .args(["-db", "-f"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while UnixStream::connect(&socket).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "HAProxy does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Balancer {
            address,
            socket,
            _process: process,
        }
    }

    /// Runs a command of HAProxy, and returns what it answers.
    async fn command(&self, command: &str) -> String {
        let mut stream = UnixStream::connect(&self.socket).await.unwrap();
        let line = format!("{command}\n");
        stream.write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    /// Puts a server into a place, and waits until the balancer has found it ready.
    async fn add(&self, place: usize, address: SocketAddr) {
        let (ip, port) = (address.ip(), address.port());
        self.command(&format!(
            "set server servers/s{place} addr {ip} port {port}"
        ))
        .await;
        self.command(&format!("set server servers/s{place} state ready"))
            .await;
        self.command(&format!("enable health servers/s{place}"))
            .await;
        let begun = Instant::now();
        while self.column(place, "status").await != "UP" {
            assert!(begun.elapsed() < PATIENCE, "server {place} is not used");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the statistics of HAProxy have of a server.
    async fn column(&self, place: usize, column: &str) -> String {
        let statistics = self.command("show stat").await;
        let mut lines = statistics
            .lines()
            .map(|line| line.split(',').collect::<Vec<_>>());
        let names = lines.next().unwrap();
        let at = names.iter().position(|name| *name == column).unwrap();
        let name = format!("s{place}");
        let row = lines
            .find(|row| row.get(1) == Some(&name.as_str()))
            .unwrap();
        row[at].to_owned()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replica_that_is_killed_or_added_under_load_costs_calls_in_flight_alone() {
    let (Some(postgres), Some(())) = (postgres(), require(installed())) else {
        return;
    };
    let database = postgres.database().unwrap();
    let mut cluster = Cluster::start("replicas", &database).await.unwrap();
    let third = One::start(&cluster.directory).await.unwrap();
    let balancer = Balancer::start(&cluster.directory, cluster.url.authority()).await;
    for (place, address) in [
        (1, cluster.servers[0].address),
        (2, cluster.servers[1].address),
        (3, third.address),
    ] {
        balancer.add(place, address).await;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (caller, stop) = (cluster.caller_at(balancer.address), Arc::clone(&stop));
            tokio::spawn(async move {
                let (mut answered, mut lost) = (BTreeSet::new(), 0_usize);
                while !stop.load(Ordering::Relaxed) {
                    match caller.call().await {
                        Ok(answer) if answer.is_good_call() => {
                            answered.insert(answer.request_id);
                        }
                        // The balancer answers for the server that is gone.
                        Ok(answer) => {
                            assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{answer:?}");
                            lost += 1;
                        }
                        Err(_) => lost += 1,
                    }
                }
                (answered, lost)
            })
        })
        .collect();
    tokio::time::sleep(PHASE).await;
    cluster.servers[1].process.kill().await.unwrap();
    tokio::time::sleep(PHASE).await;
    let fourth = One::start(&cluster.directory).await.unwrap();
    balancer.add(4, fourth.address).await;
    tokio::time::sleep(PHASE).await;
    // A connection that was approved at one replica is renewed at any.
    let refreshed = cluster.client.connect(&cluster.person).await.unwrap();
    let answer = cluster.refresh(0, &refreshed.refresh).await.unwrap();
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    stop.store(true, Ordering::Relaxed);
    let (mut answered, mut lost) = (0, 0);
    for caller in callers {
        let (requests, failed) = caller.await.unwrap();
        answered += requests.len();
        lost += failed;
        // The call in flight, and one that the server took while it ended.
        assert!(failed <= 2, "a caller lost {failed} calls");
    }
    let mut shares = Vec::new();
    for place in 1..=4 {
        shares.push(balancer.column(place, "stot").await);
    }
    println!("{answered} calls answered, {lost} lost; requests of each replica: {shares:?}");
    assert!(shares.iter().all(|share| share != "0"), "{shares:?}");
}
