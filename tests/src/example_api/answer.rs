//! What every request and every answer has in common: an id, a caller, an allowance, problem bodies.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::limit::Allowance;
use super::problem::Problem;
use super::{Api, keys};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Finishes what was begun, even where the caller goes away meanwhile: a request that is dropped
/// while its transaction begins leaves the one connection in it.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let answering = tokio::spawn(next.run(request)).await;
    answering.unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// Wraps every request.
pub(super) async fn wrap(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let request_id = request
        .headers()
        .get(&REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| is_well_formed(id))
        .map_or_else(|| api.fresh_id("req"), str::to_owned);
    let instance = request.uri().path().to_owned();

    let caller = keys::identify(&api, request.headers()).await;
    let bucket = caller.as_ref().map_or("unknown", |caller| caller.bucket());
    let allowance = api.limiter.take(bucket, api.clock.now());
    let mut response = match (allowance.retry_after_seconds, caller) {
        (Some(seconds), _) => Problem::too_many_requests(allowance.limit, seconds).into_response(),
        (None, Err(problem)) => problem.into_response(),
        (None, Ok(caller)) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = written(&problem, &request_id, &instance);
    }
    let headers = response.headers_mut();
    if let Ok(request_id) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, request_id);
    }
    for (name, value) in rate_limit_headers(&allowance) {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    response
}

/// No route has this path.
pub(super) async fn unknown_path() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "There is nothing at this path.")
}

/// The path's route does not have this method.
pub(super) async fn unknown_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path does not have this method.",
    )
}

fn written(problem: &Problem, request_id: &str, instance: &str) -> Response {
    let body = problem.document(request_id, instance).to_string();
    let content_type = (header::CONTENT_TYPE, "application/problem+json");
    let mut response = (problem.status, [content_type], body).into_response();
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after_seconds {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"marquee\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn rate_limit_headers(allowance: &Allowance) -> [(&'static str, i64); 3] {
    [
        ("x-ratelimit-limit", i64::from(allowance.limit)),
        ("x-ratelimit-remaining", i64::from(allowance.remaining)),
        ("x-ratelimit-reset", allowance.reset_at),
    ]
}

fn is_well_formed(id: &str) -> bool {
    (1..=128).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}
