//! A server that is killed, again and again, in the middle of calls.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tests::harness::client::Client;
use tests::harness::recorder::Recorder;
use tokio::io::AsyncReadExt as _;
use tokio::task::JoinSet;

use crate::world::{World, read, write};

const KILLS: u32 = 6;
const CALLERS: usize = 8;

/// Calls until the server is gone; returns the ids of the requests that were answered.
async fn until_killed(client: Client, writes: bool) -> Vec<String> {
    let (tool, arguments) = match writes {
        true => write(),
        false => read(),
    };
    let params = serde_json::json!({"name": tool, "arguments": arguments});
    let mut answered = Vec::new();
    while let Ok(answer) = client.send("tools/call", params.clone()).await {
        assert_eq!(
            answer.message["result"]["isError"], false,
            "{}",
            answer.message
        );
        answered.extend(answer.request_id);
    }
    answered
}

/// The ids under which requests that may change something reached the API.
fn writes(api: &Recorder) -> BTreeSet<String> {
    let requests = api
        .take()
        .into_iter()
        .filter(|request| request.method != "GET");
    let ids = requests.map(|request| request.headers["x-request-id"].to_str().unwrap().to_owned());
    ids.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_call_is_recorded_once_whenever_the_server_is_killed() {
    let world = Arc::new(World::prepare("kills").await);
    let (mut answered, mut sent) = (Vec::new(), BTreeSet::new());
    for kill in 0..KILLS {
        let server = world.start().await;
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(until_killed(world.client.clone(), caller % 2 == 0));
        }
        tokio::time::sleep(Duration::from_millis(150 + 70 * u64::from(kill))).await;
        server.kill().await.unwrap();
        answered.extend(callers.join_all().await.into_iter().flatten());
        sent.extend(writes(&world.api));
    }
    // What the last one left is taken over at the next start.
    let server = world.start().await;
    let last = world.call(read()).await.unwrap();
    assert!(
        answered.len() > 20,
        "only {} calls were answered",
        answered.len()
    );
    let recorded = world.recorded().await;
    for id in &answered {
        assert_eq!(
            recorded.get(id).map(Vec::as_slice),
            Some(&["ok".to_owned()][..]),
            "{id}"
        );
    }
    // A possible change is known, even if no client was answered.
    for id in &sent {
        assert_eq!(recorded.get(id).map(Vec::len), Some(1), "{id}");
    }
    assert!(recorded.values().all(|outcomes| outcomes.len() == 1));
    server.stop().await.unwrap();
    let recorded = world.recorded().await;
    assert_eq!(recorded[&last.request_id.unwrap()], ["ok"]);
    assert!(
        !world.beside(".calls").exists(),
        "a server that ends leaves no spool"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_process_that_was_killed_are_taken_over_by_another_one_that_starts() {
    let world = World::prepare("beside").await;
    let first = world.start().await;
    // The store cannot take over meanwhile.
    let locked = world.lock_store().await;
    let id = world.call(write()).await.unwrap().request_id.unwrap();
    first.kill().await.unwrap();
    let spool = world.beside(".calls");
    let text = std::fs::read_to_string(&spool).unwrap();
    assert_eq!(text.matches(&id).count(), 2, "{text}");
    drop(locked);
    std::fs::remove_file(&spool).unwrap();
    // In the place that the next process takes for its own, and in the place of a second process. It
    // is taken over once, even where its file comes back.
    let places = [spool, world.beside(".calls-2")];
    for place in places.iter().chain(&places) {
        // The process ended in the middle of a line.
        std::fs::write(place, format!("{text}{{\"id\":1,\"request_id\":\"tor")).unwrap();
        let next = world.start().await;
        assert_eq!(world.ended(&id).await, ["ok"]);
        next.stop().await.unwrap();
        assert!(!place.exists(), "{}", place.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_under_way_when_the_server_is_killed_is_recorded_without_its_end() {
    // An API that never answers.
    let api = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", api.local_addr().unwrap());
    let world = World::before("under-way", &url.parse().unwrap()).await;
    let server = world.start().await;
    let client = world.client.clone();
    let (tool, arguments) = write();
    let params = serde_json::json!({"name": tool, "arguments": arguments});
    let calling = tokio::spawn(async move { client.send("tools/call", params).await });
    let (mut connection, _) = api.accept().await.unwrap();
    let mut head = Vec::new();
    while !String::from_utf8_lossy(&head).contains("\r\n\r\n") {
        assert_ne!(connection.read_buf(&mut head).await.unwrap(), 0);
    }
    let head = String::from_utf8(head).unwrap();
    let (_, id) = head.split_once("x-request-id: ").unwrap();
    let id = id.split("\r\n").next().unwrap();
    server.kill().await.unwrap();
    assert!(calling.await.unwrap().is_err());
    let next = world.start().await;
    assert_eq!(world.recorded_of(id).await, ["unknown"]);
    next.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn export_has_every_answered_call_whenever_the_server_is_killed() {
    let world = World::prepare("export").await;
    let file = world.deployment.directory.join("audit.jsonl");
    let configuration = world.deployment.directory.join("connector.toml");
    let text = std::fs::read_to_string(&configuration).unwrap();
    let text = format!("{text}\n[audit]\nfile = \"audit.jsonl\"\n");
    std::fs::write(&configuration, text).unwrap();
    let mut answered = Vec::new();
    for kill in 0..KILLS {
        let server = world.start().await;
        let mut callers = JoinSet::new();
        for caller in 0..CALLERS {
            callers.spawn(until_killed(world.client.clone(), caller % 2 == 0));
        }
        // Longer than it takes until rows are exported.
        tokio::time::sleep(Duration::from_millis(600 + 250 * u64::from(kill))).await;
        server.kill().await.unwrap();
        answered.extend(callers.join_all().await.into_iter().flatten());
    }
    assert!(answered.len() > 20, "{}", answered.len());
    let server = world.start().await;
    let exported = || -> BTreeSet<String> {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        // A line that a kill cut off is followed by the whole one.
        let rows = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let ended = rows.filter(|row: &serde_json::Value| row["outcome"] == "ok");
        ended
            .map(|row| row["request_id"].as_str().unwrap().to_owned())
            .collect()
    };
    // The server that was killed has the sink for itself for half a minute.
    for _ in 0..900 {
        let exported = exported();
        if answered.iter().all(|id| exported.contains(id)) {
            server.stop().await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let exported = exported();
    let missing = answered.iter().filter(|id| !exported.contains(*id)).count();
    panic!("{missing} of {} calls are missing", answered.len());
}
