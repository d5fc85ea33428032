//! What goes wrong between a client and the API: each failure is in the tool's result, and
//! the server that met it goes on answering.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use runtime::app::Server;
use runtime::config::Config;
use serde_json::{Value, json};
use tests::harness::client::{Answer, Client, Revision};
use tests::harness::example::connected;
use tests::harness::server::serve;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// How long the long answer is: 100 MB.
const LONG: u64 = 100_000_000;

/// An API that answers `/accounts/CASE` as the case asks.
#[derive(Clone, Debug, Default)]
struct Api {
    /// Paths that were asked for.
    seen: Arc<Mutex<Vec<String>>>,
    /// How much of the long answer has left.
    sent: Arc<AtomicU64>,
}

impl Api {
    async fn start(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let api = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let api = api.clone();
                // A client that has had enough closes the connection, which is no failure here.
                tokio::spawn(async move { api.answer(stream).await });
            }
        });
        url.parse().unwrap()
    }

    async fn answer(&self, mut stream: TcpStream) -> io::Result<()> {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            if stream.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        }
        let request = String::from_utf8_lossy(&request);
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let case = path.rsplit('/').next().unwrap_or_default().to_owned();
        self.seen.lock().unwrap().push(path);
        let too_many = |retry_after: &str| {
            format!("HTTP/1.1 429 Too Many Requests\r\nRetry-After: {retry_after}\r\n\r\n")
        };
        let answer = match case.as_str() {
            "drops" => return Ok(()),
            "garbage" => "\u{1F600} this is not HTTP\r\n\r\n".to_owned(),
            "silent" => return std::future::pending().await,
            "long" => return self.long(stream).await,
            "seconds" => too_many("30"),
            "date" => too_many("Sat, 21 Nov 2026 10:00:45 GMT"),
            _ => "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{}".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await
    }

    async fn long(&self, mut stream: TcpStream) -> io::Result<()> {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let chunk = [b'x'; 100_000];
        while self.sent.load(Ordering::SeqCst) < LONG {
            stream.write_all(&chunk).await?;
            self.sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
        }
        Ok(())
    }
}

/// A server before the API.
struct TestServer {
    api: Api,
    client: Client,
    _server: Server,
}

impl TestServer {
    async fn start() -> TestServer {
        TestServer::with(|_| ()).await
    }

    async fn with(change: impl FnOnce(&mut Config)) -> TestServer {
        let api = Api::default();
        let mut config = connected(&api.start().await, "mq_full_key");
        change(&mut config);
        let server = serve(&generated::CATALOG, config).await.unwrap();
        TestServer {
            api,
            client: Client::new(server.url().clone(), Revision::V2026_07_28),
            _server: server,
        }
    }

    /// Calls a tool; afterwards the server still lists its tools.
    async fn call(&self, tool: &str, arguments: Value) -> Answer {
        let params = json!({"name": tool, "arguments": arguments});
        let answer = self.client.send("tools/call", params).await.unwrap();
        assert!(!self.client.tools().await.unwrap().is_empty());
        answer
    }

    /// Calls a tool and takes the error that its result reports, which names the request.
    async fn error(&self, tool: &str, arguments: Value) -> Value {
        let answer = self.call(tool, arguments).await;
        let result = &answer.message["result"];
        assert_eq!(result["isError"], true, "{result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        let error = serde_json::from_str::<Value>(text).unwrap()["error"].take();
        assert_eq!(error["request_id"], answer.request_id.unwrap());
        error
    }

    /// The error of the API's answer to this case; afterwards the API is reached as before.
    async fn failing(&self, case: &str) -> Value {
        let error = self.error("get_account", json!({"account_id": case})).await;
        let next = self
            .call("get_account", json!({"account_id": "fine"}))
            .await;
        assert_eq!(next.message["result"]["isError"], false, "{}", next.message);
        error
    }

    /// The error of a call that the API hears nothing of.
    async fn refused(&self, tool: &str, arguments: Value) -> Value {
        let error = self.error(tool, arguments).await;
        assert_eq!(self.api.seen.lock().unwrap().as_slice(), [""; 0]);
        assert_eq!(error["kind"], "invalid_arguments");
        error
    }
}

fn message(error: &Value) -> &str {
    error["message"].as_str().unwrap()
}

#[tokio::test]
async fn a_closed_port_is_reported() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    drop(listener);
    let bench = TestServer::with(|config| config.upstream.url = Some(url.clone())).await;
    let error = bench.error("get_profile", json!({})).await;
    assert_eq!(error["kind"], "upstream_unavailable");
    assert_eq!(error["retryable"], true);
    assert!(message(&error).contains("Connection refused"), "{error}");
    assert!(!message(&error).contains(url.authority()), "{error}");
}

