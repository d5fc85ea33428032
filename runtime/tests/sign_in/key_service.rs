//! An API with a key service of its own, which can be made to fail.

use std::sync::{Arc, Mutex};

use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use runtime::codegen::{Catalog, Operation, SecurityKind, SecurityScheme};
use runtime::config::Config;
use serde_json::{Value, json};

use crate::support::TestServer;

const GET_PET: Operation = Operation {
    name: "get_pet",
    title: "Get a pet",
    description: "Returns one pet.",
    path: "/pets",
    security: &[&["api_key"]],
    ..Operation::BASE
};

const CREATE_PET: Operation = Operation {
    name: "create_pet",
    method: "POST",
    access: runtime::codegen::Access::Write,
    ..GET_PET
};

const TRACE_PETS: Operation = Operation {
    name: "trace_pets",
    method: "TRACE",
    ..GET_PET
};

static CATALOG: Catalog = Catalog {
    name: "pets",
    server_name: "pets",
    title: "Pets",
    version: "1.2.3",
    summary: "",
    logo: None,
    repeated: &[],
    description: "All about pets.",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[
        SecurityScheme {
            name: "api_key",
            kind: SecurityKind::Bearer,
        },
        SecurityScheme {
            name: "operator_key",
            kind: SecurityKind::ApiKey {
                location: runtime::codegen::In::Header,
                name: "X-Operator-Key",
            },
        },
    ],
    operations: &[&[&GET_PET, &CREATE_PET, &TRACE_PETS]],
};

pub(crate) const SETTINGS: &str = r#"
[server]
public_url = "https://mcp.example.com"

