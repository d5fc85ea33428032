//! Links to files: what a client receives in place of a file, and what the link answers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response as Answer};
use futures_util::{StreamExt as _, stream};
use http::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use runtime::codegen::{Catalog, Operation, Parameter, Schema, SecurityKind, SecurityScheme};
use runtime::config::Config;
use serde_json::{Value, json};

use crate::support::{Client, ORIGIN, Response, TestServer};

const KEY: &str = "the-key-of-the-operator";

const FILE: Operation = Operation {
    name: "get_file",
    path: "/files",
    security: &[&["api_key"]],
    parameters: &[Parameter::query("kind")],
    input: Schema {
        json: r#"{"type":"object","properties":{"kind":{"type":"string"}},"required":["kind"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static GET_FILE: Operation = FILE;

static PRINT_FILE: Operation = Operation {
    name: "print_file",
    method: "POST",
    ..FILE
};

static CATALOG: Catalog = Catalog {
    name: "files",
    server_name: "files",
    title: "Files",
    version: "1",
    summary: "",
    repeated: &[],
    description: "",
    servers: &[],
    tags: &[],
    search_mode: false,
    logo: None,
    security_schemes: &[SecurityScheme {
        name: "api_key",
        kind: SecurityKind::Bearer,
    }],
    operations: &[&[&GET_FILE, &PRINT_FILE]],
};

/// Bytes of a large file, and of each of its parts.
const LARGE: usize = 50_000_000;
const PART: usize = 250_000;

/// What the API answers, by `kind`.
async fn api(request: Request) -> Answer {
    let query = request.uri().query().unwrap_or_default();
    let key = request.headers().get(AUTHORIZATION).cloned();
    let typed = |media_type: &'static str, body: Vec<u8>| {
        ([(CONTENT_TYPE, media_type)], body).into_response()
    };
    match query.split_once('=').map_or("", |(_, kind)| kind) {
        "pdf" => {
            let mut answer = typed("application/pdf", b"%PDF-1.7 \xff\x00 file".to_vec());
            let name = HeaderValue::from_static("inline; filename=\"../report of May.pdf\"");
            answer.headers_mut().insert(CONTENT_DISPOSITION, name);
            answer
        }
        "key" => {
            let mut body = vec![0xff; 300_000];
            body.splice(150_000..150_000, key.unwrap().as_bytes().iter().copied());
            typed("application/octet-stream", body)
        }
        "image" => typed("image/png", b"\x89PNG\r\n\x1a\n".to_vec()),
        "photo" => typed(
            "image/png",
            [b"\x89PNG\r\n\x1a\n".to_vec(), vec![0; 200_000]].concat(),
        ),
        "items" => {
            let items: Vec<Value> = (0..10_000)
                .map(|id| json!({"id": id, "name": "pet"}))
                .collect();
            typed(
                "application/json",
                json!({"items": items}).to_string().into_bytes(),
            )
        }
        "string" => typed("text/plain", b"a line of text\n".repeat(200_000)),
        "forty" => {
            let item = format!("{{\"id\":1,\"text\":\"{}\"}},", "x".repeat(200));
            let body = format!("[{}0]", item.repeat(40_000_000 / item.len()));
            typed("application/json", body.into_bytes())
        }
        "large" => {
            let part = Bytes::from(vec![0xff; PART]);
            let parts = (0..LARGE / PART).map(move |_| Ok::<_, std::io::Error>(part.clone()));
            let mut answer = Body::from_stream(stream::iter(parts)).into_response();
            let media_type = HeaderValue::from_static("application/zip");
            answer.headers_mut().insert(CONTENT_TYPE, media_type);
            answer
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(LARGE));
            answer
        }
        // More than the server reads, and no end.
        "slow" => {
            let part = Bytes::from(vec![0xff; PART]);
            let parts = stream::iter((0..100).map(move |_| Ok::<_, std::io::Error>(part.clone())));
            let body = Body::from_stream(parts.chain(stream::pending()));
            let mut answer = body.into_response();
            let media_type = HeaderValue::from_static("application/zip");
            answer.headers_mut().insert(CONTENT_TYPE, media_type);
            answer
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn serve_with(change: impl FnOnce(&mut Config)) -> TestServer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(api)).await });
    let change = |config: &mut Config| {
        config.upstream.url = Some(url.parse().unwrap());
        change(config);
    };
    TestServer::of(&CATALOG, config(), change).await
}

