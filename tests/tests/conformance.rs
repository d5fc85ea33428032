//! The MCP conformance suite of the protocol's authors, against a server generated from
//! `tests/conformance/fixture.yaml`.
//!
//! What the fixture cannot pass is in `tests/conformance/baseline-REVISION.yaml`, with the
//! reason. The suite fails on a failure that is not listed and on a listed one that passes.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use runtime::app::{self, Environment, Server};
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tests::harness::foreign::Node;
use tests::harness::oauth::OAuthClient;
use tests::harness::person::Person;
use tests::harness::relay::Relay;
use tests::harness::requirement::{repository, require};
use tests::harness::server;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
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

// The same behind sign-in, with a token that a relay adds: the suite has none.

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_applies_of_2026_07_28_passes_behind_sign_in() {
    let baseline = ["--requirements", "2026-07-28", "--expected-failures"];
    suite_behind_sign_in(&baseline, "baseline-2026-07-28.yaml").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_applies_of_2025_11_25_passes_behind_sign_in() {
    let baseline = ["--requirements", "2025-11-25", "--expected-failures"];
    suite_behind_sign_in(&baseline, "baseline-2025-11-25.yaml").await;
}

/// The suite's word on the authorization server, in each of the revisions it knows.
#[tokio::test(flavor = "multi_thread")]
async fn the_authorization_server_passes_without_a_warning() {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let (server, person) = with_sign_in().await;
    for revision in ["2025-11-25", "2026-07-28"] {
        // A port that is free now: the suite listens there.
        let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let redirect_uri = format!("http://127.0.0.1:{port}/callback");
        let client = OAuthClient::register(server.url(), &redirect_uri).await;
        let client = client.unwrap();
        let issuer = server.url().origin().ascii_serialization();
        let results = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(revision);
        let _ = std::fs::remove_dir_all(&results);
        let mut command = node.program("conformance");
        command
            .args(["authorization", "--url", &issuer])
            .args(["--client-id", &client.id])
            .args(["--resource", server.url().as_str()])
            .args(["--port", &port.to_string()])
            .args(["--spec-version", revision])
            .arg("--output-dir")
            .arg(&results);
        with_a_person(command, &person).await;
        let checks = checks(&results);
        assert_eq!(checks.len(), 3, "{checks:#?}");
        let passed = checks.iter().all(|check| check["status"] == "SUCCESS");
        assert!(passed, "{checks:#?}");
    }
}

/// Runs a program that prints the address of an authorization request and then waits for the
/// person's answer.
async fn with_a_person(mut command: Command, person: &Person) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (mut address, mut said) = (String::new(), String::new());
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.contains("/oauth/authorize?") {
            address.clone_from(&line);
        }
        if line.starts_with("Callback server started") {
            let landed = person.authorize(&address).await.unwrap();
            reqwest::get(landed).await.unwrap();
        }
        said += &line;
        said += "\n";
    }
    assert!(child.wait().await.unwrap().success(), "{said}");
}

/// Every check that the suite wrote down, of all its scenarios.
fn checks(results: &Path) -> Vec<Value> {
    let scenarios = std::fs::read_dir(results).unwrap();
    let files = scenarios.map(|it| it.unwrap().path().join("checks.json"));
    let checks = files.map(|file| {
        let text = std::fs::read(&file).unwrap();
        serde_json::from_slice::<Vec<Value>>(&text).unwrap()
    });
    checks.flatten().collect()
}

async fn suite_behind_sign_in(arguments: &[&str], baseline: &str) {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let (server, person) = with_sign_in().await;
    let redirect_uri = "http://127.0.0.1/callback";
    let client = OAuthClient::register(server.url(), redirect_uri).await;
    let tokens = client.unwrap().connect(&person).await.unwrap();
    let relay = Relay::with_token(server.url(), &tokens.access).await;
    run(&node, relay.unwrap().url(), arguments, Some(baseline)).await;
}

async fn with_sign_in() -> (Server, Person) {
    let mut config = Config::default();
    config.server.auth = Auth::Oauth;
    config.store.path = ":memory:".into();
    config.upstream.url = Some(upstream().await);
    config.server.listen.set_port(0);
    // The suite asks for files in answers, not for links to them.
    config.files.enabled = false;
    let server = app::start(&fixture::CATALOG, config, Environment::default()).await;
    let server = server.unwrap();
    let person = Person::first(&server).await.unwrap();
    (server, person)
}

async fn suite(arguments: &[&str], baseline: Option<&str>) {
    let Some(node) = require(Node::find()) else {
        return;
    };
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.upstream.url = Some(upstream().await);
    let server = server::serve(&fixture::CATALOG, config).await.unwrap();
    run(&node, server.url(), arguments, baseline).await;
}

async fn run(node: &Node, url: &Url, arguments: &[&str], baseline: Option<&str>) {
    let mut command = node.program("conformance");
    command.args(["server", "--url", url.as_str()]);
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
