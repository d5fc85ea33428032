//! Requests that are sent again, and those that never are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use runtime::call::ErrorKind;
use runtime::clock::Clock;
use runtime::codegen::{Access, Catalog, Operation, Parameter, Schema};
use runtime::upstream::{Body, Mode, Upstream};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{Api, CATALOG, NewYear, READ, WRITE, call, closed, receive};

const OK: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\
                  Content-Length: 7\r\n\r\n{\"a\":1}";
const KEPT: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
const CUT_OFF: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\"";
const UNAVAILABLE: &str =
    "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const FAST: &str = "retries.initial_delay_ms = 1";

static PUT: Operation = Operation {
    name: "put",
    method: "PUT",
    path: "/items/1",
    access: Access::Write,
    ..Operation::BASE
};

static WITH_KEY: Operation = Operation {
    name: "with_key",
    method: "POST",
    path: "/items",
    access: Access::Write,
    idempotent: false,
    parameters: &[Parameter {
        argument: "idempotency_key",
        ..Parameter::header("Idempotency-Key")
    }],
    input: Schema {
        json: r#"{"type":"object","properties":{"idempotency_key":{"type":"string"}}}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static KEYED: Catalog = Catalog {
    operations: &[&[&WITH_KEY]],
    ..catalog()
};

const fn catalog() -> Catalog {
    Catalog {
        name: "test",
        server_name: "test",
        title: "Test",
        version: "1",
        ..Catalog::EMPTY
    }
}

/// A server that answers each request with the next of these, and then with the last one.
async fn scripted(answers: &'static [&'static str]) -> Api {
    let next = AtomicUsize::new(0);
    Api::start(move |_| {
        let at = next.fetch_add(1, Ordering::Relaxed);
        answers[at.min(answers.len() - 1)].as_bytes().to_vec()
    })
    .await
}

#[tokio::test]
async fn read_recovers_from_a_failure_that_passes() {
    for failure in [
        "",
        CUT_OFF,
        UNAVAILABLE,
        "HTTP/1.1 502 Bad Gateway\r\n\r\n",
        "HTTP/1.1 504 Gateway Timeout\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\n\r\n",
    ] {
        let api = scripted(vec![failure, OK].leak()).await;
        let answer = api.call_with(&READ, &Value::Null, FAST).await.unwrap();
        assert_eq!(answer.body, Body::Json(json!({"a": 1})), "{failure}");
        assert_eq!(api.seen().len(), 2, "{failure}");
    }
}

#[tokio::test]
async fn write_that_may_have_been_handled_is_sent_once() {
    for failure in [
        "",
        CUT_OFF,
        UNAVAILABLE,
        "HTTP/1.1 503 X\r\nRetry-After: 0\r\n\r\n",
        "HTTP/1.1 502 X\r\n\r\n",
        "HTTP/1.1 429 X\r\n\r\n",
        "HTTP/1.1 408 X\r\n\r\n",
    ] {
        let api = scripted(vec![failure, OK].leak()).await;
        let answer = api.call_with(&WRITE, &Value::Null, FAST).await;
        assert_eq!(api.seen().len(), 1, "{failure}: {answer:?}");
    }
}

#[tokio::test]
async fn write_by_an_idempotent_method_recovers() {
    let api = scripted(&["", UNAVAILABLE, OK]).await;
    api.call_with(&PUT, &Value::Null, FAST).await.unwrap();
    assert_eq!(api.seen().len(), 3);
}

#[tokio::test]
async fn read_that_the_description_calls_not_idempotent_is_sent_once() {
    static DRAW: Operation = Operation {
        idempotent: false,
        ..Operation::BASE
    };
    let api = scripted(&[UNAVAILABLE, OK]).await;
    let error = api.call_with(&DRAW, &Value::Null, FAST).await.unwrap_err();
    assert_eq!((error.attempts, api.seen().len()), (None, 1));
}

#[tokio::test]
async fn write_with_an_idempotency_key_recovers_with_the_same_key() {
    let api = scripted(&["", OK]).await;
    let arguments = json!({"idempotency_key": "k-1"});
    api.call_with(&WITH_KEY, &arguments, FAST).await.unwrap();
    let seen = api.seen();
    assert_eq!(seen.len(), 2);
    for request in seen {
        assert!(request.contains("idempotency-key: k-1\r\n"), "{request}");
    }
}

#[tokio::test]
async fn declared_idempotency_key_is_filled_where_a_call_has_none() {
    let keys = |api: &Api| -> Vec<String> {
        let seen = api.seen();
        let keys = seen.iter().filter_map(|request| {
            let (_, rest) = request.split_once("idempotency-key: ")?;
            Some(rest.lines().next()?.to_owned())
        });
        keys.collect()
    };
    let api = scripted(&["", OK]).await;
    let upstream = |settings: &str| {
        let settings = api.settings(settings);
        Upstream::new(&KEYED, &settings, Mode::Live, Arc::new(NewYear)).unwrap()
    };
    call(&upstream(FAST), &WITH_KEY, &Value::Null)
        .await
        .unwrap();
    let sent = keys(&api);
    assert_eq!(sent.len(), 2);
    assert_eq!((sent[0].len(), &sent[0]), (36, &sent[1]));
    let off = upstream("retries = { initial_delay_ms = 1, idempotency_keys = false }");
    call(&off, &WITH_KEY, &Value::Null).await.unwrap();
    assert_eq!(keys(&api).len(), 2);
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let asks = "HTTP/1.1 503 X\r\nRetry-After: 1\r\n\r\n";
    let api = scripted(vec![asks, OK].leak()).await;
    let started = Instant::now();
    api.call_with(&READ, &Value::Null, FAST).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn wait_beyond_the_bound_or_the_deadline_is_reported_instead() {
    let api = scripted(&["HTTP/1.1 429 X\r\nRetry-After: 5\r\n\r\n"]).await;
    for settings in ["retries.max_delay_seconds = 4", "timeout_seconds = 3"] {
        let before = api.seen().len();
        let error = api.call_with(&READ, &Value::Null, settings).await;
        let error = error.unwrap_err();
        assert_eq!(error.retry_after_seconds, Some(5));
        assert_eq!(error.attempts, None);
        assert_eq!(api.seen().len() - before, 1, "{settings}");
    }
}

#[tokio::test]
async fn wait_that_the_body_asks_for_is_reported_instead() {
    let answer = "HTTP/1.1 429 X\r\nContent-Type: application/json\r\n\r\n\
                  {\"error\":{\"code\":429,\"details\":[{\"@type\":\
                  \"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"37s\"}]}}";
    let api = scripted(vec![answer].leak()).await;
    let error = api.call_with(&READ, &Value::Null, FAST).await.unwrap_err();
    assert_eq!((error.retry_after_seconds, api.seen().len()), (Some(37), 1));
}

#[tokio::test]
async fn slow_answer_uses_up_the_deadline_of_all_attempts() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut api = Api::answering("").await;
    api.url = format!("http://{}", listener.local_addr().unwrap());
    let settings = "timeout_seconds = 1\nretries.initial_delay_ms = 1";
    let called = api.call_with(&READ, &Value::Null, settings);
    let error = called.await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::Timeout, None));
}