fn config() -> Config {
    let text = format!("[upstream.credentials]\napi_key = \"{KEY}\"\n");
    let mut config = Config::parse(&text, Path::new("connector.toml")).unwrap();
    config.server.public_url = Some(ORIGIN.parse().unwrap());
    config
}

/// A second server on the store of another one, in front of the same API.
async fn beside(server: &TestServer, url: &str) -> TestServer {
    let change = |config: &mut Config| {
        config.upstream.url = Some(url.parse().unwrap());
        config.store.path = server.database.clone();
    };
    TestServer::of_at(&CATALOG, config(), change, Arc::clone(&server.clock)).await
}

async fn serve() -> TestServer {
    serve_with(|_| ()).await
}

/// The token of a connection with this access.
async fn connect(server: &TestServer, access: &str) -> String {
    let mut browser = server.first_person().await;
    let client = Client::claude(server).await;
    client.connect(&mut browser, access).await.access
}

async fn call(server: &TestServer, token: &str, kind: &str) -> Value {
    let called = server.call(token, "get_file", json!({ "kind": kind }));
    let result = called.await.json()["result"].clone();
    assert_eq!(result["isError"], false, "{result}");
    result
}

/// The link of a result.
fn link(result: &Value) -> Value {
    let content = result["content"].as_array().unwrap();
    let mut links = content.iter().filter(|it| it["type"] == "resource_link");
    let link = links.next().unwrap_or_else(|| panic!("no link: {result}"));
    assert!(links.next().is_none());
    link.clone()
}

fn uri(result: &Value) -> String {
    link(result)["uri"].as_str().unwrap().to_owned()
}

/// All text that a client shows its model, which has the link as well.
fn text(result: &Value) -> String {
    let content = result["content"].as_array().unwrap().iter();
    content.filter_map(|it| it["text"].as_str()).collect()
}

async fn fetch(server: &TestServer, uri: &str) -> Response {
    server.get(uri).await
}