#[tokio::test]
async fn a_host_that_does_not_exist_is_reported() {
    let url: Url = "http://nowhere.invalid".parse().unwrap();
    let bench = TestServer::with(|config| config.upstream.url = Some(url)).await;
    let error = bench.error("get_profile", json!({})).await;
    assert_eq!(error["kind"], "upstream_unavailable");
    assert!(message(&error).contains("nowhere.invalid"), "{error}");
}

#[tokio::test]
async fn an_api_that_does_not_answer_in_time_is_reported() {
    let bench = TestServer::with(|config| config.upstream.timeout_seconds = 3).await;
    let error = bench.failing("silent").await;
    assert_eq!(error["kind"], "timeout");
    assert_eq!(error["retryable"], true);
}

#[tokio::test]
async fn an_api_that_hangs_up_is_reported() {
    let error = TestServer::start().await.failing("drops").await;
    assert_eq!(error["kind"], "upstream_unavailable");
    assert!(message(&error).contains("broke"), "{error}");
}

#[tokio::test]
async fn an_api_that_does_not_speak_http_is_reported() {
    let error = TestServer::start().await.failing("garbage").await;
    assert_eq!(error["kind"], "invalid_response");
}

#[tokio::test]
async fn of_a_hundred_megabytes_the_beginning_is_read_and_the_rest_is_said_to_be_missing() {
    let limit = 1_000_000;
    let bench = TestServer::with(|config| config.upstream.max_response_bytes = limit).await;
    let answer = bench
        .call("get_account", json!({"account_id": "long"}))
        .await;
    let content = answer.message["result"]["content"].to_string();
    let missing = format!("{} bytes are missing", LONG - limit as u64);
    assert!(content.contains(&missing), "{}", content.len());
    assert!(content.len() < 2 * limit, "{}", content.len());
    // What was not read cannot have been kept: most of it never left the API.
    assert!(bench.api.sent.load(Ordering::SeqCst) < LONG / 2);
}

#[tokio::test]
async fn too_many_requests_with_seconds_say_how_long_to_wait() {
    let error = TestServer::start().await.failing("seconds").await;
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&json!("rate_limited"), &json!(429))
    );
    assert_eq!(error["retry_after_seconds"], 30);
}

#[tokio::test]
async fn too_many_requests_with_a_date_say_how_long_to_wait() {
    let error = TestServer::start().await.failing("date").await;
    assert_eq!(
        (&error["kind"], &error["status"]),
        (&json!("rate_limited"), &json!(429))
    );
    assert_eq!(error["retry_after_seconds"], 45);
}

#[tokio::test]
async fn a_path_value_that_climbs_never_leaves() {
    let bench = TestServer::start().await;
    for climbing in [
        "../../admin",
        "..",
        "a/../../admin",
        "%2e%2e/admin",
        "..\\admin",
    ] {
        let error = bench
            .refused("get_account", json!({"account_id": climbing}))
            .await;
        assert!(error.to_string().contains("account_id"), "{error}");
    }
}

#[tokio::test]
async fn an_argument_of_the_wrong_type_never_leaves() {
    let error = TestServer::start()
        .await
        .refused("create_bundle", json!({"name": ["Winter blend"]}))
        .await;
    assert_eq!(error["details"]["violations"][0]["path"], "/name");
    assert_eq!(error["details"]["violations"][0]["rule"], "type");
}

#[tokio::test]
async fn an_argument_that_does_not_exist_never_leaves() {
    let error = TestServer::start()
        .await
        .refused("list_bundles", json!({"limt": 5}))
        .await;
    assert!(
        error.to_string().contains("did you mean `limit`?"),
        "{error}"
    );
}

#[tokio::test]
async fn a_tool_that_does_not_exist_is_named_and_nothing_leaves() {
    let bench = TestServer::start().await;
    let answer = bench.call("get_acount", json!({})).await;
    let error = &answer.message["error"];
    assert_eq!(error["code"], -32602);
    assert!(message(error).contains("get_acount"), "{error}");
    assert!(answer.request_id.is_some());
    assert_eq!(bench.api.seen.lock().unwrap().as_slice(), [""; 0]);
}

#[tokio::test]
async fn one_server_outlives_all_of_it() {
    let bench = TestServer::with(|config| config.upstream.timeout_seconds = 3).await;
    for case in ["garbage", "drops", "silent", "seconds", "long"] {
        bench.call("get_account", json!({"account_id": case})).await;
    }
    let answer = bench
        .call("get_account", json!({"account_id": "fine"}))
        .await;
    assert_eq!(answer.message["result"]["isError"], false);
}
