//! An API that remembers what it was called with, and accepts all tokens but those that ended.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::json;

/// The API.
#[derive(Debug, Default)]
pub(super) struct Api {
    pub(super) url: String,
    asked: Mutex<Vec<String>>,
    ended: Mutex<BTreeSet<String>>,
    accepts_nothing: Mutex<bool>,
}

impl Api {
    pub(super) async fn start() -> Arc<Api> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let api = Arc::new(Api {
            url: format!("http://{}", listener.local_addr().unwrap()),
            ..Api::default()
        });
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&api));
        tokio::spawn(async move { axum::serve(listener, router).await });
        api
    }

    /// What it was called with since the last time: the method, the token, and whether a key came along.
    pub(super) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    /// Has a token end.
    pub(super) fn end(&self, token: &str) {
        self.ended.lock().unwrap().insert(token.to_owned());
    }

    /// Has it accept no token at all, or all of them again.
    pub(super) fn accept_nothing(&self, nothing: bool) {
        *self.accepts_nothing.lock().unwrap() = nothing;
    }
}

async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response {
    let field = |name: &str| {
        let value = request.headers().get(name);
        value.map(|it| it.to_str().unwrap().to_owned())
    };
    let token = field("authorization").unwrap_or_default();
    let key = field("x-api-key").map(|key| format!(" {key}"));
    let asked = format!("{} {token}{}", request.method(), key.unwrap_or_default());
    api.asked.lock().unwrap().push(asked);
    let token = token.trim_start_matches("Bearer ");
    let has_ended = api.ended.lock().unwrap().contains(token);
    if has_ended || *api.accepts_nothing.lock().unwrap() {
        // A careless API repeats what it was called with.
        let body = json!({"error": format!("the token {token} is not accepted")});
        return (StatusCode::UNAUTHORIZED, axum::Json(body)).into_response();
    }
    if request.uri().path() == "/file" {
        let body = b"%PDF-1.7 \xff\x00 file".to_vec();
        return ([("content-type", "application/pdf")], body).into_response();
    }
    axum::Json(json!({"name": "Rex", "token": token})).into_response()
}
