//! How failures come back.

use runtime::call::{CallError, ErrorKind};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::support::{Api, READ, WRITE, closed};

async fn failing(answer: &'static str) -> CallError {
    Api::answering(answer).await.call(&READ).await.unwrap_err()
}

#[tokio::test]
async fn too_many_requests_say_how_long_to_wait() {
    let error = failing(
        "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nX-RateLimit-Limit: 100\r\n\
         X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1767225630\r\nX-Request-Id: u-1\r\n\
         Content-Type: application/problem+json\r\n\r\n\
         {\"title\":\"Slow down\",\"detail\":\"100 a minute\"}",
    )
    .await;
    assert_eq!(
        serde_json::to_value(&error).unwrap(),
        json!({
            "kind": "rate_limited",
            "status": 429,
            "message": "Slow down: 100 a minute",
            "request_id": "r-1",
            "upstream_request_id": "u-1",
            "retryable": true,
            "retry_after_seconds": 30,
            "rate_limit": {"limit": 100, "remaining": 0, "reset_at": "2026-01-01T00:00:30Z"},
            "details": {"title": "Slow down", "detail": "100 a minute"},
            "hint": "Wait for `retry_after_seconds` or until `rate_limit.reset_at`, then call again.",
        })
    );
}

#[tokio::test]
async fn statuses_are_kinds() {
    for (status, kind) in [
        (400, ErrorKind::InvalidRequest),
        (401, ErrorKind::Unauthenticated),
        (402, ErrorKind::PaymentRequired),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (422, ErrorKind::InvalidRequest),
        (500, ErrorKind::UpstreamError),
        (504, ErrorKind::Timeout),
    ] {
        let api = Api::start(move |_| format!("HTTP/1.1 {status} X\r\n\r\n").into_bytes()).await;
        let error = api.call(&READ).await.unwrap_err();
        assert_eq!((error.status, error.kind), (Some(status), kind));
    }
}

#[tokio::test]
async fn a_closed_port_is_unreachable_and_may_be_tried_again() {
    let mut api = Api::answering("").await;
    api.url = closed().await;
    let error = api.call(&WRITE).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::UpstreamUnavailable, true)
    );
    // Tests run on addresses that clients have no business to know.
    let reason = "cannot be reached: http://[internal address]: Connection refused";
    assert!(error.message.contains(reason), "{}", error.message);
}

#[tokio::test]
async fn garbage_is_an_invalid_response() {
    let error = failing("not http at all\r\n\r\n").await;
    assert_eq!(error.kind, ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn a_broken_compression_is_an_invalid_response() {
    let error = failing("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip at all").await;
    assert_eq!(error.kind, ErrorKind::InvalidResponse);
}

#[tokio::test]
async fn compression_that_was_not_accepted_is_an_invalid_response_that_names_it() {
    let error = failing("HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n\u{b}\0").await;
    assert_eq!(error.kind, ErrorKind::InvalidResponse);
    assert!(
        error.message.contains("compressed as br"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn name_that_is_no_content_coding_changes_nothing() {
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: UTF-8\r\n\r\nplain";
    let api = Api::answering(answer).await;
    api.call(&READ).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_leaves_a_write_open() {
    let api = Api::answering("").await;
    let error = api.call(&WRITE).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retryable),
        (ErrorKind::UpstreamUnavailable, false)
    );
    assert!(error.hint.unwrap().contains("may have been made"));
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut api = Api::answering("").await;
    api.url = format!("http://{}", listener.local_addr().unwrap());
    let error = api
        .call_with(&READ, &Value::Null, "timeout_seconds = 1")
        .await
        .unwrap_err();
    assert_eq!((error.kind, error.retryable), (ErrorKind::Timeout, true));
}

#[tokio::test]
async fn a_redirect_to_another_host_is_refused_without_its_query() {
    let other = Api::answering("HTTP/1.1 200 OK\r\n\r\n[1]").await;
    let target = other.url.clone();
    let api = Api::start(move |_| {
        format!("HTTP/1.1 302 Found\r\nLocation: {target}/x?secret=1\r\n\r\n").into_bytes()
    })
    .await;
    let error = api.call(&READ).await.unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::RedirectRefused, Some(302))
    );
    assert!(
        error.message.contains("http://[internal address]/x,"),
        "{}",
        error.message
    );
    assert!(!serde_json::to_string(&error).unwrap().contains("secret"));
    assert_eq!(other.seen(), Vec::<String>::new());
}

#[tokio::test]
async fn a_redirect_that_would_turn_a_write_into_a_read_is_refused() {
    let api = Api::answering("HTTP/1.1 301 Moved Permanently\r\nLocation: /items/\r\n\r\n").await;
    let error = api.call(&WRITE).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RedirectRefused);
    assert_eq!(api.seen().len(), 1);
}

#[tokio::test]
async fn redirects_in_a_circle_come_to_an_end() {
    let api = Api::answering("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n").await;
    let error = api.call(&READ).await.unwrap_err();
    assert_eq!(
        (error.kind, error.status),
        (ErrorKind::RedirectRefused, Some(302))
    );
    assert_eq!(api.seen().len(), 6);
}