[upstream.mint]
scheme = "api_key"
credentials = { operator_key = "the operator's key" }
sealing_keys = [{ id = "1", key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=" }]

[upstream.mint.create]
request = "POST /workspaces/{workspace}/api-keys"
body = { name = "{name}", level = "{level}" }
levels = { read_only = "read", full = "full" }
id = "/key/id"
secret = "/key/secret"

[upstream.mint.revoke]
request = "DELETE /api-keys/{id}"
"#;

/// The same, and a way to find keys: by a list of two to a page.
pub(crate) fn with_list() -> String {
    let settings = SETTINGS.replace("name = \"{name}\"", "name = \"{name} {grant}\"");
    format!(
        "{settings}\n[upstream.mint.find]\n\
         request = \"GET /workspaces/{{workspace}}/api-keys?from={{cursor}}\"\n\
         items = \"/keys\"\nid = \"/id\"\ngrant = \"/label\"\nnext = \"/next\"\n"
    )
}

/// The same, and an API that answers a repeated request as it did the first.
pub(crate) fn with_repeats() -> String {
    let create = "[upstream.mint.create]\nidempotency_header = \"Idempotency-Key\"\n";
    SETTINGS.replace("[upstream.mint.create]\n", create)
}

/// What the key service was asked, and how it is to answer.
#[derive(Debug, Default)]
pub(crate) struct Situation {
    /// Each key that was made, and whether it is still good.
    pub(crate) keys: Vec<(String, bool)>,
    /// The name of each key, and its idempotency key.
    labels: Vec<(String, String)>,
    /// Whether requests to make a key are not answered for now, although it is made.
    pub(crate) paused: bool,
    /// What requests to make a key are answered with after it was made.
    pub(crate) broken: Option<u16>,
    /// Method, path, headers and body of each request.
    pub(crate) asked: Vec<(String, HeaderMap, Value)>,
    /// What requests to make a key are answered with instead.
    pub(crate) create: Option<(u16, Value)>,
    /// What requests to revoke one are answered with instead.
    pub(crate) revoke: Option<u16>,
}

impl Situation {
    /// Adds keys that others made.
    pub(crate) fn foreign(&mut self, count: usize) {
        for number in 1..=count {
            self.keys.push((format!("k {number}"), true));
            self.labels
                .push((format!("of somebody {number}"), String::new()));
        }
    }
}

/// The API.
#[derive(Clone, Debug, Default)]
pub(crate) struct KeyService(pub(crate) Arc<Mutex<Situation>>);

impl KeyService {
    /// Starts it, and a server before it.
    pub(crate) async fn start() -> (KeyService, TestServer) {
        KeyService::start_with(SETTINGS, |_| ()).await
    }

    pub(crate) async fn start_with(
        settings: &str,
        change: impl FnOnce(&mut Config),
    ) -> (KeyService, TestServer) {
        let service = KeyService::default();
        let url = service.listen().await;
        let config = Config::parse(settings, "connector.toml".as_ref()).unwrap();
        let bench = TestServer::of(&CATALOG, config, |config| {
            config.upstream.url = Some(url.parse().unwrap());
            change(config);
        });
        let bench = bench.await;
        (service, bench)
    }

    /// Why a server with these settings does not start.
    pub(crate) async fn refused(settings: &str) -> String {
        KeyService::start_error(settings).await.unwrap()
    }

    /// Why a server with these settings does not start, if it does not.
    pub(crate) async fn start_error(settings: &str) -> Option<String> {
        let file = std::path::Path::new("connector.toml");
        let mut config = match Config::parse(settings, file) {
            Ok(config) => config,
            Err(error) => return Some(error.to_string()),
        };
        config.server.auth = runtime::config::Auth::Oauth;
        config.server.listen.set_port(0);
        config.store.path = ":memory:".into();
        config.upstream.url = Some("http://127.0.0.1:9/v1".parse().unwrap());
        let started =
            runtime::app::start(&CATALOG, config, runtime::app::Environment::default()).await;
        started.err().map(|error| error.to_string())
    }

    pub(crate) fn catalog(&self) -> &'static Catalog {
        &CATALOG
    }

    /// Listens on one more port; returns the API's base URL there.
    pub(crate) async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    /// How it is to answer from now on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Situation)) {
        change(&mut self.0.lock().unwrap());
    }

    /// Ids of the keys that are good.
    pub(crate) fn good(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        let good = state.keys.iter().filter(|(_, good)| *good);
        good.map(|(id, _)| id.clone()).collect()
    }

    /// How many keys were made.
    pub(crate) fn keys(&self) -> usize {
        self.0.lock().unwrap().keys.len()
    }

    /// How often it was asked something that begins like this.
    pub(crate) fn count(&self, line: &str) -> usize {
        let state = self.0.lock().unwrap();
        let asked = state.asked.iter();
        asked.filter(|(it, ..)| it.starts_with(line)).count()
    }

    /// Waits until it looks as it should; the server revokes keys on its own.
    pub(crate) async fn until(&self, there: impl Fn(&KeyService) -> bool) {
        for _ in 0..600 {
            if there(self) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("it never came to be: {:?}", self.0.lock().unwrap());
    }
}

async fn answer(State(service): State<KeyService>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 16).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let line = format!("{} {}", parts.method, parts.uri);
    let bearer = parts.headers.get("authorization").cloned();
    let operator = parts.headers.get("x-operator-key").is_some();
    if parts.method == "POST" && line.starts_with("POST /v1/workspaces/") {
        assert!(operator, "the operator's key opens the key service");
        return create(&service, line, parts.headers, body).await;
    }
    let mut state = service.0.lock().unwrap();
    state.asked.push((line.clone(), parts.headers, body));
    if let Some(from) = line.strip_prefix("GET /v1/workspaces/home-1/api-keys") {
        let from = from
            .strip_prefix("?from=")
            .map_or(0, |it| it.parse().unwrap());
        let all = state.keys.iter().zip(&state.labels).skip(from);
        let page = all
            .take(2)
            .map(|((id, _), (label, _))| json!({"id": id, "label": label}));
        let next = (from + 2 < state.keys.len()).then_some(from + 2);
        let page: Vec<Value> = page.collect();
        return axum::Json(json!({"keys": page, "next": next})).into_response();
    }
    if let Some(id) = line.strip_prefix("DELETE /v1/api-keys/") {
        if let Some(status) = state.revoke {
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        let id = id.replace("%20", " ");
        return match state.keys.iter_mut().find(|(known, _)| *known == id) {
            Some(key) => {
                key.1 = false;
                StatusCode::NO_CONTENT.into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        };
    }
    assert!(!operator, "no tool is called with the operator's key");
    let good = state.keys.iter().any(|(id, good)| {
        let key = format!("Bearer {}", secret(id));
        *good && bearer.as_ref().is_some_and(|it| *it == key.as_str())
    });
    match good {
        true => axum::Json(json!({"name": "Rex"})).into_response(),
        false => {
            let echo = format!("no such key: {bearer:?}");
            (
                StatusCode::UNAUTHORIZED,
                axum::Json(json!({"detail": echo})),
            )
                .into_response()
        }
    }
}

/// Makes a key, or answers as configured.
async fn create(service: &KeyService, line: String, headers: HeaderMap, body: Value) -> Response {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let header = headers.get("idempotency-key");
    let repeat = header.map_or(String::new(), |it| it.to_str().unwrap().to_owned());
    let (id, broken) = {
        let mut state = service.0.lock().unwrap();
        state.asked.push((line, headers, body.clone()));
        if let Some((status, body)) = state.create.clone() {
            return (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response();
        }
        let known = state
            .labels
            .iter()
            .position(|(_, it)| !it.is_empty() && *it == repeat);
        let id = match known {
            Some(at) => state.keys[at].0.clone(),
            None => {
                let id = format!("k {}", state.keys.len() + 1);
                state.keys.push((id.clone(), true));
                state.labels.push((text(&body["name"]), repeat));
                id
            }
        };
        (id, state.broken)
    };
    while service.0.lock().unwrap().paused {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    match broken {
        Some(status) => StatusCode::from_u16(status).unwrap().into_response(),
        None => {
            let key = json!({"key": {"id": id, "secret": secret(&id)}});
            (StatusCode::CREATED, axum::Json(key)).into_response()
        }
    }
}

/// The key that has this id.
fn secret(id: &str) -> String {
    format!("secret-of-{}", id.replace(' ', "-"))
}
