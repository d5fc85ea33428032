//! A server over an API whose answer the test chooses.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header;
use runtime::app::{self, Environment, Server};
use runtime::codegen::{Access, Catalog, Content, Operation, Property, RequestBody, Schema};
use runtime::config::Config;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::support::config;

static GET_ANSWER: Operation = Operation {
    name: "get_answer",
    title: "Get the answer",
    description: "Returns what the test chose.",
    path: "/answer",
    ..Operation::BASE
};

static GET_TYPED_ANSWER: Operation = Operation {
    name: "get_typed_answer",
    title: "Get the answer",
    description: "Returns what the test chose, which is an object.",
    long_answers: true,
    path: "/answer",
    output: Some(Schema {
        json: r#"{"type":"object"}"#,
        definitions: &[],
    }),
    ..Operation::BASE
};

static SEND: Operation = Operation {
    name: "send",
    title: "Send something",
    description: "Takes anything, and a list of numbers.",
    method: "POST",
    path: "/answer",
    access: Access::Read,
    request_body: Some(RequestBody {
        required: true,
        content: Content::Properties(&[Property::new("anything"), Property::new("numbers")]),
        media_types: &["application/json"],
        media_type_argument: None,
    }),
    input: Schema {
        json: r#"{"type":"object","properties":{"anything":{},"numbers":{"type":"array","items":{"type":"integer"}}},"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static WRITE: Operation = Operation {
    name: "write",
    title: "Write something",
    description: "Changes something.",
    method: "PUT",
    path: "/answer",
    access: Access::Write,
    ..Operation::BASE
};

static CATALOG: Catalog = Catalog {
    name: "large",
    server_name: "large",
    title: "Large",
    version: "1.0.0",
    summary: "",
    logo: None,
    repeated: &[],
    description: "Everything is as large as the test wants it.",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[],
    operations: &[&[&GET_ANSWER, &GET_TYPED_ANSWER, &SEND, &WRITE]],
};

/// What the API answers, and how often it was asked.
#[derive(Clone)]
pub(crate) struct Api(Arc<Inner>);

struct Inner {
    status: u16,
    content_type: &'static str,
    body: Bytes,
    asked: Mutex<Vec<usize>>,
    /// Answers that may be given.
    gate: Semaphore,
}

impl Api {
    /// Waits until the API was asked `count` times.
    pub(crate) async fn asked(&self, count: usize) {
        while self.0.asked.lock().unwrap().len() < count {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// The lengths of the bodies that the API was sent.
    pub(crate) fn lengths(&self) -> Vec<usize> {
        self.0.asked.lock().unwrap().clone()
    }

    /// Lets it answer so often.
    pub(crate) fn open(&self, answers: usize) {
        self.0.gate.add_permits(answers);
    }
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let body = axum::body::to_bytes(request.into_body(), usize::MAX).await;
    api.0.asked.lock().unwrap().push(body.unwrap().len());
    api.0.gate.acquire().await.unwrap().forget();
    let status = http::StatusCode::from_u16(api.0.status).unwrap();
    let body = api.0.body.clone();
    (status, [(header::CONTENT_TYPE, api.0.content_type)], body).into_response()
}

/// A server whose API answers with this body, and only when it is let where it is `gated`.
pub(crate) struct Large {
    pub(crate) api: Api,
    pub(crate) server: Server,
    pub(crate) client: reqwest::Client,
}

impl Large {
    pub(crate) async fn json(body: impl Into<Bytes>) -> Large {
        Large::with("application/json", body, |_| ()).await
    }

    pub(crate) async fn with(
        content_type: &'static str,
        body: impl Into<Bytes>,
        change: impl FnOnce(&mut Config),
    ) -> Large {
        let large = Large::gated(200, content_type, body, change).await;
        large.api.open(Semaphore::MAX_PERMITS);
        large
    }

    pub(crate) async fn in_environment(body: impl Into<Bytes>, environment: Environment) -> Large {
        let json = "application/json";
        let large = Large::start(200, json, body, |_| (), environment).await;
        large.api.open(Semaphore::MAX_PERMITS);
        large
    }

    pub(crate) async fn gated(
        status: u16,
        content_type: &'static str,
        body: impl Into<Bytes>,
        change: impl FnOnce(&mut Config),
    ) -> Large {
        Large::start(status, content_type, body, change, Environment::default()).await
    }

    async fn start(
        status: u16,
        content_type: &'static str,
        body: impl Into<Bytes>,
        change: impl FnOnce(&mut Config),
        environment: Environment,
    ) -> Large {
        let api = Api(Arc::new(Inner {
            status,
            content_type,
            body: body.into(),
            asked: Mutex::default(),
            gate: Semaphore::new(0),
        }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(answer).with_state(api.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut config = config();
        config.upstream.url = Some(url.parse().unwrap());
        change(&mut config);
        let server = app::start(&CATALOG, config, environment).await;
        Large {
            api,
            server: server.unwrap(),
            client: reqwest::Client::new(),
        }
    }

    /// A message of these bytes as a request.
    pub(crate) fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let request = self.client.post(self.server.url().clone());
        request
            .header("content-type", "application/json")
            .body(body)
    }

    /// Sends a message; returns status and answer.
    pub(crate) async fn send(&self, message: impl Into<reqwest::Body>) -> (u16, Value) {
        let response = self.post(message).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The result of one call.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let (status, mut answer) = self.send(message(tool, &arguments.to_string())).await;
        assert_eq!(status, 200, "{answer}");
        answer["result"].take()
    }

    /// The status of the answer to a probe, over a connection of its own.
    pub(crate) async fn health(&self) -> u16 {
        let url = self.server.url().join("/healthz").unwrap();
        let response = reqwest::Client::new().get(url).send().await.unwrap();
        response.status().as_u16()
    }
}

/// A call as a message; `arguments` are JSON.
pub(crate) fn message(tool: &str, arguments: &str) -> String {
    let call = json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": tool}});
    let message = call.to_string();
    let end = message.rfind("}}").unwrap();
    format!("{},\"arguments\":{arguments}}}}}", &message[..end])
}
