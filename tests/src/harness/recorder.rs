//! An API that keeps what it is sent.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
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

/// The API. Answers every request with `{}`.
#[derive(Clone, Debug)]
pub struct Recorder {
    url: Url,
    seen: Seen,
}

type Seen = Arc<Mutex<Vec<Recorded>>>;

impl Recorder {
    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// Where no port can be had.
    pub async fn start() -> anyhow::Result<Recorder> {
        let seen = Seen::default();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
        let router = Router::new().fallback(record).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Recorder { url, seen })
    }

    /// Its base URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What came since the last time this was asked.
    #[must_use]
    pub fn take(&self) -> Vec<Recorded> {
        std::mem::take(&mut *self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn record(State(seen): State<Seen>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let recorded = Recorded {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: head.headers,
        body: body.to_bytes(),
    };
    seen.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(recorded);
    axum::Json(serde_json::json!({})).into_response()
}
