//! What becomes of callers when the database is away, or a server is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use postgres_server::Server;
use tests::harness::oauth::Tokens;
use tests::harness::requirement::require;
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, One, postgres};

/// How long the database is away.
const OUTAGE: Duration = Duration::from_secs(10);
/// How long everything may take to work again, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many clients call at once.
const CALLERS: usize = 16;

/// How many answers of each kind there were.
type Answers = BTreeMap<String, usize>;

/// Clients that go on until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Answers>>,
}

impl Load {
    /// Calls a tool at each server over and over, and refreshes a token at them in turn.
    fn start(cluster: &Arc<Cluster>, refreshed: &Tokens) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for server in 0..2 {
            let (cluster, stop) = (Arc::clone(cluster), Arc::clone(&stop));
            clients.push(tokio::spawn(async move {
                let mut answers = Answers::new();
                while !stop.load(Ordering::Relaxed) {
                    let answer = cluster.call(server, &cluster.tokens.access).await.unwrap();
                    let kind = match answer.is_good_call() {
                        true => "call ok".to_owned(),
                        false => format!("call {} retry:{}", answer.status, answer.retries),
                    };
                    *answers.entry(kind).or_default() += 1;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                answers
            }));
        }
        let (cluster, stop) = (Arc::clone(cluster), Arc::clone(&stop));
        let (halt, refreshed) = (Arc::clone(&stop), refreshed.refresh.clone());
        clients.push(tokio::spawn(async move {
            let mut answers = Answers::new();
            let mut token = refreshed;
            let mut server = 0;
            while !halt.load(Ordering::Relaxed) {
                let answer = cluster.refresh(server, &token).await.unwrap();
                let kind = match answer.status {
                    StatusCode::OK => "refresh ok".to_owned(),
                    status => format!("refresh {status} retry:{}", answer.retries),
                };
                *answers.entry(kind).or_default() += 1;
                if answer.status == StatusCode::OK {
                    token = answer.text("refresh_token").to_owned();
                }
                server = 1 - server;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            answers
        }));
        Load { stop, clients }
    }

    async fn finish(self) -> Answers {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Answers::new();
        for client in self.clients {
            for (kind, count) in client.await.unwrap() {
                *all.entry(kind).or_default() += count;
            }
        }
        all
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outage_of_ten_seconds_under_load_signs_no_client_out_and_ends_by_itself() {
    // A server of its own, since others would miss it.
    let Some(database) = require(Server::start()) else {
        return;
    };
    let cluster = Cluster::start("outage", &database.database().unwrap())
        .await
        .unwrap();
    // Refreshing the grant of the calls would end the token that they carry.
    let refreshed = cluster.client.connect(&cluster.person).await.unwrap();
    let cluster = Arc::new(cluster);
    let load = Load::start(&cluster, &refreshed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::task::block_in_place(|| database.stop()).unwrap();
    tokio::time::sleep(OUTAGE).await;
    assert!(!cluster.servers[0].is_ready().await);
    tokio::task::block_in_place(|| database.resume()).unwrap();
    let back = Instant::now();
    for server in 0..2 {
        while !cluster
            .call(server, &cluster.tokens.access)
            .await
            .unwrap()
            .is_good_call()
        {
            assert!(back.elapsed() < PATIENCE, "{}", cluster.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    println!("calls work again after {:?}", back.elapsed());
    for server in &cluster.servers {
        while !server.is_ready().await {
            assert!(back.elapsed() < PATIENCE, "{}", cluster.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    println!("both servers are ready after {:?}", back.elapsed());
    let answers = load.finish().await;
    println!("{answers:?}");
    let allowed = [
        "call ok",
        "call 503 Service Unavailable retry:true",
        "refresh ok",
        "refresh 503 Service Unavailable retry:true",
    ];
    assert!(
        answers.keys().all(|kind| allowed.contains(&kind.as_str())),
        "{answers:?}"
    );
    assert!(
        answers.contains_key(allowed[1]) && answers.contains_key(allowed[3]),
        "{answers:?}"
    );
    let log = cluster.log();
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_is_killed_takes_only_calls_in_flight_with_it() {
    let Some(postgres) = postgres() else { return };
    let database = postgres.database().unwrap();
    let mut cluster = Cluster::start("killed", &database).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let caller = cluster.caller();
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let (mut answered, mut lost) = (Vec::new(), 0_usize);
                while !stop.load(Ordering::Relaxed) {
                    match caller.call().await {
                        Ok(answer) => {
                            assert!(answer.is_good_call(), "{answer:?}");
                            answered.push(answer.request_id);
                        }
                        Err(_) => lost += 1,
                    }
                }
                (answered, lost)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.servers[1].process.kill().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.store(true, Ordering::Relaxed);
    let (mut answered, mut lost) = (BTreeSet::new(), 0);
    for caller in callers {
        let (requests, failed) = caller.await.unwrap();
        answered.extend(requests);
        lost += failed;
        // The call in flight, and one whose connection the server took while it ended.
        assert!(failed <= 2, "a caller lost {failed} calls");
    }
    println!("{} calls answered, {lost} lost in flight", answered.len());
    // What the killed server had recorded is stored by the one that is started in its place.
    let _next = One::start(&cluster.directory).await.unwrap();
    let name = database.rsplit('/').next().unwrap();
    let select = "SELECT request_id FROM audit WHERE action = 'tool.called' AND outcome = 'ok'";
    let begun = Instant::now();
    loop {
        let rows = postgres.run(name, select).unwrap();
        let recorded: Vec<_> = rows.lines().map(str::to_owned).collect();
        let once: BTreeSet<_> = recorded.iter().cloned().collect();
        assert_eq!(recorded.len(), once.len(), "a call is recorded twice");
        if answered.is_subset(&once) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "calls are missing");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
