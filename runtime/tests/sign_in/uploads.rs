//! Uploads: what `request_upload` returns, what its link takes, and what a call sends.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use futures_util::{StreamExt as _, stream};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use runtime::codegen::{
    Access, Catalog, Content, Encoding, Operation, Property, RequestBody, Schema,
};
use runtime::config::Config;
use serde_json::{Value, json};

use crate::support::{Client, ORIGIN, TestServer};

const SEND: Operation = Operation {
    name: "send_form",
    method: "POST",
    path: "/form",
    access: Access::Write,
    idempotent: false,
    request_body: Some(RequestBody {
        required: true,
        content: Content::Properties(&[
            Property {
                encoding: Encoding::FILE,
                ..Property::new("file")
            },
            Property::new("note"),
        ]),
        media_types: &["multipart/form-data"],
        media_type_argument: None,
    }),
    input: Schema {
        json: r#"{"type":"object","properties":{"file":{"anyOf":[{"type":"string"},{"type":"object"},{"type":"array"}]},"note":{"type":"string"}},"required":["file"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static SEND_FORM: Operation = SEND;

static SEND_RAW: Operation = Operation {
    name: "send_raw",
    path: "/raw",
    request_body: Some(RequestBody {
        required: true,
        content: Content::Argument("file", Encoding::FILE),
        media_types: &["application/octet-stream"],
        media_type_argument: None,
    }),
    ..SEND
};

static GET_PET: Operation = Operation {
    name: "get_pet",
    path: "/pets",
    ..Operation::BASE
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
    security_schemes: &[],
    operations: &[&[&SEND_FORM, &SEND_RAW, &GET_PET]],
};

/// Answers with what it received: the type, the declared length, the bytes, how many of them are 0xff, and
/// the text before the first of these.
async fn api(request: Request) -> axum::Json<Value> {
    let (content_type, length) = {
        let field = |name| request.headers().get(name).and_then(|it| it.to_str().ok());
        let content_type = field(CONTENT_TYPE).unwrap_or_default().to_owned();
        (content_type, field(CONTENT_LENGTH).map(str::to_owned))
    };
    let mut body = request.into_body().into_data_stream();
    let (mut bytes, mut marks, mut head) = (0, 0, Vec::new());
    while let Some(part) = body.next().await {
        let part = part.unwrap();
        bytes += part.len();
        if marks == 0 {
            head.extend(part.iter().take_while(|byte| **byte != 0xff));
        }
        marks += part.iter().filter(|byte| **byte == 0xff).count();
    }
    axum::Json(json!({
        "content_type": content_type,
        "length": length,
        "bytes": bytes,
        "marks": marks,
        "head": String::from_utf8_lossy(&head),
    }))
}

async fn serve_with(change: impl FnOnce(&mut Config)) -> TestServer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(api)).await });
    let mut config = Config::default();
    config.server.public_url = Some(ORIGIN.parse().unwrap());
    TestServer::of(&CATALOG, config, |config| {
        config.upstream.url = Some(url.parse().unwrap());
        change(config);
    })
    .await
}

async fn call(server: &TestServer, token: &str, tool: &str, arguments: Value) -> Value {
    server.call(token, tool, arguments).await.json()["result"].clone()
}

/// An upload that waits: the argument that names it, and the path to which its file is sent.
async fn request(server: &TestServer, token: &str) -> (String, String) {
    let described =
        json!({"filename": "../May report.bin", "content_type": "application/x-report"});
    let result = call(server, token, "request_upload", described).await;
    assert_eq!(result["isError"], false, "{result}");
    let upload = &result["structuredContent"];
    let url = upload["put_to"].as_str().unwrap();
    let path = url.strip_prefix(ORIGIN).unwrap().to_owned();
    (upload["upload"].as_str().unwrap().to_owned(), path)
}

