//! Clients that do not finish their request.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Client, TestServer};

/// The answer to a request whose body ends in its first byte, though its connection goes on.
async fn answer_to(bench: &TestServer, path: &str, headers: &[(&str, &str)]) -> String {
    let (_, host) = bench.origin.split_once("://").unwrap();
    let mut request = format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n{");
    let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let closed = stream.read_to_end(&mut answer);
    let closed = tokio::time::timeout(Duration::from_secs(60), closed).await;
    // A reset connection is a closed one.
    let _ = closed.expect("the connection is held open");
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_body_that_comes_too_late_is_a_timeout_wherever_it_is_read() {
    let bench = TestServer::with(|config| config.server.request_seconds = 1).await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let read_only = client.connect(&mut browser, "read-only").await;
    let full = client.connect(&mut browser, "full").await;
    let json = ("Content-Type", "application/json");
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let bearer = |token: &str| format!("Bearer {token}");
    let (read_only, full) = (bearer(&read_only.access), bearer(&full.access));
    let read_only = [json, ("Authorization", &read_only)];
    let full = [json, ("Authorization", &full)];
    let requests: [(&str, &[(&str, &str)]); 6] = [
        ("/mcp", &read_only),
        ("/mcp", &full),
        ("/oauth/register", &[json]),
        ("/oauth/token", &[form]),
        ("/oauth/revoke", &[form]),
        ("/account/sign-in", &[form]),
    ];
    let answers = requests.map(|(path, headers)| answer_to(&bench, path, headers));
    let answers = futures_util::future::join_all(answers).await;
    for ((path, _), answer) in requests.iter().zip(answers) {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
}
