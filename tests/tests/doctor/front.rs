//! What is before a server: a proxy that passes on what it should not, or does not pass on what it
//! should.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, HOST, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

/// What the proxy does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Passes everything on.
    Nothing,
    /// Removes `Authorization` from requests.
    DropsAuthorization,
    /// Sends another `Host`.
    RewritesHost,
    /// Removes `WWW-Authenticate` from answers.
    DropsChallenge,
    /// Answers paths that begin so with 404.
    Hides(&'static str),
    /// Answers this path with a document of another server.
    Replaces(&'static str),
    /// Sends everybody to https.
    RedirectsToHttps,
}

#[derive(Clone)]
struct Front {
    does: Does,
    server: String,
    client: reqwest::Client,
}

/// Starts a proxy at `address` before the server at `server`.
pub(crate) async fn start(address: &str, server: &str, does: Does) {
    let listener = tokio::net::TcpListener::bind(address).await.unwrap();
    let front = Front {
        does,
        server: server.to_owned(),
        client: reqwest::Client::new(),
    };
    let router = Router::new().fallback(pass).with_state(front);
    tokio::spawn(async move { axum::serve(listener, router).await });
}

async fn pass(State(front): State<Front>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    match front.does {
        Does::Hides(prefix) if path.starts_with(prefix) => {
            return StatusCode::NOT_FOUND.into_response();
        }
        Does::Replaces(replaced) if path == replaced => {
            let other = "https://other.example";
            let document = serde_json::json!({
                "resource": other, "issuer": other, "authorization_servers": [other],
            });
            return axum::Json(document).into_response();
        }
        Does::RedirectsToHttps => {
            let to = format!("https://mcp.example.com{path}");
            return (StatusCode::MOVED_PERMANENTLY, [(LOCATION, to)]).into_response();
        }
        _ => {}
    }
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let mut headers = parts.headers;
    match front.does {
        Does::DropsAuthorization => drop(headers.remove(AUTHORIZATION)),
        Does::RewritesHost => {
            let other = HeaderValue::from_static("backend.internal");
            headers.insert(HOST, other);
        }
        _ => {}
    }
    let url = format!("http://{}{path}", front.server);
    let sent = front.client.request(parts.method, url);
    let answer = sent.headers(headers).body(body).send().await.unwrap();
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        if front.does != Does::DropsChallenge || name != WWW_AUTHENTICATE {
            response = response.header(name, value);
        }
    }
    let bytes = answer.bytes().await.unwrap();
    response.body(Body::from(bytes)).unwrap()
}