/// The audit, once it has `text`.
async fn audited(server: &TestServer, text: &str) -> String {
    for _ in 0..600 {
        let audit = format!("{:?}", server.audit().await);
        if audit.contains(text) {
            return audit;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{text}: {:?}", server.audit().await)
}

#[tokio::test]
async fn file_that_clients_cannot_show_comes_as_a_link_that_answers_it() {
    let server = serve().await;
    let token = connect(&server, "read-only").await;
    let result = call(&server, &token, "pdf").await;
    let link = link(&result);
    assert_eq!(link["name"], "get_file.pdf");
    assert_eq!(link["mimeType"], "application/pdf");
    assert_eq!(link["size"], 16);
    let uri = link["uri"].as_str().unwrap();
    assert!(uri.starts_with(&format!("{ORIGIN}/files/")), "{uri}");
    assert!(text(&result).contains(uri), "{result}");
    assert!(!result.to_string().contains("blob"), "{result}");
    let file = fetch(&server, uri).await;
    assert_eq!(file.status, 200);
    for (name, expected) in [
        ("content-type", "application/pdf"),
        (
            "content-disposition",
            "attachment; filename=\"report_of_May.pdf\"",
        ),
        ("content-length", "16"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        (
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; sandbox",
        ),
    ] {
        assert_eq!(file.header(name), expected, "{name}");
    }
    assert!(file.body.starts_with("%PDF-1.7"), "{}", file.body);
    let audit = audited(&server, "get_file (as a file)").await;
    let secret = uri.rsplit('/').next().unwrap();
    assert!(!audit.contains(secret), "{audit}");
}

#[tokio::test]
async fn link_is_used_three_times_within_ten_minutes_and_no_byte_of_it_can_be_changed() {
    let server = serve().await;
    let token = connect(&server, "read-only").await;
    let uri = uri(&call(&server, &token, "pdf").await);
    let (start, secret) = uri.rsplit_once('/').unwrap();
    for place in 0..secret.len() {
        let mut changed = secret.to_owned().into_bytes();
        changed[place] = if changed[place] == b'x' { b'y' } else { b'x' };
        let changed = format!("{start}/{}", String::from_utf8(changed).unwrap());
        assert_eq!(fetch(&server, &changed).await.status, 404, "{place}");
    }
    for changed in [
        format!("{uri}x"),
        uri[..uri.len() - 1].to_owned(),
        format!("{start}/"),
    ] {
        assert_eq!(fetch(&server, &changed).await.status, 404);
    }
    // A request for the head alone does not count.
    let head = server.send(Method::HEAD, &uri, &[], None).await;
    assert_eq!(head.status, 405);
    for _ in 0..3 {
        assert_eq!(fetch(&server, &uri).await.status, 200);
    }
    let refused = fetch(&server, &uri).await;
    assert_eq!(refused.status, 404);
    assert_eq!(refused.header("cache-control"), "no-store");
    let late = self::uri(&call(&server, &token, "pdf").await);
    server.clock.advance(Duration::from_mins(10));
    assert_eq!(fetch(&server, &late).await.status, 404);
}

#[tokio::test]
async fn link_ends_with_its_connection() {
    let server = serve().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let uri = uri(&call(&server, &tokens.access, "pdf").await);
    server.suspend_workspace("Studio", true).await;
    assert_eq!(fetch(&server, &uri).await.status, 404);
    server.suspend_workspace("Studio", false).await;
    assert_eq!(fetch(&server, &uri).await.status, 200);
    let form = [
        ("token", tokens.access.as_str()),
        ("client_id", &client.client_id),
    ];
    assert_eq!(server.post_form("/oauth/revoke", &form).await.status, 200);
    assert_eq!(fetch(&server, &uri).await.status, 404);
    let sealed = server.count("SELECT COUNT(*) FROM file_links").await;
    assert_eq!(sealed, 0);
}

#[tokio::test]
async fn long_answers_have_a_link_to_the_whole_beside_their_part() {
    let server = serve().await;
    let token = connect(&server, "read-only").await;
    for (kind, media_type, length) in [
        ("items", "application/json", 240_000),
        ("string", "text/plain", 3_000_000),
        ("forty", "text/plain", 39_000_000),
    ] {
        let result = call(&server, &token, kind).await;
        let shown = result.to_string();
        assert!(shown.len() < 400_000, "{kind}: {}", shown.len());
        assert!(text(&result).len() <= 80_000 + 3_000, "{kind}");
        let uri = uri(&result);
        assert!(text(&result).contains(&uri), "{kind}");
        if let Some(structured) = result.get("structuredContent") {
            let file = &structured["_notes"]["file"];
            assert_eq!(file["uri"], uri.as_str(), "{kind}");
            assert_eq!(file["media_type"], media_type, "{kind}");
            assert!(file["expires"].is_string(), "{kind}");
        }
        let file = fetch(&server, &uri).await;
        assert_eq!(file.status, 200);
        assert!(file.body.len() >= length, "{kind}: {}", file.body.len());
    }
}

#[tokio::test]
async fn link_and_cursor_work_at_another_server_and_are_counted_together() {
    let mut url = None;
    let server = serve_with(|config| url = config.upstream.url.clone()).await;
    let token = connect(&server, "read-only").await;
    let other = beside(&server, url.unwrap().as_str()).await;
    let result = call(&server, &token, "items").await;
    let uri = uri(&result);
    assert_eq!(fetch(&other, &uri).await.status, 200);
    assert_eq!(fetch(&server, &uri).await.status, 200);
    assert_eq!(fetch(&other, &uri).await.status, 200);
    assert_eq!(fetch(&server, &uri).await.status, 404);
    // A client that follows the cursors, each at the other server, has every item once.
    let mut servers = [&other, &server].into_iter().cycle();
    let mut part = result;
    let mut items = Vec::new();
    loop {
        let content = part["structuredContent"].clone();
        items.extend(content["items"].as_array().unwrap().iter().cloned());
        let Some(next) = content["_notes"].get("next_page") else {
            break;
        };
        let next = servers
            .next()
            .unwrap()
            .call(&token, "get_file", next.clone());
        part = next.await.json()["result"].clone();
        assert_eq!(part["isError"], false, "{part}");
    }
    let ids: Vec<_> = items.iter().map(|it| it["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..10_000).collect::<Vec<_>>());
}

#[tokio::test]
async fn image_is_shown_unless_it_is_large_and_a_write_has_no_link() {
    let server = serve().await;
    let token = connect(&server, "read-only").await;
    let image = call(&server, &token, "image").await;
    assert_eq!(image["content"][0]["type"], "image");
    let photo = call(&server, &token, "photo").await;
    assert_eq!(link(&photo)["size"], 200_008);
    let printed = server.call(&token, "print_file", json!({"kind": "pdf"}));
    let printed = printed.await.json();
    let content = printed["result"]["content"].to_string();
    assert!(
        content.contains("blob") && !content.contains("/files/"),
        "{content}"
    );
}

#[tokio::test]
async fn file_that_is_larger_than_the_server_reads_comes_by_its_link_part_by_part() {
    let server = serve().await;
    let token = connect(&server, "read-only").await;
    let result = call(&server, &token, "large").await;
    let link = link(&result);
    assert_eq!(
        (&link["size"], &link["mimeType"]),
        (&json!(LARGE), &json!("application/zip"))
    );
    let path = link["uri"].as_str().unwrap().strip_prefix(ORIGIN).unwrap();
    let url = format!("http://{}{path}", server.server.addr());
    let request = reqwest::Client::new()
        .get(url)
        .header("host", "mcp.example.com");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-length"], LARGE.to_string());
    let mut parts = answer.bytes_stream();
    let mut bytes = 0;
    while let Some(part) = parts.next().await {
        let part = part.unwrap();
        assert!(part.iter().all(|byte| *byte == 0xff));
        bytes += part.len();
    }
    assert_eq!(bytes, LARGE);
}

#[tokio::test]
async fn key_of_the_operator_is_blanked_in_a_file() {
    let server = serve().await;
    let token = connect(&server, "read-only").await;
    let uri = uri(&call(&server, &token, "key").await);
    let file = fetch(&server, &uri).await;
    assert_eq!(file.status, 200);
    assert!(file.body.contains("Bearer *") && !file.body.contains(KEY));
}

#[tokio::test]
async fn files_come_within_answers_where_links_are_switched_off() {
    let server = serve_with(|config| config.files.enabled = false).await;
    let token = connect(&server, "read-only").await;
    let result = call(&server, &token, "pdf").await;
    assert_eq!(result["content"][0]["type"], "resource", "{result}");
    assert!(!result.to_string().contains("/files/"), "{result}");
    let long = call(&server, &token, "items").await;
    assert!(!long.to_string().contains("/files/"));
    assert_eq!(
        fetch(&server, &format!("/files/{}", "x".repeat(43)))
            .await
            .status,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn download_ends_with_its_connection_and_is_recorded_as_it_ends() {
    let server = serve().await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut browser, "read-only").await;
    let uri = uri(&call(&server, &tokens.access, "slow").await);
    let path = uri.strip_prefix(ORIGIN).unwrap();
    let url = format!("http://{}{path}", server.server.addr());
    let fetch = || {
        let request = reqwest::Client::new().get(&url);
        request.header("host", "mcp.example.com").send()
    };
    // A client that goes away leaves a row, too.
    let left = fetch().await.unwrap();
    assert_eq!(left.status(), 200);
    drop(left);
    let query =
        "SELECT COUNT(*) FROM audit WHERE subject LIKE '%as a file%' AND outcome = 'cancelled'";
    until(&server, query).await;
    let answer = fetch().await.unwrap();
    assert_eq!(answer.status(), 200);
    let form = [
        ("token", tokens.access.as_str()),
        ("client_id", &client.client_id),
    ];
    assert_eq!(server.post_form("/oauth/revoke", &form).await.status, 200);
    assert!(answer.bytes().await.is_err());
    let query =
        "SELECT COUNT(*) FROM audit WHERE subject LIKE '%as a file%' AND outcome = 'forbidden'";
    until(&server, query).await;
}

/// Waits until a query returns one.
async fn until(server: &TestServer, query: &'static str) {
    for _ in 0..600 {
        if server.count(query).await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{query}: {:?}", server.audit().await)
}

#[tokio::test]
async fn use_of_a_link_is_not_spent_where_its_request_is_refused() {
    let server = serve_with(|config| config.limits.calls_per_minute_per_grant = 2).await;
    let token = connect(&server, "read-only").await;
    let uri = uri(&call(&server, &token, "pdf").await);
    assert_eq!(fetch(&server, &uri).await.status, 200);
    assert_eq!(fetch(&server, &uri).await.status, 429);
    let uses = server.count("SELECT uses FROM file_links").await;
    assert_eq!(uses, 1);
    let query =
        "SELECT COUNT(*) FROM audit WHERE subject LIKE '%as a file%' AND outcome = 'rate_limited'";
    until(&server, query).await;
}
