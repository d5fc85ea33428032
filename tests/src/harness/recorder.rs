//! An API that keeps what it is sent, and answers as configured.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use url::Url;

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Method.
    pub method: String,
    /// Path and query, still encoded.
    pub target: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// What the API answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// HTTP status code.
    pub status: StatusCode,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

impl Reply {
    /// An answer of this media type; none where it is empty.
    #[must_use]
    pub fn new(status: StatusCode, media_type: &str, body: impl Into<Bytes>) -> Reply {
        let field = ("content-type".to_owned(), media_type.to_owned());
        Reply {
            status,
            headers: Vec::from_iter((!media_type.is_empty()).then_some(field)),
            body: body.into(),
        }
    }
}

/// The API. Answers every request with `{}`, unless it is configured otherwise.
#[derive(Clone, Debug)]
pub struct Recorder {
    url: Url,
    api: Arc<Api>,
}

#[derive(Debug, Default)]
struct Api {
    seen: Mutex<Vec<Recorded>>,
    /// What is answered, by path; of the path "" where there is none.
    replies: Mutex<HashMap<String, Reply>>,
}

impl Recorder {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start() -> anyhow::Result<Recorder> {
        let api = Arc::<Api>::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let router = Router::new().fallback(record).with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Recorder { url, api })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What came since the last time this was asked.
    #[must_use]
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *lock(&self.api.seen))
    }

    /// Answers every request so from now on.
    pub fn answer(&self, reply: Reply) {
        self.answer_at("", reply);
    }

    /// Answers every request for `path` so from now on.
    pub fn answer_at(&self, path: &str, reply: Reply) {
        lock(&self.api.replies).insert(path.to_owned(), reply);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn record(State(api): State<Arc<Api>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let path = head.uri.path().to_owned();
    lock(&api.seen).push(Recorded {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: body.to_bytes(),
    });
    let replies = lock(&api.replies);
    let Some(reply) = replies.get(&path).or_else(|| replies.get("")) else {
        return axum::Json(serde_json::json!({})).into_response();
    };
    let mut response = Response::new(Body::from(reply.body.clone()));
    *response.status_mut() = reply.status;
    for (name, value) in &reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