#[tokio::test]
async fn failure_that_lasts_names_the_attempts() {
    let api = scripted(&[UNAVAILABLE]).await;
    let error = api.call_with(&READ, &Value::Null, FAST).await.unwrap_err();
    assert_eq!((error.attempts, api.seen().len()), (Some(3), 3));
    assert!(error.message.ends_with("(3 attempts)"), "{}", error.message);
    let once = "retries.max_attempts = 1";
    let error = api.call_with(&READ, &Value::Null, once).await.unwrap_err();
    assert_eq!((error.attempts, api.seen().len()), (None, 4));
}

#[tokio::test]
async fn delete_that_may_have_worked_at_first_says_so() {
    static DELETE: Operation = Operation {
        method: "DELETE",
        access: Access::Write,
        ..Operation::BASE
    };
    let api = scripted(&["", "HTTP/1.1 404 Not Found\r\n\r\n"]).await;
    let called = api.call_with(&DELETE, &Value::Null, FAST);
    let error = called.await.unwrap_err();
    assert_eq!((error.kind, error.attempts), (ErrorKind::NotFound, Some(2)));
    assert!(error.hint.unwrap().contains("may have been made"));
}

#[tokio::test]
async fn write_that_was_not_sent_is_tried_again() {
    let mut api = Api::answering("").await;
    api.url = closed().await;
    let called = api.call_with(&WRITE, &Value::Null, FAST);
    let error = called.await.unwrap_err();
    assert_eq!((error.attempts, error.retryable), (Some(3), true));
}

