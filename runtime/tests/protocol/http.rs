//! What happens on the level of HTTP, before and around MCP.

use std::time::Duration;

use http::StatusCode;
use runtime::app::{self, Environment, StartError};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{CATALOG, TestServer, config};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// Sends a request; returns status and JSON-RPC error code.
async fn refused(request: reqwest::RequestBuilder) -> (StatusCode, i64) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let answer: Value = response.json().await.unwrap();
    assert_eq!(answer["jsonrpc"], "2.0", "{answer}");
    (status, answer["error"]["code"].as_i64().unwrap())
}

/// What a client gets that sends no more than this, until its connection is closed.
async fn slow(beginning: &str) -> String {
    let bench = TestServer::with(|config| config.server.request_seconds = 1).await;
    let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let closed = stream.read_to_end(&mut answer);
    let closed = tokio::time::timeout(Duration::from_secs(60), closed).await;
    // A reset connection is a closed one.
    let _ = closed.expect("the connection is held open");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_question_is_not_waited_for() {
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
    for beginning in ["", "P", "PRI * HTTP/2.0\r\n", head] {
        slow(beginning).await;
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let answer = slow(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: 10\r\n\r\n{",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// Sends a body of this many bytes once its request is refused, and another request: all that is answered.
async fn late_body(bytes: usize) -> String {
    let bench = TestServer::start().await;
    let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    let head =
        format!("POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 13];
    stream.read_exact(&mut answer).await.unwrap();
    let next = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let sent = [vec![b' '; bytes], next.into()].concat();
    // A connection that ends meanwhile is reset.
    if stream.write_all(&sent).await.is_ok() {
        let _ = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn connection_lasts_where_a_request_is_refused_before_its_body_comes() {
    let answers = late_body(300_000).await;
    assert!(answers.starts_with("HTTP/1.1 404 "), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
}

#[tokio::test]
async fn connection_ends_where_too_much_follows_a_refusal() {
    let answers = late_body(20_000_000).await;
    assert!(answers.starts_with("HTTP/1.1 404 "), "{answers}");
    assert!(!answers.contains("HTTP/1.1 200 OK"), "{answers}");
}

#[tokio::test]
async fn bad_json_is_a_parse_error() {
    let bench = TestServer::start().await;
    let answer = refused(bench.post(r#"{"jsonrpc": "#)).await;
    assert_eq!(answer, (StatusCode::BAD_REQUEST, -32700));
}

#[tokio::test]
async fn a_batch_is_an_invalid_request() {
    let bench = TestServer::start().await;
    let answer = refused(bench.post(format!("[{LIST}]"))).await;
    assert_eq!(answer, (StatusCode::BAD_REQUEST, -32600));
}

#[tokio::test]
async fn json_that_is_no_message_is_an_invalid_request() {
    let bench = TestServer::start().await;
    let answer = refused(bench.post(r#"{"id":1,"method":"tools/list"}"#)).await;
    assert_eq!(answer, (StatusCode::BAD_REQUEST, -32600));
}

#[tokio::test]
async fn a_message_in_another_media_type_is_refused() {
    let bench = TestServer::start().await;
    let request = bench.client.post(bench.server.url().clone());
    let answer = refused(request.header("content-type", "text/plain").body(LIST)).await;
    assert_eq!(answer.0, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_client_that_accepts_json_alone_or_anything_is_served() {
    let bench = TestServer::start().await;
    for accept in [None, Some("*/*"), Some("application/json")] {
        let mut request = bench.client.post(bench.server.url().clone()).body(LIST);
        request = request.header("content-type", "application/json; charset=utf-8");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        assert_eq!(
            request.send().await.unwrap().status(),
            StatusCode::OK,
            "{accept:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_accept_json_is_refused() {
    let bench = TestServer::start().await;
    let request = bench.client.post(bench.server.url().clone()).body(LIST);
    let request = request.header("content-type", "application/json");
    let answer = refused(request.header("accept", "text/html")).await;
    assert_eq!(answer.0, StatusCode::NOT_ACCEPTABLE);
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused() {
    let bench = TestServer::with(|config| config.server.max_request_bytes = 20).await;
    assert_eq!(
        refused(bench.post(LIST)).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn a_message_of_untold_length_beyond_the_limit_is_refused() {
    let bench = TestServer::with(|config| config.server.max_request_bytes = 20).await;
    let chunks = LIST
        .as_bytes()
        .chunks(8)
        .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()));
    assert_eq!(
        refused(bench.post(body)).await.0,
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[tokio::test]
async fn other_methods_are_not_allowed() {
    let bench = TestServer::start().await;
    for method in [http::Method::GET, http::Method::DELETE] {
        let request = bench.client.request(method, bench.server.url().clone());
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(response.headers()["allow"], "POST, OPTIONS");
    }
}

#[tokio::test]
async fn another_path_names_the_right_url() {
    let bench = TestServer::start().await;
    for path in ["/", "/mcp//", "/MCP"] {
        let url = bench.server.url().join(path).unwrap();
        let response = bench.client.post(url).body(LIST).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let answer: Value = response.json().await.unwrap();
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.ends_with(bench.server.url().as_str()), "{message}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let bench = TestServer::start().await;
    let mut ids = std::collections::BTreeSet::new();
    for path in ["/mcp", "/healthz", "/nowhere"] {
        let url = bench.server.url().join(path).unwrap();
        let request = bench.client.get(url).header("x-request-id", "mine");
        let response = request.send().await.unwrap();
        ids.insert(
            response.headers()["x-request-id"]
                .to_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains("mine"));
}

#[tokio::test]
async fn every_answer_is_taken_for_what_its_type_says() {
    let bench = TestServer::start().await;
    for (path, host) in [
        ("/mcp", "localhost"),
        ("/healthz", "localhost"),
        ("/readyz", "localhost"),
        ("/nowhere", "localhost"),
        ("/mcp", "evil.example"),
    ] {
        let url = bench.server.url().join(path).unwrap();
        let request = bench.client.get(url).header("host", host);
        let response = request.send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        // This server is reached by plain http.
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
    let answer = bench.post(LIST).send().await.unwrap();
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn a_foreign_host_is_refused() {
    let bench = TestServer::start().await;
    let answer = refused(bench.post(LIST).header("host", "evil.example")).await;
    assert_eq!(answer.0, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_hosts_of_the_configuration_are_let_in() {
    let bench = TestServer::with(|config| {
        config.server.allowed_hosts = ["mcp.example.com", "other.example"]
            .map(str::to_owned)
            .into();
    })
    .await;
    for host in ["mcp.example.com", "other.example:8443"] {
        let url = format!("http://{}/mcp", bench.server.addr());
        let request = bench.client.post(url).body(LIST).header("host", host);
        let response = request
            .header("content-type", "application/json")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), StatusCode::OK, "{host}");
    }
}

#[tokio::test]
async fn a_foreign_origin_is_refused() {
    let bench = TestServer::start().await;
    for origin in [
        "https://evil.example",
        "null",
        "https://localhost.evil.example",
    ] {
        let answer = refused(bench.post(LIST).header("origin", origin)).await;
        assert_eq!(answer.0, StatusCode::FORBIDDEN, "{origin}");
    }
}

#[tokio::test]
async fn an_allowed_origin_may_read_the_answer() {
    let bench = TestServer::with(|config| {
        config.server.allowed_origins = vec!["https://app.example".to_owned()];
    })
    .await;
    let request = bench.post(LIST).header("origin", "https://app.example");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["access-control-allow-origin"],
        "https://app.example"
    );
    let exposed = response.headers()["access-control-expose-headers"]
        .to_str()
        .unwrap();
    assert!(exposed.contains("x-request-id"), "{exposed}");
}

#[tokio::test]
async fn an_allowed_origin_may_ask_with_the_headers_of_mcp() {
    let bench = TestServer::start().await;
    let request = bench
        .client
        .request(http::Method::OPTIONS, bench.server.url().clone())
        .header("origin", "http://localhost:6274")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "content-type,mcp-param-region",
        );
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let headers = response.headers();
    assert_eq!(headers["access-control-allow-methods"], "POST");
    assert_eq!(
        headers["access-control-allow-headers"],
        "content-type,mcp-param-region"
    );
}

#[tokio::test]
async fn the_endpoint_can_be_elsewhere() {
    let bench = TestServer::with(|config| config.server.path = "/api/mcp".parse().unwrap()).await;
    assert_eq!(bench.server.url().path(), "/api/mcp");
    assert_eq!(
        bench.post(LIST).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn probes_are_answered_whatever_their_host() {
    let bench = TestServer::start().await;
    for path in ["/healthz", "/readyz"] {
        let url = bench.server.url().join(path).unwrap();
        let request = bench.client.get(url).header("host", "10.0.0.7");
        assert_eq!(
            request.send().await.unwrap().status(),
            StatusCode::OK,
            "{path}"
        );
    }
}

#[tokio::test]
async fn without_sign_in_only_this_machine_is_served() {
    let mut everybody = config();
    everybody.server.listen = "0.0.0.0:0".parse().unwrap();
    let mut published = config();
    published.server.public_url = Some("https://mcp.example.com".parse().unwrap());
    for config in [everybody, published] {
        let started = app::start(&CATALOG, config, Environment::default()).await;
        let error = started.unwrap_err();
        assert!(
            matches!(error, StartError::Config(ref error) if error.key() == Some("server.auth")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_reported() {
    let bench = TestServer::start().await;
    let mut config = config();
    config.server.listen = bench.server.addr();
    config.server.mock = true;
    let error = app::start(&CATALOG, config, Environment::default())
        .await
        .unwrap_err();
    assert!(matches!(error, StartError::Listen { .. }), "{error}");
}

#[tokio::test]
async fn after_shutdown_nothing_is_accepted() {
    let bench = TestServer::start().await;
    let addr = bench.server.addr();
    bench.server.shutdown().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err());
}
