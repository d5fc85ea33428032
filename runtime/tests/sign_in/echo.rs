//! An API that repeats all it was sent: none of the secrets in it reaches the client, the log or the
//! database, and the client's own token does not reach the API.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use runtime::codegen::{Access, Catalog, In, Operation, SecurityKind, SecurityScheme};
use runtime::config::Config;
use serde_json::{Value, json};

use crate::log::log;
use crate::support::{Client, TestServer};

const KEY: &str = "mq_the-operators/key+51";
const MINTED: &str = "mq_minted-for-a-grant/62";
const OPERATOR: &str = "mq_of-the-key-service/73";

const GET: Operation = Operation {
    name: "get_pet",
    path: "/pets",
    security: &[&["api_key"]],
    ..Operation::BASE
};

const CREATE: Operation = Operation {
    name: "create_pet",
    method: "POST",
    access: Access::Write,
    ..GET
};

static CATALOG: Catalog = Catalog {
    name: "pets",
    server_name: "pets",
    title: "Pets",
    version: "1",
    summary: "",
    logo: None,
    repeated: &[],
    description: "",
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
                location: In::Header,
                name: "X-Operator-Key",
            },
        },
    ],
    operations: &[&[&GET, &CREATE]],
};

/// An answer that repeats the head of a request, given as text and as its fields.
type Repetition = fn(&str, &HeaderMap) -> Response;

/// The ways in which the API repeats the head of a request.
const WAYS: &[(&str, Repetition)] = &[
    ("JSON", |head, _| {
        axum::Json(json!({ "head": head })).into_response()
    }),
    ("names", |head, _| {
        axum::Json(json!({ head: [head] })).into_response()
    }),
    ("escaped JSON", |head, _| {
        let units: String = head
            .chars()
            .map(|it| format!("\\u{:04x}", u32::from(it)))
            .collect();
        let body = format!("{{\"head\":\"{units}\"}}");
        ([(header::CONTENT_TYPE, "application/json")], body).into_response()
    }),
    ("text", |head, _| head.to_owned().into_response()),
    ("base64", |head, _| STANDARD.encode(head).into_response()),
    ("UTF-16", |head, _| {
        let body: Vec<u8> = head.encode_utf16().flat_map(u16::to_le_bytes).collect();
        (
            [(header::CONTENT_TYPE, "text/plain; charset=utf-16le")],
            body,
        )
            .into_response()
    }),
    ("a failure", |head, _| {
        let problem = json!({"title": "No", "detail": head, "key": head});
        (StatusCode::FORBIDDEN, axum::Json(problem)).into_response()
    }),
    ("a failure in text", |head, _| {
        (StatusCode::UNAUTHORIZED, head.to_owned()).into_response()
    }),
    ("header fields", |_, headers| {
        let mut response = StatusCode::NO_CONTENT.into_response();
        for (name, value) in [
            ("x-request-id", "authorization"),
            ("etag", "x-on-behalf-of"),
            ("link", "x-on-behalf-of"),
            ("location", "authorization"),
        ] {
            if let Some(value) = headers.get(value) {
                response.headers_mut().insert(name, value.clone());
            }
        }
        response
    }),
    ("the id of a failure", |_, headers| {
        let mut response = StatusCode::CONFLICT.into_response();
        response
            .headers_mut()
            .insert("x-request-id", headers["authorization"].clone());
        response
    }),
    ("a redirect", |_, headers| {
        let secret = headers["authorization"].to_str().unwrap().replace(' ', "/");
        let target = format!("http://127.0.0.2:1/{secret}");
        (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
    }),
];

/// What the API was sent, and how it answers.
#[derive(Default)]
struct Situation {
    way: usize,
    sent: Vec<String>,
    secrets: BTreeSet<String>,
}

type Shared = Arc<Mutex<Situation>>;

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if parts.uri.path().starts_with("/keys") {
        return axum::Json(json!({"id": "k-1", "secret": MINTED})).into_response();
    }
    let head = format!("{} {}\n{:?}", parts.method, parts.uri, parts.headers);
    let mut state = shared.lock().unwrap();
    for name in ["authorization", "x-on-behalf-of"] {
        if let Some(value) = parts.headers.get(name) {
            // Of a statement the signature, without which the rest is worth nothing.
            let value = value.to_str().unwrap().rsplit([' ', '.']).next();
            state.secrets.extend(value.map(str::to_owned));
        }
    }
    let lines = parts
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    let head = format!("{head}\n{}", lines.collect::<String>());
    state.sent.push(head.clone());
    WAYS[state.way].1(&head, &parts.headers)
}

