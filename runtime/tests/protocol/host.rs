//! Whom a request is addressed to: one host, and one of this server's.

use http::{Request, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::TestServer;

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

/// Sends a message with this request line and these lines of a head; returns the status of the answer.
async fn status(bench: &TestServer, request_line: &str, lines: &[&str]) -> u16 {
    let mut head = format!("{request_line}\r\n");
    for line in lines {
        head.push_str(&format!("{line}\r\n"));
    }
    let length = LIST.len();
    let message = format!(
        "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{LIST}"
    );
    let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    stream.write_all(message.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1);
    status
        .unwrap_or_else(|| panic!("{answer}"))
        .parse()
        .unwrap()
}

const POST: &str = "POST /mcp HTTP/1.1";

#[tokio::test]
async fn a_host_of_this_server_in_any_letter_case_is_answered() {
    let bench = TestServer::start().await;
    for host in [
        "Host: localhost",
        "host: LOCALHOST:8080",
        "Host: 127.0.0.1:1",
        "Host: [::1]:8080",
    ] {
        assert_eq!(status(&bench, POST, &[host]).await, 200, "{host}");
    }
}

#[tokio::test]
async fn a_second_host_is_refused() {
    let bench = TestServer::start().await;
    for second in ["Host: evil.example", "Host: localhost", "HOST: "] {
        let lines = ["Host: localhost", second];
        assert_eq!(status(&bench, POST, &lines).await, 400, "{second}");
        assert_eq!(
            status(&bench, "GET /healthz HTTP/1.1", &lines).await,
            400,
            "{second}"
        );
    }
}

#[tokio::test]
async fn a_malformed_host_is_refused() {
    let bench = TestServer::start().await;
    for host in [
        "localhost:",
        "localhost:http",
        "localhost:80x",
        "localhost:+80",
        "localhost:65536",
        "localhost:80:80",
        "user@localhost",
        "user:word@localhost:80",
        "localhost/mcp",
        "localhost, evil.example",
        "localhost evil.example",
        "[::1",
        ":80",
        "",
    ] {
        let line = format!("Host: {host}");
        assert_eq!(status(&bench, POST, &[&line]).await, 400, "{host}");
    }
    assert_eq!(status(&bench, POST, &[]).await, 400, "no Host");
}

#[tokio::test]
async fn a_name_that_only_resembles_one_of_this_server_is_refused() {
    let bench = TestServer::start().await;
    for host in [
        "localhost.",
        "localhost.evil.example",
        "evil-localhost",
        "local_host",
        "127.0.0.1.evil.example",
        "2130706433",
    ] {
        let line = format!("Host: {host}");
        assert_eq!(status(&bench, POST, &[&line]).await, 403, "{host}");
    }
}

#[tokio::test]
async fn a_target_at_another_host_is_refused() {
    let bench = TestServer::start().await;
    let foreign = "POST http://evil.example/mcp HTTP/1.1";
    let own = "POST http://localhost/mcp HTTP/1.1";
    for (request_line, lines, expected) in [
        (foreign, &["Host: localhost"][..], 400),
        (foreign, &["Host: evil.example"], 421),
        (foreign, &[], 421),
        (own, &["Host: evil.example"], 400),
        (own, &["Host: localhost"], 200),
        (
            "POST http://u@localhost/mcp HTTP/1.1",
            &["Host: localhost"],
            400,
        ),
        (
            "POST http://localhost:x/mcp HTTP/1.1",
            &["Host: localhost"],
            400,
        ),
    ] {
        let status = status(&bench, request_line, lines).await;
        assert_eq!(status, expected, "{request_line} {lines:?}");
    }
}

#[tokio::test]
async fn connecting_to_another_host_is_refused() {
    let bench = TestServer::start().await;
    for target in ["localhost:80", "evil.example:443"] {
        let line = format!("CONNECT {target} HTTP/1.1");
        let host = format!("Host: {target}");
        assert_eq!(status(&bench, &line, &[&host]).await, 405, "{target}");
    }
    let status = status(&bench, "OPTIONS * HTTP/1.1", &["Host: localhost"]).await;
    assert_eq!(status, 404);
}

/// The status of the answer to a message over HTTP/2.
async fn status_2(bench: &TestServer, authority: &str, host: Option<&str>) -> StatusCode {
    let stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    let handshake =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut request =
        Request::post(format!("http://{authority}/mcp")).header("content-type", "application/json");
    if let Some(host) = host {
        request = request.header("host", host);
    }
    let request = request.body(Full::new(Bytes::from(LIST))).unwrap();
    sender.send_request(request).await.unwrap().status()
}

#[tokio::test]
async fn http_2_names_one_host_of_this_server() {
    let bench = TestServer::start().await;
    for (authority, host, expected) in [
        ("localhost:8080", None, 200),
        ("localhost", Some("localhost"), 200),
        ("localhost", Some("evil.example"), 400),
        ("evil.example", Some("localhost"), 400),
        ("evil.example", None, 403),
    ] {
        let status = status_2(&bench, authority, host).await;
        assert_eq!(status.as_u16(), expected, "{authority} {host:?}");
    }
}