/// Sends a file of so many bytes in parts. Returns the status.
async fn put(server: &TestServer, path: &str, bytes: usize, declares: bool) -> u16 {
    let part = bytes.clamp(1, 250_000);
    let parts = (0..bytes / part).map(move |_| Ok::<_, std::io::Error>(vec![0xff; part]));
    let url = format!("http://{}{path}", server.server.addr());
    let request = reqwest::Client::new()
        .put(url)
        .header("host", "mcp.example.com");
    let request = match declares {
        true => request.header("content-length", bytes),
        false => request,
    };
    let body = reqwest::Body::wrap_stream(stream::iter(parts));
    request.body(body).send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_is_sent_once_by_a_call_of_its_connection_part_by_part() {
    let server = serve_with(|_| ()).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    let other = client.connect(&mut browser, "full").await.access;
    let bytes = 20_000_000;
    for tool in ["send_form", "send_raw"] {
        let (upload, path) = request(&server, &token).await;
        let early = call(&server, &token, tool, json!({ "file": upload })).await;
        assert_eq!(early["isError"], true, "{early}");
        assert_eq!(put(&server, &path, bytes, true).await, 201);
        assert_eq!(put(&server, &path, 10, true).await, 404);
        let stored = server.count("SELECT COUNT(*) FROM upload_chunks").await;
        assert_eq!(stored, 77);
        let stolen = call(&server, &other, tool, json!({ "file": upload })).await;
        assert_eq!(stolen["isError"], true, "{stolen}");
        let sent = call(&server, &token, tool, json!({ "file": upload })).await;
        assert_eq!(sent["isError"], false, "{sent}");
        let received = &sent["structuredContent"];
        assert_eq!(received["marks"], bytes, "{sent}");
        let length = received["bytes"].as_u64().unwrap();
        assert_eq!(received["length"], length.to_string());
        if tool == "send_form" {
            let head = received["head"].as_str().unwrap();
            assert!(
                head.contains("name=\"file\"; filename=\"May_report.bin\""),
                "{head}"
            );
            assert!(
                head.contains("Content-Type: application/x-report"),
                "{head}"
            );
        } else {
            assert_eq!(received["content_type"], "application/octet-stream");
            assert_eq!(length, bytes as u64);
        }
        let again = call(&server, &token, tool, json!({ "file": upload })).await;
        assert_eq!(again["isError"], true, "{again}");
        assert_eq!(server.count("SELECT COUNT(*) FROM upload_chunks").await, 0);
    }
}

#[tokio::test]
async fn data_uris_and_base64_are_sent_as_before_and_text_is_no_upload() {
    let server = serve_with(|_| ()).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    for (file, marks) in [
        (json!("data:application/octet-stream;base64,//8="), 2),
        (json!({"base64": "////"}), 3),
        (json!("upload: 5 crates"), 0),
    ] {
        let sent = call(&server, &token, "send_form", json!({ "file": file })).await;
        assert_eq!(sent["structuredContent"]["marks"], marks, "{sent}");
    }
}

#[tokio::test]
async fn upload_ends_by_time_with_its_connection_and_beyond_its_size() {
    let server = serve_with(|config| config.files.max_upload_bytes = 100_000).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let tokens = client.connect(&mut browser, "full").await;
    let token = &tokens.access;
    let (_, late) = request(&server, token).await;
    let (kept, path) = request(&server, token).await;
    assert_eq!(put(&server, &path, 50_000, false).await, 201);
    server.clock.advance(Duration::from_mins(10));
    assert_eq!(put(&server, &late, 10, true).await, 404);
    let gone = call(&server, token, "send_raw", json!({ "file": kept })).await;
    assert_eq!(gone["isError"], true, "{gone}");
    // What declares too many bytes is refused before it counts; what has more than it may is removed.
    let (_, long) = request(&server, token).await;
    assert_eq!(put(&server, &long, 150_000, true).await, 413);
    assert_eq!(put(&server, &long, 150_000, false).await, 413);
    assert_eq!(put(&server, &long, 10, true).await, 404);
    let (_, path) = request(&server, token).await;
    let changed = format!(
        "{}{}",
        &path[..path.len() - 1],
        if path.ends_with('x') { 'y' } else { 'x' }
    );
    assert_eq!(put(&server, &changed, 10, true).await, 404);
    let form = [("token", token.as_str()), ("client_id", &client.client_id)];
    assert_eq!(server.post_form("/oauth/revoke", &form).await.status, 200);
    assert_eq!(put(&server, &path, 10, true).await, 404);
    assert_eq!(server.count("SELECT COUNT(*) FROM uploads").await, 0);
}

#[tokio::test]
async fn request_upload_is_offered_to_those_who_can_send_files_alone() {
    let server = serve_with(|_| ()).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let full = client.connect(&mut browser, "full").await.access;
    let reads = client.connect(&mut browser, "read-only").await.access;
    assert!(
        server
            .tools(&full)
            .await
            .contains(&"request_upload".to_owned())
    );
    assert_eq!(server.tools(&reads).await, ["get_pet"]);
    let refused = server.call(&reads, "request_upload", json!({})).await;
    assert_ne!(
        refused.json()["result"]["isError"],
        false,
        "{}",
        refused.body
    );
    let wrong = call(
        &server,
        &full,
        "request_upload",
        json!({"content_type": "a\nb"}),
    )
    .await;
    assert_eq!(wrong["isError"], true, "{wrong}");
    let off = serve_with(|config| config.files.enabled = false).await;
    let mut browser = off.first_person().await;
    let client = Client::claude(&off).await;
    let token = client.connect(&mut browser, "full").await.access;
    assert!(
        !off.tools(&token)
            .await
            .contains(&"request_upload".to_owned())
    );
    assert_eq!(
        put(&off, &format!("/files/{}", "x".repeat(43)), 1, true).await,
        404
    );
}

#[tokio::test]
async fn file_of_an_upload_is_in_the_database_sealed_alone() {
    let server = serve_with(|_| ()).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    let (upload, path) = request(&server, &token).await;
    let text = "a text that stays secret ".repeat(100);
    let url = format!("http://{}{path}", server.server.addr());
    let sent = reqwest::Client::new()
        .put(url)
        .header("host", "mcp.example.com");
    assert_eq!(sent.body(text).send().await.unwrap().status(), 201);
    let files = [String::new(), "-wal".to_owned()];
    for file in files.map(|end| format!("{}{end}", server.database.display())) {
        let Ok(bytes) = std::fs::read(&file) else {
            continue;
        };
        for secret in [
            "that stays secret",
            "May_report",
            upload.as_str(),
            &path[7..],
        ] {
            let found = bytes
                .windows(secret.len())
                .any(|it| it == secret.as_bytes());
            assert!(!found, "{secret} in {file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_that_two_calls_name_is_sent_by_one_of_them() {
    let server = serve_with(|_| ()).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    for _ in 0..5 {
        let (upload, path) = request(&server, &token).await;
        assert_eq!(put(&server, &path, 3_000_000, true).await, 201);
        let send = || call(&server, &token, "send_raw", json!({ "file": upload }));
        let (one, two) = tokio::join!(send(), send());
        let sent = [&one, &two].map(|it| it["isError"] == false);
        assert_eq!(sent.iter().filter(|sent| **sent).count(), 1, "{one} {two}");
        assert_eq!(server.count("SELECT COUNT(*) FROM uploads").await, 0);
    }
}

#[tokio::test]
async fn upload_is_kept_where_nothing_was_sent_and_is_named_once_by_file_arguments() {
    let server = serve_with(|config| {
        config.upstream.url = Some("http://127.0.0.1:9".parse().unwrap());
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    let (upload, path) = request(&server, &token).await;
    assert_eq!(put(&server, &path, 10, true).await, 201);
    let complete = "SELECT COUNT(*) FROM uploads WHERE state = 'complete'";
    for file in [json!(upload), json!([upload, upload]), json!("text")] {
        let arguments = json!({ "file": file, "note": upload });
        let failed = call(&server, &token, "send_form", arguments).await;
        assert_eq!(failed["isError"], true, "{failed}");
        let is_twice = failed.to_string().contains("twice");
        assert_eq!(is_twice, file.is_array(), "{failed}");
        assert_eq!(server.count(complete).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_count_while_they_are_received_and_leave_nothing_where_they_break_off() {
    let server = serve_with(|config| {
        config.files.max_upload_bytes = 1_000_000_000;
        config.server.request_seconds = 5;
    })
    .await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    let (_, first) = request(&server, &token).await;
    let (_, second) = request(&server, &token).await;
    let url = format!("http://{}{first}", server.server.addr());
    // A file of any length that does not end.
    let slow = || {
        let parts = stream::iter([Ok::<_, std::io::Error>(vec![0xff; 3_000_000])]);
        let body = reqwest::Body::wrap_stream(parts.chain(stream::pending()));
        let request = reqwest::Client::new().put(url.as_str());
        request.header("host", "mcp.example.com").body(body).send()
    };
    let late = tokio::spawn(slow());
    while server.count("SELECT COUNT(*) FROM upload_chunks").await < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(put(&server, &second, 10, true).await, 507);
    assert_eq!(late.await.unwrap().unwrap().status(), 408);
    assert_eq!(server.count("SELECT COUNT(*) FROM upload_chunks").await, 0);
    assert_eq!(put(&server, &second, 10, true).await, 201);
    let requests = "SELECT COUNT(*) FROM audit WHERE subject = 'request_upload' AND outcome = 'ok'";
    for _ in 0..200 {
        if server.count(requests).await == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:?}", server.audit().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn upload_whose_sender_goes_away_leaves_nothing() {
    let server = serve_with(|_| ()).await;
    let mut browser = server.first_person().await;
    let client = Client::claude(&server).await;
    let token = client.connect(&mut browser, "full").await.access;
    let (_, path) = request(&server, &token).await;
    let url = format!("http://{}{path}", server.server.addr());
    let parts = stream::iter([Ok::<_, std::io::Error>(vec![0xff; 3_000_000])]);
    let body = reqwest::Body::wrap_stream(parts.chain(stream::pending()));
    let request = reqwest::Client::new().put(url);
    let sent = tokio::spawn(request.header("host", "mcp.example.com").body(body).send());
    while server.count("SELECT COUNT(*) FROM upload_chunks").await < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sent.abort();
    while server.count("SELECT COUNT(*) FROM uploads").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
