//! A server that remembers what it was sent and answers with given bytes.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use runtime::call::CallError;
use runtime::clock::Clock;
use runtime::codegen::{Access, Catalog, Operation, Server, Value};
use runtime::config::UpstreamSettings;
use runtime::model::AccessContext;
use runtime::upstream::{Answer, Mode, Upstream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Always 2026-01-01T00:00:00Z.
#[derive(Debug)]
pub(crate) struct NewYear;

impl Clock for NewYear {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }
}

/// A catalogue without schemes; its server does not exist.
pub(crate) static CATALOG: Catalog = Catalog {
    name: "test",
    server_name: "test",
    title: "Test",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
    servers: &[Server {
        url: "http://nowhere.invalid",
        variables: &[],
    }],
    tags: &[],
    search_mode: false,
    security_schemes: &[],
    operations: &[],
};

/// A read of `/`.
pub(crate) static READ: Operation = Operation::BASE;

/// A write to `/items`.
pub(crate) static WRITE: Operation = Operation {
    name: "write",
    method: "POST",
    path: "/items",
    access: Access::Write,
    idempotent: false,
    ..Operation::BASE
};

/// The server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Api {
    /// Answers every request with the bytes that `answer` makes of its text, then closes.
    pub(crate) async fn start<F>(answer: F) -> Api
    where
        F: Fn(&str) -> Vec<u8> + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Api {
            url: format!("http://{}", listener.local_addr().unwrap()),
            seen: Arc::default(),
        };
        let seen = Arc::clone(&api.seen);
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&seen), Arc::clone(&answer));
                tokio::spawn(async move {
                    let request = receive(&mut stream).await;
                    let bytes = answer(&request);
                    seen.lock().unwrap().push(request);
                    // The client may have had enough before the end.
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        api
    }

    /// Answers everything with the same text.
    pub(crate) async fn answering(answer: &'static str) -> Api {
        Api::start(|_| answer.as_bytes().to_vec()).await
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The settings that lead to this server, and what `more` says.
    pub(crate) fn settings(&self, more: &str) -> UpstreamSettings {
        toml::from_str(&format!("url = '{}'\n{more}", self.url)).unwrap()
    }

    /// Calls `operation` without arguments.
    pub(crate) async fn call(&self, operation: &'static Operation) -> Result<Answer, CallError> {
        self.call_with(operation, &Value::Null, "").await
    }

    /// Calls `operation` with arguments and settings.
    pub(crate) async fn call_with(
        &self,
        operation: &'static Operation,
        arguments: &Value,
        settings: &str,
    ) -> Result<Answer, CallError> {
        let settings = self.settings(settings);
        let upstream = Upstream::new(&CATALOG, &settings, Mode::Live, Arc::new(NewYear)).unwrap();
        call(&upstream, operation, arguments).await
    }
}

/// Calls `operation` as the operator of workspace `w 1`.
pub(crate) async fn call(
    upstream: &Upstream,
    operation: &'static Operation,
    arguments: &Value,
) -> Result<Answer, CallError> {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    let context = AccessContext::operator(Access::Write, Some("w 1"));
    let answer = upstream.call(operation, arguments, &context, "r-1").await;
    answer.map_err(|error| CallError::of_upstream(&error, operation, "r-1"))
}

/// Reads one request: its head and as much body as it announces.
pub(crate) async fn receive(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.strip_prefix("content-length: "))
                .find_map(|length| length.parse::<usize>().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return text;
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return text;
        }
    }
}

/// The URL of a closed port.
pub(crate) async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
