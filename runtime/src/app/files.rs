//! `/files/`: the URLs of links to files.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Json, Router};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;
use url::Url;

use crate::call::{Download, ErrorKind, FileError, FileLinks, Shared, UploadError};
use crate::config::FileSettings;
use crate::mcp::Gateway;
use crate::request_id::RequestId;
use crate::store::Services;

/// A file runs no script, loads nothing, and is shown in no frame.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const ROBOTS: HeaderName = HeaderName::from_static("x-robots-tag");

/// What a server shares with others whose endpoint has the URL `endpoint`.
pub(super) fn shared(services: Services, settings: &FileSettings, endpoint: &Url) -> Shared {
    let links = FileLinks {
        origin: endpoint.origin().ascii_serialization().into(),
        link_above: settings.link_above_bytes,
        max_upload: settings.max_upload_bytes,
    };
    Shared {
        services,
        files: settings.enabled.then_some(links),
    }
}

/// The routes of links, where there are any.
pub(super) fn router(settings: &FileSettings, gateway: &Gateway) -> Router {
    if !settings.enabled {
        return Router::new();
    }
    let files = get(download)
        .put(upload)
        .with_state(Arc::new(gateway.clone()));
    Router::new().route("/files/{link}", files)
}

/// Answers with a file. A request for its head alone would count, and its answer is not known before the
/// file is fetched.
async fn download(
    State(gateway): State<Arc<Gateway>>,
    Path(link): Path<String>,
    method: Method,
    Extension(id): Extension<RequestId>,
) -> Response {
    let mut response = match method {
        Method::GET => match gateway.download(&link, &id).await {
            Ok(download) => file(download),
            Err(error) => refusal(error),
        },
        _ => {
            let mut refused = StatusCode::METHOD_NOT_ALLOWED.into_response();
            let allowed = HeaderValue::from_static("GET, PUT");
            refused.headers_mut().insert(ALLOW, allowed);
            refused
        }
    };
    protect(response.headers_mut());
    response
}

/// Receives the file of an upload.
async fn upload(
    State(gateway): State<Arc<Gateway>>,
    Path(link): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let received = gateway
        .receive(&link, length, body.into_data_stream())
        .await;
    let (status, answer) = match received {
        Ok(bytes) => (StatusCode::CREATED, json!({ "bytes": bytes })),
        Err(error) => {
            let (status, message) = unreceived(error);
            (status, json!({ "error": message }))
        }
    };
    let mut response = (status, Json(answer)).into_response();
    protect(response.headers_mut());
    response
}

fn unreceived(error: UploadError) -> (StatusCode, String) {
    match error {
        UploadError::NotFound => (
            StatusCode::NOT_FOUND,
            "No upload waits here: a link takes one file, within ten minutes, while its connection \
             lasts."
                .to_owned(),
        ),
        UploadError::TooLong(most) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The file has more than {most} bytes, the most that this server takes."),
        ),
        UploadError::Broken => (
            StatusCode::BAD_REQUEST,
            "The file did not come as a whole. Request another link.".to_owned(),
        ),
        UploadError::Late => (
            StatusCode::REQUEST_TIMEOUT,
            "The file did not come in time. Request another link.".to_owned(),
        ),
        UploadError::Busy => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many calls and uploads of this connection or server run. Send the file again in some \
             seconds."
                .to_owned(),
        ),
        UploadError::Full => (
            StatusCode::INSUFFICIENT_STORAGE,
            "Other uploads take the room that this server has for them. Send the file again in some \
             minutes."
                .to_owned(),
        ),
        UploadError::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This server cannot take files just now. Request another link.".to_owned(),
        ),
    }
}

fn file(download: Download) -> Response {
    let Download {
        name,
        media_type,
        length,
        body,
    } = download;
    let mut response = Body::from_stream(body).into_response();
    let headers = response.headers_mut();
    let unknown = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, media_type.unwrap_or(unknown));
    if let Some(length) = length {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(CONTENT_DISPOSITION, disposition);
    response
}

fn refusal(error: FileError) -> Response {
    let (status, message, wait) = match error {
        FileError::NotFound => (
            StatusCode::NOT_FOUND,
            "There is no such file, or its link has ended: a link works for ten minutes and three \
             requests, while its connection lasts."
                .to_owned(),
            None,
        ),
        FileError::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "This server cannot fetch files just now. Try again.".to_owned(),
            Some(5),
        ),
        FileError::Call(error) => {
            let status = match error.kind {
                ErrorKind::RateLimited | ErrorKind::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
                ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                ErrorKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
                _ => StatusCode::BAD_GATEWAY,
            };
            (status, error.message, error.retry_after_seconds)
        }
    };
    let mut response = (status, Json(json!({ "error": message }))).into_response();
    if let Some(seconds) = wait {
        let seconds = HeaderValue::from(seconds);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}

fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (RESOURCE_POLICY, "same-origin"),
        (ROBOTS, "noindex"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
