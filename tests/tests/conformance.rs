//! The MCP conformance suite of the protocol's authors, against a server generated from
//! `tests/conformance/fixture.yaml`.
//!
//! What the fixture cannot pass stands in `tests/conformance/baseline-REVISION.yaml`, with the
//! reason. The suite fails on a failure that is not listed and on a listed one that passes.

use std::path::PathBuf;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tests::harness::foreign::Node;
use tests::harness::requirement::{repository, require};
use tests::harness::server;
use tokio::net::TcpListener;
use url::Url;

/// A PNG of one pixel.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 12, b'I', b'D', b'A', b'T',
    0x08, 0xd7, 0x63, 0xf8, 0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I',
    b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

/// A WAV file without a sample.
const SILENCE: &[u8] =
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\0\0\0";

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_applies_of_2026_07_28_passes() {
    let baseline = ["--requirements", "2026-07-28", "--expected-failures"];
    suite(&baseline, Some("baseline-2026-07-28.yaml")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_applies_of_2025_11_25_passes() {
    let baseline = ["--requirements", "2025-11-25", "--expected-failures"];
    suite(&baseline, Some("baseline-2025-11-25.yaml")).await;
}

// Added to the suite after the revision's requirements were frozen.

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_that_repeat_a_request_are_compared_with_it() {
    suite(&["--scenario", "http-header-validation"], None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_headers_that_repeat_an_argument_are_compared_with_it() {
    suite(
        &["--scenario", "http-custom-header-server-validation"],
        None,
    )
    .await;
}

async fn suite(arguments: &[&str], baseline: Option<&str>) {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(upstream().await);
    let server = server::serve(&fixture::CATALOG, config).await.unwrap();
    let mut command = node.program("conformance");
    command.args(["server", "--url", server.url().as_str()]);
    command.args(arguments).args(baseline.map(file));
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{said}\n{complained}",
        output.status
    );
}

fn file(name: &str) -> PathBuf {
    repository().join("tests/conformance").join(name)
}

/// The API of the fixture.
async fn upstream() -> Url {
    let line = || async { "This is a simple text response for testing." };
    let router = Router::new()
        .route("/text", get(line))
        .route("/log", get(line))
        .route("/stream", get(line))
        .route("/error", get(|| async { fail() }))
        .route(
            "/image",
            get(|| async { ([(CONTENT_TYPE, "image/png")], PIXEL) }),
        )
        .route(
            "/audio",
            get(|| async { ([(CONTENT_TYPE, "audio/wav")], SILENCE) }),
        )
        .route(
            "/document",
            get(|| async { ([(CONTENT_TYPE, "application/pdf")], "%PDF-1.7\n") }),
        )
        .route(
            "/regions",
            get(|Query(asked): Query<Value>| async { Json(asked) }),
        )
        .route(
            "/contacts",
            post(|Json(body): Json<Value>| async { Json(body) }),
        );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url.parse().unwrap()
}

fn fail() -> Response {
    let problem = json!({
        "title": "Internal Server Error",
        "status": 500,
        "detail": "This tool intentionally returns an error for testing",
    });
    let kind = [(CONTENT_TYPE, "application/problem+json")];
    (StatusCode::INTERNAL_SERVER_ERROR, kind, problem.to_string()).into_response()
}
