//! The fastest API that still answers the question asked: a bundle by its id.

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{LOOPBACK, calls};

/// Serves until killed.
pub(super) async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind(LOOPBACK).await.context("cannot listen")?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            // A client that goes away ends its connection, nothing more.
            let _ = connection(stream).await;
        });
    }
}

async fn connection(mut stream: TcpStream) -> anyhow::Result<()> {
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if stream.read_buf(&mut buffer).await? == 0 {
                return Ok(());
            }
        };
        let head = std::str::from_utf8(&buffer[..end])?;
        let path = head.split(' ').nth(1).unwrap_or("/");
        let answer = match path.strip_prefix(calls::PATH_PREFIX) {
            Some(id) => answer("200 OK", &calls::bundle(id)),
            None => answer("404 Not Found", r#"{"title":"no such path"}"#),
        };
        stream.write_all(answer.as_bytes()).await?;
        buffer.drain(..end);
    }
}

fn answer(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
