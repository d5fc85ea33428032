//! Serves every page with made-up content, for those who change them:
//! `cargo run -p drawbridge-runtime --features gallery --example gallery [PORT]`.

use std::error::Error;
use std::net::Ipv4Addr;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let port = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 0,
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    println!("http://{}/", listener.local_addr()?);
    axum::serve(listener, runtime::page::gallery()?).await?;
    Ok(())
}
