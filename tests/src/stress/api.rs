//! The API of the stress: one tool that takes anything, and one for each answer that is worst in its
//! way.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use futures_util::StreamExt as _;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use runtime::codegen::{
    Access, Catalog, Content, Encoding, Operation, Property, RequestBody, Schema,
};
use tokio::net::TcpListener;

use super::{LOOPBACK, files};

const JSON: &str = "application/json";
/// How long an answer is: just below what the server reads.
const LONG: usize = 8 * 1024 * 1024 - 1024;
/// How many values an answer may hold, where nothing else is configured.
const VALUES: usize = 250_000;
/// How deep arrays and objects are nested: just below what a parser takes.
const DEEP: usize = 100;

static SEND: Operation = Operation {
    name: "send",
    title: "Send something",
    description: "Takes anything, and a list of numbers.",
    method: "POST",
    path: "/taken",
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

macro_rules! answer {
    ($name:ident, $tool:literal) => {
        static $name: Operation = Operation {
            name: $tool,
            title: $tool,
            description: "Returns what its name says.",
            path: concat!("/", $tool),
            ..Operation::BASE
        };
    };
}

answer!(ZEROS, "zeros");
answer!(OBJECTS, "objects");
answer!(ARRAYS, "arrays");
answer!(NAMES, "names");
answer!(QUOTES, "quotes");
answer!(PERCENT, "percent");
answer!(CONTROLS, "controls");
answer!(EVENTS, "events");
answer!(BINARY, "binary");
answer!(FAILURE, "failure");
answer!(FILE, "file");

static TAKE_FILE: Operation = Operation {
    name: "take_file",
    title: "Take a file",
    description: "Takes a file.",
    method: "POST",
    path: "/take_file",
    access: Access::Write,
    idempotent: false,
    request_body: Some(RequestBody {
        required: true,
        content: Content::Argument("file", Encoding::FILE),
        media_types: &["application/octet-stream"],
        media_type_argument: None,
    }),
    input: Schema {
        json: r#"{"type":"object","properties":{"file":{"type":"string"}},"required":["file"],"additionalProperties":false}"#,
        definitions: &[],
    },
    ..Operation::BASE
};

static WRITE: Operation = Operation {
    name: "write",
    title: "Write",
    description: "Changes something, so that a connection can be read-only.",
    method: "PUT",
    path: "/taken",
    access: Access::Write,
    ..Operation::BASE
};

/// The catalogue of the server under stress.
pub static CATALOG: Catalog = Catalog {
    name: "stress",
    server_name: "stress",
    title: "Stress",
    version: "1.0.0",
    summary: "",
    logo: None,
    repeated: &[],
    description: "Everything is as large as may be.",
    servers: &[],
    tags: &[],
    search_mode: false,
    security_schemes: &[],
    operations: &[&[
        &SEND, &ZEROS, &OBJECTS, &ARRAYS, &NAMES, &QUOTES, &PERCENT, &CONTROLS, &EVENTS, &BINARY,
        &FAILURE, &WRITE, &FILE, &TAKE_FILE,
    ]],
};

/// Serves the API until the process ends.
pub(super) async fn serve() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(LOOPBACK).await?;
    let address = listener.local_addr()?;
    let answers = [
        ("/taken", JSON, "{}".to_owned()),
        ("/zeros", JSON, zeros(LONG / 2)),
        ("/objects", JSON, objects()),
        (
            "/quotes",
            JSON,
            format!("[\"{}\"]", "\\\"".repeat(LONG / 2)),
        ),
        ("/arrays", JSON, arrays(VALUES - 1000, LONG)),
        ("/names", JSON, names(VALUES - 1000)),
        (
            "/percent",
            JSON,
            format!("[\"{}\"]", "%25".repeat(LONG / 3 - 2)),
        ),
        ("/controls", "text/plain", "\u{1}".repeat(LONG)),
        ("/events", "text/event-stream", "data:\n\n".repeat(LONG / 7)),
        ("/binary", "application/zip", "x".repeat(LONG)),
        ("/failure", JSON, arrays(VALUES - 1000, LONG)),
    ];
    let router = answers
        .into_iter()
        .fold(Router::new(), |router, (path, content_type, body)| {
            let body = Bytes::from(body);
            let status = match path {
                "/failure" => StatusCode::BAD_REQUEST,
                _ => StatusCode::OK,
            };
            let answer = move || async move { answer(status, content_type, body) };
            router.route(path, any(answer))
        });
    let router = router
        .route("/file", any(file))
        .route("/take_file", any(take_file));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// A file, as it is sent part by part.
async fn file() -> Response {
    let part = Bytes::from(vec![0xff; files::PART]);
    let parts = (0..files::FILE / files::PART).map(move |_| part.clone());
    let rest = Bytes::from(vec![0xff; files::FILE % files::PART]);
    let parts = parts.chain([rest]).map(Ok::<_, std::io::Error>);
    let body = Body::from_stream(futures_util::stream::iter(parts));
    ([(CONTENT_TYPE, "application/zip")], body).into_response()
}

/// How many bytes a file has.
async fn take_file(body: Body) -> Response {
    let mut parts = body.into_data_stream();
    let mut bytes = 0;
    while let Some(Ok(part)) = parts.next().await {
        bytes += part.len();
    }
    axum::Json(serde_json::json!({ "bytes": bytes })).into_response()
}

fn answer(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    (status, [(CONTENT_TYPE, content_type)], body).into_response()
}

/// A list of so many values, itself among them.
pub(super) fn zeros(values: usize) -> String {
    format!("[{}0]", "0,".repeat(values.saturating_sub(2)))
}

/// Arrays of one array each, which take the most memory for a value, with as many values as said and
/// a text, so that all is `long`.
pub(super) fn arrays(values: usize, long: usize) -> String {
    let chain = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    let chains = vec![chain; values / (DEEP + 1) - 1].join(",");
    let text = "x".repeat(long - chains.len() - 5);
    format!("[{chains},\"{text}\"]")
}

/// Objects of one object each, with as many values as said.
pub(super) fn nested_objects(values: usize) -> String {
    let chain = format!("{}0{}", "{\"a\":".repeat(DEEP), "}".repeat(DEEP));
    let chains = vec![chain; values / (2 * DEEP + 1) - 1];
    format!("[{}]", chains.join(","))
}

/// An object of as many members as may be with so many values.
pub(super) fn names(values: usize) -> String {
    let members: Vec<_> = (0..values / 2 - 1)
        .map(|n| format!("\"{n:x}\":0"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// As many objects as may be, as long as may be.
fn objects() -> String {
    let object = format!("{{\"name\":\"{}\"}}", "x".repeat(LONG / VALUES * 3 - 20));
    let objects = vec![object; VALUES / 3 - 1];
    format!("[{}]", objects.join(","))
}
