//! Addresses that a server listens on.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::error::StartError;

/// Listens on an address, which `key` of the configuration names. Returns the address with its port.
///
/// # Errors
/// Where the address cannot be had.
pub(super) async fn listen(
    address: SocketAddr,
    key: &'static str,
) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen {
        address,
        key,
        error,
    };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}
