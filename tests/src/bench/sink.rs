//! What takes the batches of the audit and of metering: every one, at once.

use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use http::StatusCode;
use tokio::net::TcpListener;

use super::LOOPBACK;

/// Serves in this process, on the core of the load. Returns its address.
pub(super) async fn serve() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(LOOPBACK).await.context("cannot listen")?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(|_: Bytes| async { StatusCode::NO_CONTENT });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