#[tokio::test]
async fn write_that_was_answered_by_a_redirect_is_sent_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut api = Api::answering("").await;
    api.url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert!(receive(&mut stream).await.starts_with("POST /items "));
        // From now on, no connection can be made.
        drop(listener);
        let redirect = "HTTP/1.1 303 See Other\r\nConnection: close\r\nLocation: /items/1\r\n\
                        Content-Length: 0\r\n\r\n";
        stream.write_all(redirect.as_bytes()).await.unwrap();
    });
    let called = api.call_with(&WRITE, &Value::Null, FAST);
    let error = called.await.unwrap_err();
    server.await.unwrap();
    assert_eq!((error.attempts, error.retryable), (None, false));
    assert!(error.hint.unwrap().contains("may have been made"));
}

#[tokio::test]
async fn retries_of_a_workspace_have_a_budget() {
    let api = scripted(&[UNAVAILABLE]).await;
    let more = "retries = { initial_delay_ms = 1, per_minute_per_workspace = 2 }";
    let settings = api.settings(more);
    let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
    for _ in 0..5 {
        call(&upstream, &READ, &Value::Null).await.unwrap_err();
    }
    assert_eq!(api.seen().len(), 5 + 2);
}

/// A clock that a test sets.
#[derive(Debug, Default)]
struct Set(AtomicU64);

impl Set {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for Set {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600 + self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn circuit_opens_after_failures_and_closes_after_an_answer() {
    let api = scripted(&["", UNAVAILABLE, UNAVAILABLE, OK]).await;
    let more = "retries.max_attempts = 1\ncircuit_breaker = { failures = 2, open_seconds = 30 }";
    let clock = Arc::new(Set::default());
    let upstream = Upstream::new(&CATALOG, &api.settings(more), Mode::Live, clock.clone());
    let upstream = upstream.unwrap();
    let calls = async || call(&upstream, &READ, &Value::Null).await;
    for _ in 0..2 {
        calls().await.unwrap_err();
    }
    clock.advance(10);
    let error = call(&upstream, &WRITE, &Value::Null).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::UpstreamUnavailable);
    assert_eq!(
        (error.retryable, error.retry_after_seconds),
        (true, Some(20))
    );
    assert!(error.message.contains("nothing was sent"));
    assert_eq!(api.seen().len(), 2);
    // The call that tries the API fails: the circuit is open again.
    clock.advance(20);
    assert_eq!(calls().await.unwrap_err().status, Some(503));
    assert_eq!(calls().await.unwrap_err().retry_after_seconds, Some(30));
    assert_eq!(api.seen().len(), 3);
    clock.advance(30);
    for _ in 0..3 {
        calls().await.unwrap();
    }
    assert_eq!(api.seen().len(), 6);
}

#[tokio::test]
async fn circuit_opens_where_the_host_cannot_be_reached() {
    let mut api = Api::answering("").await;
    api.url = closed().await;
    let more = "retries.max_attempts = 1\ncircuit_breaker.failures = 2";
    let settings = api.settings(more);
    let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
    for message in ["cannot be reached", "cannot be reached", "pauses its calls"] {
        let error = call(&upstream, &READ, &Value::Null).await.unwrap_err();
        assert!(error.message.contains(message), "{}", error.message);
    }
}

/// Answers the first request of each connection and closes after it has read a second one, or the
/// head of it.
async fn closing_after_the_first(reads_bodies: bool) -> (Api, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut api = Api::answering("").await;
    api.url = format!("http://{}", listener.local_addr().unwrap());
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let counted = Arc::clone(&counted);
            tokio::spawn(async move {
                for answers in [true, false] {
                    let request = match reads_bodies || answers {
                        true => receive(&mut stream).await,
                        false => {
                            stream.readable().await.unwrap();
                            let mut bytes = [0; 4];
                            let read = stream.try_read(&mut bytes).unwrap_or(0);
                            String::from_utf8_lossy(&bytes[..read]).into_owned()
                        }
                    };
                    counted.fetch_add(usize::from(request.starts_with("POST")), Ordering::SeqCst);
                    if answers {
                        stream.write_all(KEPT.as_bytes()).await.unwrap();
                    }
                }
            });
        }
    });
    (api, writes)
}

#[tokio::test]
async fn write_on_a_reused_connection_that_closes_is_not_sent_again_by_the_library() {
    for reads_bodies in [true, false] {
        let (api, writes) = closing_after_the_first(reads_bodies).await;
        let settings = api.settings(FAST);
        let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
        call(&upstream, &READ, &Value::Null).await.unwrap();
        let error = call(&upstream, &WRITE, &Value::Null).await.unwrap_err();
        assert_eq!(
            (error.kind, error.retryable),
            (ErrorKind::UpstreamUnavailable, false)
        );
        assert_eq!(writes.load(Ordering::SeqCst), 1);
    }
}
