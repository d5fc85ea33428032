//! What becomes of callers when the database is away, or a server is killed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use postgres_server::Server;
use tests::harness::oauth::Tokens;
use tests::harness::requirement::require;
use tests::harness::store_connection::StoreConnection;
use tokio::task::JoinHandle;

use crate::cluster::{Cluster, One, postgres};

/// How long the database is away.
const OUTAGE: Duration = Duration::from_secs(10);
/// How long everything may take to work again, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);
/// How soon calls have to work once the database is back.
const RECOVERY: Duration = Duration::from_secs(2);
/// How many clients call at once.
const CALLERS: usize = 16;
/// How many clients refresh over and over.
const REFRESHING: usize = 4;

/// How many answers of each kind there were.
type Answers = BTreeMap<String, usize>;

/// Clients that go on until they are stopped.
struct Load {
    stop: Arc<AtomicBool>,
    callers: Vec<JoinHandle<Answers>>,
    /// Those that refresh, and the last refresh token of each.
    refreshing: Vec<JoinHandle<(Answers, String)>>,
}

impl Load {
    /// Calls a tool at each server over and over, and refreshes tokens at them in turn.
    fn start(cluster: &Arc<Cluster>, refreshed: Vec<Tokens>) -> Load {
        let stop = Arc::new(AtomicBool::new(false));
        let callers = (0..CALLERS).map(|caller| {
            let (cluster, stop) = (Arc::clone(cluster), Arc::clone(&stop));
            tokio::spawn(async move { calls(&cluster, caller % 2, &stop).await })
        });
        let refreshing = refreshed.into_iter().map(|tokens| {
            let (cluster, stop) = (Arc::clone(cluster), Arc::clone(&stop));
            tokio::spawn(async move { refreshes(&cluster, tokens.refresh, &stop).await })
        });
        Load {
            callers: callers.collect(),
            refreshing: refreshing.collect(),
            stop,
        }
    }

    /// Stops them. Returns what was answered, and the last refresh tokens.
    async fn finish(self) -> (Answers, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut all, mut tokens) = (Answers::new(), Vec::new());
        let mut add = |answers: Answers| {
            for (kind, count) in answers {
                *all.entry(kind).or_default() += count;
            }
        };
        for caller in self.callers {
            add(caller.await.unwrap());
        }
        for client in self.refreshing {
            let (answers, token) = client.await.unwrap();
            add(answers);
            tokens.push(token);
        }
        (all, tokens)
    }
}

async fn calls(cluster: &Cluster, server: usize, stop: &AtomicBool) -> Answers {
    let mut answers = Answers::new();
    while !stop.load(Ordering::Relaxed) {
        let answer = cluster.call(server, &cluster.tokens.access).await.unwrap();
        let kind = match answer.is_good_call() {
            true => "call ok".to_owned(),
            false => format!("call {} retry:{}", answer.status, answer.retries),
        };
        *answers.entry(kind).or_default() += 1;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    answers
}

async fn refreshes(cluster: &Cluster, mut token: String, stop: &AtomicBool) -> (Answers, String) {
    let mut answers = Answers::new();
    let mut server = 0;
    while !stop.load(Ordering::Relaxed) {
        let answer = cluster.refresh(server, &token).await.unwrap();
        let kind = match answer.status {
            StatusCode::OK => "refresh ok".to_owned(),
            status => format!("refresh {status} retry:{}", answer.retries),
        };
        *answers.entry(kind).or_default() += 1;
        if answer.status == StatusCode::OK {
            answer.text("refresh_token").clone_into(&mut token);
        }
        server = 1 - server;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    (answers, token)
}

/// Has the database be away for so long under load. Returns how long it took until calls worked again at
/// both servers, counted from the moment at which the database accepts connections.
async fn outage(cluster: &Arc<Cluster>, database: &Server, lasts: Duration) -> Duration {
    // Refreshing the grant of the calls would end the token that they carry.
    let mut refreshed = Vec::new();
    for _ in 0..REFRESHING {
        refreshed.push(cluster.client.connect(&cluster.person).await.unwrap());
    }
    let load = Load::start(cluster, refreshed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    tokio::task::block_in_place(|| database.stop()).unwrap();
    tokio::time::sleep(lasts).await;
    assert!(!cluster.servers[0].is_ready().await);
    tokio::task::block_in_place(|| database.resume()).unwrap();
    let back = Instant::now();
    for server in 0..2 {
        let token = &cluster.tokens.access;
        while !cluster.call(server, token).await.unwrap().is_good_call() {
            assert!(back.elapsed() < PATIENCE, "{}", cluster.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let recovered = back.elapsed();
    for server in &cluster.servers {
        while !server.is_ready().await {
            assert!(back.elapsed() < PATIENCE, "{}", cluster.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let ready = back.elapsed();
    let (answers, tokens) = load.finish().await;
    println!(
        "{lasts:?} away: calls work after {recovered:?}, servers are ready after {ready:?}: {answers:?}"
    );
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
    // No grant is lost: the last token that each client received is rotated, and its successor works.
    for token in tokens {
        let answer = cluster.refresh(0, &token).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let token = answer.text("access_token");
        assert!(cluster.call(1, token).await.unwrap().is_good_call());
    }
    recovered
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
    let cluster = Arc::new(cluster);
    let mut recovered = outage(&cluster, &database, OUTAGE).await;
    // A machine that does other things meanwhile may be late: not every time.
    for _ in 0..2 {
        if recovered > RECOVERY {
            recovered = outage(&cluster, &database, OUTAGE / 5).await;
        }
    }
    assert!(recovered <= RECOVERY, "recovered after {recovered:?}");
    let log = cluster.log();
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_queries_are_answered_with_503_that_says_when_to_try_again() {
    let Some(postgres) = postgres() else { return };
    let database = postgres.database().unwrap();
    let cluster = Cluster::start("slow", &database).await.unwrap();
    let mut other = StoreConnection::open(&database).await.unwrap();
    for statement in [
        "BEGIN",
        "LOCK TABLE access_tokens, refresh_tokens IN ACCESS EXCLUSIVE MODE",
    ] {
        other.run(statement).await.unwrap();
    }
    // A server believes what it read for half a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    for server in 0..2 {
        let begun = Instant::now();
        let (call, refresh) = tokio::join!(
            cluster.call(server, &cluster.tokens.access),
            cluster.refresh(server, &cluster.tokens.refresh),
        );
        println!("answered after {:?}", begun.elapsed());
        assert!(begun.elapsed() < PATIENCE, "{}", cluster.log());
        for answer in [call.unwrap(), refresh.unwrap()] {
            assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
            assert!(answer.retries, "{answer:?}");
        }
    }
    drop(other);
    for server in 0..2 {
        let token = &cluster.tokens.access;
        assert!(cluster.call(server, token).await.unwrap().is_good_call());
    }
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
    // The grant is alive: the other server rotates its token.
    let refreshed = cluster.refresh(0, &cluster.tokens.refresh).await.unwrap();
    assert_eq!(refreshed.status, StatusCode::OK, "{refreshed:?}");
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
