//! Rows of the audit and calls, sent to a sink as they happen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::{HeaderMap, StatusCode};
use runtime::config::{Auth, Config};
use runtime::secret::{Secret, Source};
use serde_json::{Value, json};

use crate::support::{Client, TestServer};

const KEY: &[u8] = b"a key of thirty-two random bytes";

/// What receives batches.
#[derive(Default)]
struct Sink {
    /// Whether it answers 503 to all.
    is_down: AtomicBool,
    /// How many batches it refused.
    refused: AtomicUsize,
    /// The events by their ids, and how often each came.
    events: Mutex<BTreeMap<String, (Value, u32)>>,
}

impl Sink {
    async fn start() -> (Arc<Sink>, String) {
        let sink = Arc::new(Sink::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .route("/events", post(receive))
            .with_state(Arc::clone(&sink));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (sink, url)
    }

    fn count(&self) -> usize {
        self.events.lock().unwrap().len()
    }

    async fn until(&self, what: impl Fn(&Sink) -> bool) {
        for _ in 0..1200 {
            if what(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{} events came", self.count());
    }
}

async fn receive(State(sink): State<Arc<Sink>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    if sink.is_down.load(Ordering::SeqCst) {
        sink.refused.fetch_add(1, Ordering::SeqCst);
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    let header = |name: &str| headers[name].to_str().unwrap();
    assert_eq!(header("content-type"), "application/x-ndjson");
    // As the specification of Standard Webhooks has receivers check it.
    let text = std::str::from_utf8(&body).unwrap();
    let (id, time) = (header("webhook-id"), header("webhook-timestamp"));
    let signed = format!("{id}.{time}.{text}");
    let signature = header("webhook-signature").strip_prefix("v1,").unwrap();
    let signature = STANDARD.decode(signature).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA256, KEY);
    hmac::verify(&key, signed.as_bytes(), &signature).unwrap();
    let mut events = sink.events.lock().unwrap();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let id = event["id"].as_str().unwrap().to_owned();
        let times = events.get(&id).map_or(0, |(_, times)| *times);
        events.insert(id, (event, times + 1));
    }
    StatusCode::NO_CONTENT
}

fn secret() -> Source {
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    Source::Literal(Secret::new(&secret))
}

/// Sends calls to a sink, and lets connections make as many as they like.
fn metering(config: &mut Config, url: &str) {
    config.metering.url = Some(url.parse().unwrap());
    config.metering.secret = Some(secret());
    config.limits.calls_per_minute_per_grant = 1_000_000;
    config.limits.calls_per_minute_per_workspace = 1_000_000;
    config.server.max_calls_per_grant = 100;
    config.server.max_calls_per_workspace = 100;
}

/// Makes calls, some at once.
async fn call(server: &TestServer, token: &str, number: usize) {
    for _ in 0..number / 50 {
        let calls = (0..50).map(|_| server.call(token, "get_pet", json!({})));
        let answers = join_all(calls).await;
        assert!(answers.iter().all(|answer| answer.status == 200));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_calls_arrive_although_the_sink_is_down_and_the_server_starts_again() {
    let (sink, url) = Sink::start().await;
    let server = TestServer::with(|config| metering(config, &url)).await;
    let token = {
        let mut browser = server.first_person().await;
        let client = Client::claude(&server).await;
        client.connect(&mut browser, "full").await.access
    };
    call(&server, &token, 3000).await;
    sink.until(|sink| sink.count() > 0).await;
    sink.is_down.store(true, Ordering::SeqCst);
    call(&server, &token, 4000).await;
    sink.until(|sink| sink.refused.load(Ordering::SeqCst) > 0)
        .await;
    let (database, clock) = (server.database.clone(), Arc::clone(&server.clock));
    server.server.shutdown().await;
    assert!(sink.count() < 7000);
    let server = TestServer::again_with(&database, clock, |config| metering(config, &url)).await;
    sink.is_down.store(false, Ordering::SeqCst);
    call(&server, &token, 3000).await;
    sink.until(|sink| sink.count() == 10_000).await;
    server.server.shutdown().await;
    let events = sink.events.lock().unwrap();
    assert_eq!(events.len(), 10_000);
    let (event, _) = events.values().next().unwrap();
    assert_eq!(
        (&event["tool"], &event["cost"]),
        (&json!("get_pet"), &json!(1))
    );
    assert_eq!(event["upstream_workspace"], "home-1");
    let all = events.values().map(|(event, _)| event);
    let cost: u64 = all.map(|event| event["cost"].as_u64().unwrap()).sum();
    assert_eq!(cost, 10_000);
    assert!(events.values().all(|(event, _)| event["outcome"] == "ok"));
}

#[tokio::test]
async fn call_that_sent_nothing_costs_nothing() {
    let (sink, url) = Sink::start().await;
    let server = TestServer::with(|config| metering(config, &url)).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let full = client.connect(&mut browser, "full").await.access;
    let read = client.connect(&mut browser, "read-only").await.access;
    let pet = json!({"name": "Rex"});
    server.call(&full, "create_pet", pet.clone()).await;
    server.call(&full, "create_pet", json!({})).await;
    server.call(&full, "fetch_pet", json!({})).await;
    server.call(&read, "create_pet", pet).await;
    sink.until(|sink| sink.count() == 4).await;
    let events = sink.events.lock().unwrap();
    let mut metered: Vec<_> = events
        .values()
        .map(|(event, _)| {
            let text = |name: &str| event[name].as_str().unwrap();
            (
                text("tool"),
                text("outcome"),
                event["cost"].as_u64().unwrap(),
            )
        })
        .collect();
    metered.sort_unstable();
    let expected = [
        ("create_pet", "insufficient_scope", 0),
        ("create_pet", "invalid_arguments", 0),
        ("create_pet", "ok", 5),
        ("get_pet", "ok", 1),
    ];
    assert_eq!(metered, expected);
    let line = serde_json::to_string(&events.values().map(|it| &it.0).collect::<Vec<_>>());
    assert!(!line.unwrap().contains("Rex"));
}

#[tokio::test]
async fn rows_of_the_audit_are_appended_to_a_file_that_may_be_moved_away() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = file.join(format!("audit-{}.jsonl", std::process::id()));
    let moved = file.with_extension("1");
    for path in [&file, &moved] {
        let _ = std::fs::remove_file(path);
    }
    let server = TestServer::with(|config| config.audit.file = Some(file.clone())).await;
    let actions = |path: &std::path::Path| -> Vec<String> {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let rows = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        rows.map(|row| row["action"].as_str().unwrap().to_owned())
            .collect()
    };
    let until = async |action: &str| {
        for _ in 0..200 {
            if actions(&file).iter().any(|it| it == action) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{action} is not in {:?}", actions(&file));
    };
    let mut browser = server.first_person().await;
    until("login.ok").await;
    std::fs::rename(&file, &moved).unwrap();
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut browser, "full").await;
    until("token.issued").await;
    assert!(!actions(&file).contains(&"login.ok".to_owned()));
    server.call(&tokens.access, "get_pet", json!({})).await;
    server.server.shutdown().await;
    assert!(actions(&file).contains(&"tool.called".to_owned()));
    let mode = {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(&file).unwrap().permissions().mode()
    };
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn rows_that_wait_are_not_removed_to_make_room() {
    let (sink, url) = Sink::start().await;
    sink.is_down.store(true, Ordering::SeqCst);
    let server = TestServer::with(|config| {
        metering(config, &url);
        config.store.audit_rows = 1000;
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    call(&server, &token, 1500).await;
    let waiting = "SELECT COUNT(*) FROM audit WHERE pending_metering = 1";
    for _ in 0..200 {
        if server.count(waiting).await == 1500 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.count(waiting).await, 1500);
    // They take the place of no other row.
    let approved = "SELECT COUNT(*) FROM audit WHERE action = 'consent.approved'";
    assert_eq!(server.count(approved).await, 1);
    sink.is_down.store(false, Ordering::SeqCst);
    sink.until(|sink| sink.count() == 1500).await;
    // Now they may go.
    call(&server, &token, 50).await;
    for _ in 0..200 {
        if server.count("SELECT COUNT(*) FROM audit").await <= 1000 {
            assert_eq!(server.count(approved).await, 1);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("too many rows are left");
}

#[test]
fn sink_without_sign_in_is_reported() {
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
    let warns = |config: &Config| {
        let warnings = runtime::app::check(&crate::support::CATALOG, config).unwrap();
        warnings
            .iter()
            .any(|it| it.starts_with("[audit] and [metering] have no effect"))
    };
    assert!(!warns(&config));
    config.audit.file = Some("audit.jsonl".into());
    assert!(warns(&config));
}

#[tokio::test]
async fn sink_needs_https_and_a_secret_for_signatures() {
    let refused = async |change: fn(&mut Config)| {
        let mut config = Config::default();
        config.server.listen = "127.0.0.1:0".parse().unwrap();
        config.store.path = ":memory:".into();
        config.upstream.url = Some("http://127.0.0.1:1".parse().unwrap());
        change(&mut config);
        let environment = runtime::app::Environment::default();
        let error = runtime::app::start(&crate::support::CATALOG, config, environment).await;
        error.unwrap_err().to_string()
    };
    let error =
        refused(|config| config.audit.url = Some("http://logs.example.com".parse().unwrap()));
    assert!(error.await.starts_with("audit.url: is no https URL"));
    let error = refused(|config| config.metering.url = Some("https://a.example".parse().unwrap()));
    assert!(error.await.starts_with("metering.secret: is missing"));
    let error = refused(|config| {
        config.audit.url = Some("https://a.example".parse().unwrap());
        config.audit.secret = Some(Source::Literal(Secret::new("hunter2")));
    });
    let error = error.await;
    assert!(
        error.starts_with("audit.secret: is not a secret"),
        "{error}"
    );
    assert!(!error.contains("hunter2"));
    let error = refused(|config| {
        config.audit.url = Some("https://a.example".parse().unwrap());
        config.audit.file = Some("audit.jsonl".into());
    });
    assert!(error.await.starts_with("audit.url: is set"));
}
