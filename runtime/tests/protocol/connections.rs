//! Connections that are held open without need, and those that are too many.

use std::time::Duration;

use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::large::{Large, message};
use crate::support::TestServer;

/// Longer than anything here takes, however busy the machine is.
const LONG: Duration = Duration::from_secs(60);

const HEALTH: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Waits until the server has closed a connection.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let closed = timeout(LONG, stream.read_to_end(&mut rest)).await;
    // A reset connection is a closed one.
    let _ = closed.expect("the connection is held open");
}

/// Asks for something over an HTTP/1.1 connection that goes on; returns the beginning of the answer.
async fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(HEALTH.as_bytes()).await.unwrap();
    let mut beginning = [0; 12];
    stream.read_exact(&mut beginning).await.unwrap();
    let mut rest = [0; 1024];
    // The rest of the answer comes at once, so that the next is not mistaken for it.
    let _ = stream.read(&mut rest).await.unwrap();
    String::from_utf8_lossy(&beginning).into_owned()
}

/// An HTTP/2 connection whose client answers PINGs by itself; what it does runs in `tasks`.
async fn http_2(bench: &TestServer, tasks: &mut JoinSet<()>) -> SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (sender, connection) = handshake.await.unwrap();
    tasks.spawn(async move {
        let _ = connection.await;
    });
    sender
}

async fn health_2(sender: &mut SendRequest<Empty<Bytes>>) -> Response<Incoming> {
    let request = Request::get("http://localhost/healthz");
    let request = request.body(Empty::new()).unwrap();
    sender.send_request(request).await.unwrap()
}

#[tokio::test]
async fn http_2_connections_that_only_answer_pings_are_closed_and_others_are_served() {
    let bench = TestServer::with(|config| config.server.request_seconds = 1).await;
    let mut connections = JoinSet::new();
    let mut senders = Vec::new();
    for number in 0..300 {
        let mut sender = http_2(&bench, &mut connections).await;
        // One that has asked for something is no better than one that has not.
        if number % 2 == 0 {
            let answer = health_2(&mut sender).await;
            answer.into_body().collect().await.unwrap();
        }
        senders.push(sender);
    }
    let newcomer = bench
        .client
        .get(bench.server.url().join("/healthz").unwrap());
    assert_eq!(newcomer.send().await.unwrap().status(), 200);
    let all_closed = timeout(LONG, async {
        while connections.join_next().await.is_some() {}
    });
    all_closed.await.expect("a connection is held open");
    drop(senders);
}

#[tokio::test]
async fn a_connection_whose_request_is_open_is_not_closed() {
    let bench = TestServer::with(|config| config.server.request_seconds = 1).await;
    let stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://localhost/mcp")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(message("wait", "{}"))))
        .unwrap();
    let waiting = tokio::spawn(async move { sender.send_request(request).await });
    // Longer than a connection may do nothing.
    tokio::time::sleep(Duration::from_secs(3)).await;
    bench.api.open();
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_head_that_comes_byte_by_byte_is_not_waited_for() {
    let bench = TestServer::with(|config| config.server.request_seconds = 1).await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
    // The beginning of a HEADERS frame of 1,000 bytes on stream 1.
    let headers = b"\x00\x03\xe8\x01\x04\x00\x00\x00\x01";
    for beginning in [
        b"".to_vec(),
        HEALTH.as_bytes()[..30].to_vec(),
        [&preface[..], headers].concat(),
    ] {
        let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
        stream.write_all(&beginning).await.unwrap();
        let dribble = async {
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(LONG, dribble)
            .await
            .expect("the connection is held open");
    }
}

#[tokio::test]
async fn a_body_that_comes_byte_by_byte_is_not_waited_for() {
    let bench = TestServer::with(|config| config.server.request_seconds = 1).await;
    let stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    let (mut read, mut write) = stream.into_split();
    let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 1000000\r\n\r\n";
    write.write_all(head.as_bytes()).await.unwrap();
    let dribble = tokio::spawn(async move {
        while write.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = [0; 12];
    let answered = timeout(LONG, read.read_exact(&mut answer)).await;
    answered.expect("the body is waited for").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    dribble.abort();
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_given_up() {
    let body = "x".repeat(8_000_000);
    let large = Large::with("text/plain", body, |config| {
        config.server.request_seconds = 1;
    })
    .await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(large.server.addr()).await.unwrap();
    let call = message("get_answer", "{}");
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{call}",
        call.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // A closed connection resets a client that goes on sending.
    let send = async {
        while stream.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(LONG, send)
        .await
        .expect("the answer is held for its client");
}

#[tokio::test]
async fn an_answer_over_http_2_that_is_not_read_is_given_up_and_others_go_on() {
    let body = "x".repeat(8_000_000);
    let large = Large::with("text/plain", body, |config| {
        config.server.request_seconds = 1;
    })
    .await;
    let stream = TcpStream::connect(large.server.addr()).await.unwrap();
    let handshake = h2::client::Builder::new()
        .initial_window_size(1024)
        .handshake::<_, Bytes>(stream);
    let (sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut sender = sender.ready().await.unwrap();
    let request = Request::post("http://localhost/mcp")
        .header("content-type", "application/json")
        .body(())
        .unwrap();
    let (answer, mut body) = sender.send_request(request, false).unwrap();
    body.send_data(message("get_answer", "{}").into(), true)
        .unwrap();
    let mut unread = answer.await.unwrap().into_body();
    // Capacity is not released, so that no more comes than the first window.
    let reset = async { while let Some(Ok(_)) = unread.data().await {} };
    timeout(LONG, reset)
        .await
        .expect("the answer is held for its client");

    let mut sender = sender.ready().await.unwrap();
    let request = Request::get("http://localhost/healthz").body(()).unwrap();
    let (answer, _) = sender.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
}

#[tokio::test]
async fn one_address_has_so_many_connections_with_a_request_open() {
    let bench = TestServer::with(|config| config.server.max_connections_per_address = 2).await;
    let call = message("wait", "{}");
    let waiting = || async {
        let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
        let head = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Connection: close\r\nContent-Length: {}\r\n\r\n{call}",
            call.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    };
    let mut streams = [waiting().await, waiting().await];
    while bench.api.seen().len() < 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut third = TcpStream::connect(bench.server.addr()).await.unwrap();
    closed(&mut third).await;
    for stream in &mut streams {
        bench.api.open();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_for_a_new_one() {
    for limit in ["total", "address"] {
        let bench = TestServer::with(|config| match limit {
            "total" => config.server.max_connections = 2,
            _ => config.server.max_connections_per_address = 2,
        })
        .await;
        let connect = || TcpStream::connect(bench.server.addr());
        let mut oldest = connect().await.unwrap();
        let mut other = connect().await.unwrap();
        for stream in [&mut oldest, &mut other] {
            assert_eq!(ask(stream).await, "HTTP/1.1 200");
        }
        let mut newest = connect().await.unwrap();
        assert_eq!(ask(&mut newest).await, "HTTP/1.1 200", "{limit}");
        closed(&mut oldest).await;
        assert_eq!(ask(&mut other).await, "HTTP/1.1 200", "{limit}");
    }
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused() {
    let bench = TestServer::start().await;
    let mut stream = TcpStream::connect(bench.server.addr()).await.unwrap();
    let head = format!(
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: {}\r\n\r\n",
        "x".repeat(64 * 1024)
    );
    let _ = stream.write_all(head.as_bytes()).await;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");
}
