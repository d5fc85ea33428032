//! Failures in the shapes that APIs answer with, and the diagnosis that a client receives.

use std::time::Duration;

use serde_json::{Value, json};

use crate::recorded::{self, Recorded};
use crate::support::{Api, READ};

/// The members of an error that say what the API reported.
fn diagnosis(error: &Value) -> Value {
    let mut diagnosis = error.clone();
    let members = diagnosis.as_object_mut().unwrap();
    for name in ["request_id", "hint", "details"] {
        members.remove(name);
    }
    diagnosis
}

async fn error(recorded: &Recorded, settings: &str) -> Value {
    let answer = recorded.answer();
    let api = Api::start(move |_| answer.clone()).await;
    let settings = format!("retries.max_attempts = 1\n{settings}");
    let error = api.call_with(&READ, &Value::Null, &settings).await;
    serde_json::to_value(error.unwrap_err()).unwrap()
}

#[tokio::test]
async fn recorded_failure_has_the_exact_diagnosis() {
    let mut wrong = Vec::new();
    for recorded in recorded::all() {
        let settings = match recorded.name.contains("(envelope)") {
            true => "failure = { pointer = '/ok', equals = false }",
            false => "",
        };
        let found = diagnosis(&error(&recorded, settings).await);
        if found != recorded.expected {
            let (name, expected) = (recorded.name, &recorded.expected);
            wrong.push(format!("{name}\n  expected {expected}\n  found    {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn details_are_the_whole_answer_of_the_api() {
    for recorded in recorded::all() {
        let Ok(body) = serde_json::from_str::<Value>(recorded.body) else {
            continue;
        };
        if recorded.name.contains("cleaned") {
            continue;
        }
        let settings = "failure = { pointer = '/ok', equals = false }";
        let error = error(&recorded, settings).await;
        assert_eq!(error["details"], body, "{}", recorded.name);
    }
}

#[test]
fn sixty_failures_are_recorded() {
    assert!(recorded::all().len() >= 60, "{}", recorded::all().len());
}

#[tokio::test]
async fn envelope_without_a_rule_is_a_success() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"ok\":false}";
    Api::answering(answer).await.call(&READ).await.unwrap();
}

#[tokio::test]
async fn configured_field_holds_the_request_id() {
    let answer = "HTTP/1.1 500 X\r\nX-Request-Id: usual\r\nX-Acme-Trace: acme-7\r\n\r\n";
    let api = Api::answering(answer).await;
    let settings = "request_id_headers = ['X-Acme-Trace']";
    let error = api.call_with(&READ, &Value::Null, settings).await;
    let id = error.unwrap_err().upstream_request_id;
    assert_eq!(id.as_deref(), Some("acme-7"));
}

#[tokio::test]
async fn page_of_ten_megabytes_is_a_short_message() {
    let mut page =
        b"HTTP/1.1 500 X\r\nContent-Type: text/html\r\n\r\n<html><title>Oops</title>".to_vec();
    page.resize(10 << 20, b'x');
    let api = Api::start(move |_| page.clone()).await;
    let error = api.call(&READ).await.unwrap_err();
    assert_eq!(error.message, "The API answered with an HTML page: Oops");
    assert!(serde_json::to_string(&error).unwrap().len() < 1000);
}

#[tokio::test]
async fn file_that_is_too_large_is_an_error_with_its_length() {
    let mut file =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nContent-Length: 5000\r\n\r\n%PDF\0"
            .to_vec();
    file.resize(file.len() + 4995, 0xff);
    let api = Api::start(move |_| file.clone()).await;
    let error = api
        .call_with(&READ, &Value::Null, "max_response_bytes = 1000")
        .await;
    assert_eq!(
        diagnosis(&serde_json::to_value(error.unwrap_err()).unwrap()),
        json!({
            "kind": "response_too_large",
            "status": 200,
            "message": "The API answered 200 with a file (application/pdf) of 5000 bytes, more than \
                        the 1000 bytes that this server reads.",
            "retryable": false,
        })
    );
}

#[tokio::test]
async fn error_that_is_made_to_be_slow_is_read_in_time() {
    let markup = format!("<?xml version='1.0'?></ {}", ":message ".repeat(900_000));
    let entry = r#"{"field":"f","message":"q q"}"#;
    let envelope = format!(
        r#"{{"message":"{}","errors":[{}]}}"#,
        "a".repeat(5 << 20),
        vec![entry; 40_000].join(",")
    );
    for (media_type, body) in [("text/xml", markup), ("application/json", envelope)] {
        let answer = format!("HTTP/1.1 500 X\r\nContent-Type: {media_type}\r\n\r\n{body}");
        let api = Api::start(move |_| answer.clone().into_bytes()).await;
        // Some minutes, where the work grows with the square of the length.
        let error = tokio::time::timeout(Duration::from_secs(60), api.call(&READ)).await;
        let error = error.unwrap().unwrap_err();
        assert!(error.message.len() < 2_000, "{}", error.message);
    }
}
