//! `/metrics`, on a listener of its own: what counts calls is for operators, and no path of the
//! server that the internet reaches.

use std::net::SocketAddr;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use tokio_util::sync::CancellationToken;

use super::error::StartError;
use super::listener::listen;
use crate::config::MetricsSettings;
use crate::metrics::Metrics;

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Listens where the configuration says so. Returns the address.
///
/// # Errors
/// Where the address cannot be had.
pub(super) async fn serve(
    settings: &MetricsSettings,
    metrics: Metrics,
    stopping: CancellationToken,
) -> Result<Option<SocketAddr>, StartError> {
    let Some(address) = settings.listen else {
        return Ok(None);
    };
    let (listener, addr) = listen(address, "metrics.listen").await?;
    let router = Router::new().route("/metrics", get(async move || show(&metrics)));
    let served = axum::serve(listener, router).with_graceful_shutdown(async move {
        stopping.cancelled().await;
    });
    tokio::spawn(async move {
        if let Err(error) = served.await {
            tracing::error!(%error, "metrics are no longer served");
        }
    });
    Ok(Some(addr))
}

fn show(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => ([(CONTENT_TYPE, TEXT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
