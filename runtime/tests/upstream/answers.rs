//! How answers come back.

use std::time::Duration;

use runtime::upstream::{Answer, Body, Truncation, TruncationCause, Unit};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{Api, READ, WRITE, receive};

/// 20,000 times `a`, compressed with gzip.
const BOMB: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xed\xc1\x31\x01\x00\x00\x00\xc2\xa0\xac\xeb\x5f\xc2\x1a\x1e\x40\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0\x60\x31\x87\xbd\xca\x20\x4e\x00\x00";
/// `{"a":1}`, compressed with gzip.
const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x54\xb2\x32\xac\x05\x00\xaf\xac\x1b\x56\x07\x00\x00\x00";

fn compressed(bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
         Content-Length: {}\r\n\r\n",
        bytes.len()
    );
    [head.as_bytes(), bytes].concat()
}

fn plain(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn json_comes_back_as_data_with_the_apis_id() {
    let api = Api::answering(
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nRequest-Id: u-1\r\n\r\n{\"a\":1.10}",
    )
    .await;
    let answer = api.call(&READ).await.unwrap();
    assert_eq!((answer.status, answer.truncated), (201, None));
    assert_eq!(answer.upstream_request_id.as_deref(), Some("u-1"));
    let Body::Json(value) = answer.body else {
        panic!("it is JSON");
    };
    assert_eq!(value.to_string(), "{\"a\":1.10}");
}

#[tokio::test]
async fn compressed_answers_are_read() {
    let api = Api::start(|_| compressed(GZIP)).await;
    assert_eq!(
        api.call(&READ).await.unwrap().body,
        Body::Json(json!({"a": 1}))
    );
}

#[tokio::test]
async fn the_limit_counts_what_comes_out_of_compression() {
    let api = Api::start(|_| compressed(BOMB)).await;
    let answer = api
        .call_with(&READ, &Value::Null, "max_response_bytes = 1000")
        .await
        .unwrap();
    assert_eq!(answer.body, Body::Text("a".repeat(1000)));
    assert_eq!(
        answer.truncated,
        Some(Truncation {
            cause: TruncationCause::Limit,
            unit: Unit::Bytes,
            received: 1000,
            missing: None,
        })
    );
}

#[tokio::test]
async fn a_long_answer_is_its_beginning_and_says_how_much_is_missing() {
    let api = Api::start(|_| plain(&"x".repeat(100_000))).await;
    let answer = api
        .call_with(&READ, &Value::Null, "max_response_bytes = 10")
        .await
        .unwrap();
    assert_eq!(answer.body, Body::Text("xxxxxxxxxx".to_owned()));
    assert_eq!(
        answer.truncated.unwrap().to_string(),
        "The answer is longer than this server reads: these are its first 10 bytes, \
         99990 bytes are missing. Ask for less at once, by a page, a filter or a shorter span, \
         where the tool has one."
    );
}

#[tokio::test]
async fn an_answer_as_long_as_the_limit_is_whole() {
    let api = Api::start(|_| plain("0123456789")).await;
    let answer = api
        .call_with(&READ, &Value::Null, "max_response_bytes = 10")
        .await
        .unwrap();
    assert_eq!(answer.truncated, None);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_what_came() {
    let api = Api::answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"a\":").await;
    let answer = api.call(&READ).await.unwrap();
    assert_eq!(answer.body, Body::Text("{\"a\":".to_owned()));
    let truncated = answer.truncated.unwrap();
    assert_eq!(
        (truncated.cause, truncated.missing),
        (TruncationCause::Broken, Some(95))
    );
}

#[tokio::test]
async fn a_stream_that_never_ends_is_what_came_in_time() {
    let answer = endless("data: 1\n\nevent: tick\ndata: {\"n\": 2}\n\ndata: brok").await;
    let events = json!([{"data": "1"}, {"event": "tick", "data": {"n": 2}}]);
    assert_eq!(answer.body, Body::Json(events));
    assert_eq!(
        answer.truncated.unwrap().to_string(),
        "The answer did not end in time: these are its first 2 items, \
         an unknown number of items is missing."
    );
}

#[tokio::test]
async fn a_stream_that_says_nothing_is_no_failure() {
    let answer = endless("").await;
    assert_eq!(answer.body, Body::Json(json!([])));
    assert_eq!(answer.truncated.unwrap().cause, TruncationCause::Time);
}

/// What a call makes of an event stream that begins so and stays open.
async fn endless(beginning: &'static str) -> Answer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        receive(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut api = Api::answering("").await;
    api.url = url;
    api.call_with(&READ, &Value::Null, "stream_seconds = 1")
        .await
        .unwrap()
}

#[tokio::test]
async fn of_a_long_stream_the_first_items_are_kept_and_the_rest_is_counted() {
    let api = Api::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/jsonl\r\n\r\n1\n{\"a\":2}\n3\n",
    )
    .await;
    let answer = api
        .call_with(&READ, &Value::Null, "max_stream_items = 2")
        .await
        .unwrap();
    assert_eq!(answer.body, Body::Json(json!([1, {"a": 2}])));
    let truncated = answer.truncated.unwrap();
    assert_eq!(
        (truncated.unit, truncated.received, truncated.missing),
        (Unit::Items, 2, Some(1))
    );
}

#[tokio::test]
async fn a_stream_longer_than_the_limit_loses_the_item_that_was_cut() {
    let api =
        Api::answering("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n11\n22\n33\n")
            .await;
    let answer = api
        .call_with(&READ, &Value::Null, "max_response_bytes = 7")
        .await
        .unwrap();
    assert_eq!(answer.body, Body::Json(json!([11, 22])));
    assert_eq!(answer.truncated.unwrap().cause, TruncationCause::Limit);
}

#[tokio::test]
async fn a_cut_leaves_no_half_of_a_character() {
    let api = Api::start(|_| plain("né")).await;
    let answer = api
        .call_with(&READ, &Value::Null, "max_response_bytes = 2")
        .await
        .unwrap();
    assert_eq!(answer.body, Body::Text("n".to_owned()));
}

#[tokio::test]
async fn no_content_is_empty() {
    let api = Api::answering("HTTP/1.1 204 No Content\r\n\r\n").await;
    assert_eq!(api.call(&READ).await.unwrap().body, Body::Empty);
}

#[tokio::test]
async fn a_redirect_on_the_same_host_is_followed() {
    let api = Api::start(|request| {
        let answer = match request.split(' ').nth(1) {
            Some("/") => "HTTP/1.1 308 Permanent Redirect\r\nLocation: /new?a=1\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\n\r\n[1]",
        };
        answer.as_bytes().to_vec()
    })
    .await;
    assert_eq!(api.call(&READ).await.unwrap().body, Body::Json(json!([1])));
    assert!(api.seen()[1].starts_with("GET /new?a=1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn see_other_after_a_write_is_read() {
    let api = Api::start(|request| {
        let answer = match request.split(' ').next() {
            Some("POST") => "HTTP/1.1 303 See Other\r\nLocation: /items/1\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\n\r\n[1]",
        };
        answer.as_bytes().to_vec()
    })
    .await;
    assert_eq!(api.call(&WRITE).await.unwrap().body, Body::Json(json!([1])));
    assert!(api.seen()[1].starts_with("GET /items/1 HTTP/1.1\r\n"));
}

#[tokio::test]
async fn a_started_write_runs_on_when_its_caller_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut api = Api::answering("").await;
    api.url = format!("http://{}", listener.local_addr().unwrap());
    let caller = tokio::spawn(async move { api.call(&WRITE).await });
    let (mut stream, _) = listener.accept().await.unwrap();
    receive(&mut stream).await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    // A task that still follows this redirect has not been cancelled.
    let redirect = b"HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nLocation: /on\r\n\r\n";
    stream.write_all(redirect).await.unwrap();
    drop(stream);
    let next = tokio::time::timeout(Duration::from_secs(30), listener.accept());
    let (mut stream, _) = next.await.expect("the write was given up").unwrap();
    assert!(receive(&mut stream).await.starts_with("POST /on "));
}
