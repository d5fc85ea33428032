//! The upper bound: axum and reqwest, which pass a request and its answer on and do nothing else.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::{bare, calls};

#[derive(Clone)]
struct Raw {
    client: reqwest::Client,
    prefix: Arc<str>,
}

impl Raw {
    async fn fetch(&self, id: &str) -> reqwest::Result<(StatusCode, Bytes)> {
        let url = format!("{}{id}", self.prefix);
        let answer = self.client.get(url).send().await?;
        let status = answer.status();
        Ok((status, answer.bytes().await?))
    }
}

async fn pass_on(State(raw): State<Raw>, Path(id): Path<String>) -> Response {
    match raw.fetch(&id).await {
        Ok((status, body)) => (status, [(CONTENT_TYPE, "application/json")], body).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

/// Serves until killed.
pub(super) async fn serve(upstream: SocketAddr) -> anyhow::Result<()> {
    let raw = Raw {
        client: bare::client()?,
        prefix: format!("http://{upstream}{}", calls::PATH_PREFIX).into(),
    };
    let path = format!("{}{{id}}", calls::PATH_PREFIX);
    let router = Router::new().route(&path, get(pass_on)).with_state(raw);
    bare::listen(router).await
}