async fn echo() -> (Shared, String) {
    let shared = Shared::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new()
        .fallback(answer)
        .with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (shared, url)
}

/// The parts of secrets, of twelve characters, that can be read from `bytes`, in base64 too.
fn readable<'s>(bytes: &[u8], secrets: impl IntoIterator<Item = &'s str>) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut views = vec![text.replace('\0', "")];
    for run in text.split(|it: char| !it.is_ascii_alphanumeric() && !"+/".contains(it)) {
        for start in 0..4.min(run.len()) {
            let whole = (run.len() - start) / 4 * 4;
            let decoded = STANDARD
                .decode(&run[start..start + whole])
                .unwrap_or_default();
            views.push(String::from_utf8_lossy(&decoded).into_owned());
        }
    }
    let mut found = Vec::new();
    for secret in secrets {
        let secret: Vec<char> = secret.chars().collect();
        for part in secret.windows(12) {
            let part: String = part.iter().collect();
            if views.iter().any(|view| view.contains(&part)) {
                found.push(part);
            }
        }
    }
    found
}

/// Calls both tools in every way, and looks for what was sent to the API wherever something could be
/// left of it.
async fn nothing_is_repeated(settings: &str, own: &[&str]) {
    let log = log();
    let (shared, url) = echo().await;
    let config = Config::parse(settings, Path::new("connector.toml")).unwrap();
    let bench = TestServer::of(&CATALOG, config, |config| {
        config.upstream.url = Some(url.parse().unwrap());
        config.server.public_url = Some(crate::support::ORIGIN.parse().unwrap());
    });
    let bench = bench.await;
    let mut browser = bench.first_person().await;
    let client = Client::claude(&bench).await;
    let token = client.connect(&mut browser, "full").await.access;
    let mut answers = Vec::new();
    for (way, (name, _)) in WAYS.iter().enumerate() {
        shared.lock().unwrap().way = way;
        for tool in ["get_pet", "create_pet"] {
            let response = bench.call(&token, tool, json!({})).await;
            assert_eq!(response.status, 200, "{name}: {}", response.body);
            answers.push((*name, response));
        }
    }
    let database = bench.database.clone();
    bench.server.shutdown().await;

    let state = shared.lock().unwrap();
    assert_eq!(state.sent.len(), 2 * WAYS.len());
    for sent in &state.sent {
        assert!(
            !sent.contains(&token),
            "the client's token reached the API: {sent}"
        );
    }
    assert!(
        own.iter().any(|own| state.secrets.contains(*own)),
        "{:?}",
        state.secrets
    );
    let secrets = || {
        state
            .secrets
            .iter()
            .map(String::as_str)
            .chain(own.iter().copied())
    };
    for (name, response) in &answers {
        let result = response.json()["result"].clone();
        let said = result["content"][0]["text"].as_str().unwrap().to_owned();
        let text = format!(
            "{}\n{:?}\n{said}\n{}",
            response.body,
            response.headers,
            strings(&result)
        );
        assert_eq!(
            readable(text.as_bytes(), secrets()),
            Vec::<String>::new(),
            "{name}: {text}"
        );
    }
    let logged = log.so_far();
    assert_eq!(
        readable(&logged, secrets()),
        Vec::<String>::new(),
        "in the log"
    );
    let stored = std::fs::read(&database).unwrap();
    assert_eq!(
        readable(&stored, secrets()),
        Vec::<String>::new(),
        "in the database"
    );
}

/// Every string in a value, without the escapes of JSON.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, member)| format!("{name}\n{}", strings(member)))
                .collect()
        }
        _ => String::new(),
    }
}

#[tokio::test]
async fn a_key_and_a_statement_that_the_api_repeats_are_marked() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("echo-statement.key");
    let settings = format!(
        "[upstream.credentials]\napi_key = \"{KEY}\"\n[upstream.on_behalf_of]\n\
         audience = \"https://api.example\"\nkey_file = {}\n",
        json!(directory)
    );
    nothing_is_repeated(&settings, &[KEY]).await;
}

#[tokio::test]
async fn a_key_of_a_connection_that_the_api_repeats_is_marked() {
    let settings = format!(
        "[upstream.mint]\nscheme = \"api_key\"\ncredentials = {{ operator_key = \"{OPERATOR}\" }}\n\
         sealing_keys = [{{ id = \"1\", key = \"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\" }}]\n\
         [upstream.mint.create]\nrequest = \"POST /keys\"\nid = \"/id\"\nsecret = \"/secret\"\n\
         [upstream.mint.revoke]\nrequest = \"DELETE /keys/{{id}}\"\n"
    );
    nothing_is_repeated(&settings, &[MINTED, OPERATOR]).await;
}
