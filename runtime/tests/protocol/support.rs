//! A small catalogue, the API it describes, and a server between them and the test.

use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use runtime::app::{self, Environment, Server};
use runtime::codegen::{
    Access, Catalog, Content, Definition, Example, Operation, Parameter, Property, RequestBody,
    Schema,
};
use runtime::config::{Auth, Config};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

static OWNER: Definition = Definition {
    name: "Owner",
    schema: Schema {
        json: r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false}"#,
        definitions: &[],
    },
};

static GET_PET: Operation = Operation {
    name: "get_pet",
    title: "Get a pet",
    description: "Returns one pet.",
    path: "/pets/{id}",
    parameters: &[Parameter::path("id")],
    input: Schema {
        json: r#"{"type":"object","properties":{"id":{"type":"integer"}},"required":["id"],"additionalProperties":false}"#,
        definitions: &[],
    },
    output: Some(Schema {
        json: r#"{"type":"object","properties":{"name":{"type":"string"}}}"#,
        definitions: &[],
    }),
    example: Some(Example {
        status: 200,
        media_type: "application/json",
        body: r#"{"name":"Example"}"#,
    }),
    ..Operation::BASE
};

static LIST_PETS: Operation = Operation {
    name: "list_pets",
    title: "List pets",
    description: "Returns pets.",
    path: "/pets",
    parameters: &[Parameter::query("status")],
    input: Schema {
        json: r#"{"type":"object","properties":{"status":{"type":"string","enum":["available","sold"]}},"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static CREATE_PET: Operation = Operation {
    name: "create_pet",
    title: "Create a pet",
    description: "Creates a pet.",
    method: "POST",
    path: "/pets",
    access: Access::Write,
    idempotent: false,
    request_body: Some(RequestBody {
        required: true,
        content: Content::Properties(&[Property::new("name"), Property::new("owner")]),
        media_types: &["application/json"],
        media_type_argument: None,
    }),
    input: Schema {
        json: r##"{"type":"object","properties":{"name":{"type":"string"},"owner":{"$ref":"#/$defs/Owner"}},"required":["name"],"additionalProperties":false}"##,
        definitions: &[&OWNER],
    },
    ..Operation::BASE
};

macro_rules! plain {
    ($name:ident, $tool:literal, $path:literal) => {
        static $name: Operation = Operation {
            name: $tool,
            title: $tool,
            description: "Answers what it says.",
            path: $path,
            ..Operation::BASE
        };
    };
}

plain!(GET_PHOTO, "get_photo", "/photo");
plain!(GET_FILE, "get_file", "/file");
plain!(GET_NOTE, "get_note", "/note");
plain!(GET_NOTHING, "get_nothing", "/nothing");
plain!(FAIL, "fail", "/fail");

static PROBE: Operation = Operation {
    name: "probe",
    title: "Probe",
    description: "Says what there is to know of the file.",
    method: "HEAD",
    path: "/file",
    ..Operation::BASE
};

static UPLOAD: Operation = Operation {
    name: "upload",
    title: "Upload",
    description: "Makes a file.",
    method: "POST",
    path: "/files",
    access: Access::Write,
    ..Operation::BASE
};

plain!(WAIT, "wait", "/wait");

static WAIT_AND_WRITE: Operation = Operation {
    name: "wait_and_write",
    title: "Wait and write",
    description: "Answers when it is let.",
    method: "POST",
    path: "/wait",
    access: Access::Write,
    ..Operation::BASE
};

/// The catalogue under test.
pub(crate) static CATALOG: Catalog = Catalog {
    name: "pets-program",
    server_name: "pets",
    title: "Pets",
    version: "1.2.3",
    summary: "All about pets.",
    logo: None,
    repeated: &[],
    description: "All about pets, at length.",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[],
    operations: &[
        &[&LIST_PETS, &GET_PET, &CREATE_PET],
        &[
            &GET_PHOTO,
            &GET_FILE,
            &GET_NOTE,
            &GET_NOTHING,
            &FAIL,
            &PROBE,
            &UPLOAD,
            &WAIT,
            &WAIT_AND_WRITE,
        ],
    ],
};

/// A request as the API got it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// The API: answers by path, remembers what it was asked.
#[derive(Clone)]
pub(crate) struct Api {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Answers that may still be given to `/wait`.
    gate: Arc<Semaphore>,
    /// How many answers `/wait` has given.
    passed: watch::Sender<usize>,
}

impl Default for Api {
    fn default() -> Api {
        Api {
            seen: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            passed: watch::Sender::new(0),
        }
    }
}

impl Api {
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until the API was asked something.
    pub(crate) async fn asked(&self) {
        while self.seen().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }

    /// Lets `/wait` answer once.
    pub(crate) fn open(&self) {
        self.gate.add_permits(1);
    }

    /// Waits until `/wait` has answered.
    pub(crate) async fn passed(&self) {
        let mut passed = self.passed.subscribe();
        passed.wait_for(|count| *count > 0).await.unwrap();
    }

    /// Starts the API and returns its base URL.
    pub(crate) async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    api.seen.lock().unwrap().push(Seen {
        method: parts.method.to_string(),
        uri: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    match parts.uri.path() {
        "/photo" => ([(header::CONTENT_TYPE, "image/png")], b"PNG".as_slice()).into_response(),
        "/file" => (
            [
                (header::CONTENT_TYPE, "application/zip"),
                (header::ETAG, "\"v1\""),
                (header::SET_COOKIE, "session=s3cret"),
            ],
            b"PK".as_slice(),
        )
            .into_response(),
        "/files" => {
            let fields = [(header::LOCATION, "/files/5"), (header::SERVER, "example")];
            (StatusCode::CREATED, fields).into_response()
        }
        "/note" => ([(header::CONTENT_TYPE, "text/plain")], "hello").into_response(),
        "/wait" => {
            api.gate.acquire().await.unwrap().forget();
            api.passed.send_modify(|count| *count += 1);
            axum::Json(json!({"waited": true})).into_response()
        }
        "/nothing" => StatusCode::NO_CONTENT.into_response(),
        "/fail" => (
            StatusCode::NOT_FOUND,
            axum::Json(json!({"message": "no such pet"})),
        )
            .into_response(),
        "/pets" => axum::Json(json!([{"name": "Rex"}])).into_response(),
        "/pets/7" => axum::Json(json!({"name": 7})).into_response(),
        _ => axum::Json(json!({"name": "Rex"})).into_response(),
    }
}

/// A server over a fresh API, and a client of it.
pub(crate) struct TestServer {
    pub(crate) api: Api,
    pub(crate) server: Server,
    pub(crate) client: reqwest::Client,
}

impl TestServer {
    pub(crate) async fn start() -> TestServer {
        TestServer::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> TestServer {
        TestServer::built(Environment::default(), change).await
    }

    /// A server in this environment, with a changed configuration.
    pub(crate) async fn built(
        environment: Environment,
        change: impl FnOnce(&mut Config),
    ) -> TestServer {
        TestServer::of(&CATALOG, environment, change).await
    }

    /// The same, of another catalogue.
    pub(crate) async fn of(
        catalog: &'static Catalog,
        environment: Environment,
        change: impl FnOnce(&mut Config),
    ) -> TestServer {
        let api = Api::default();
        let mut config = config();
        config.upstream.url = Some(api.start().await.parse().unwrap());
        change(&mut config);
        TestServer {
            api,
            server: app::start(catalog, config, environment).await.unwrap(),
            client: reqwest::Client::new(),
        }
    }

    /// Posts a body as clients of the first revisions do.
    pub(crate) fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client
            .post(self.server.url().clone())
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .body(body)
    }

    /// One JSON-RPC exchange.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let response = self.post(message.to_string()).send().await.unwrap();
        response.json().await.unwrap()
    }

    /// One JSON-RPC exchange of revision 2026-07-28, with its HTTP status.
    pub(crate) async fn modern(&self, method: &str, mut params: Value) -> (u16, Value) {
        let name = params["name"].as_str().map(str::to_owned);
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let mut request = self
            .post(message.to_string())
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", method);
        if let Some(name) = name {
            request = request.header("mcp-name", name);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// The result of one tool call.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let params = json!({"name": tool, "arguments": arguments});
        let mut answer = self.rpc("tools/call", params).await;
        answer["result"].take()
    }
}

/// The defaults on a free port, without sign-in.
pub(crate) fn config() -> Config {
    let mut config = Config::default();
    config.server.auth = Auth::None;
    config.server.listen = "127.0.0.1:0".parse().unwrap();
    config
}
