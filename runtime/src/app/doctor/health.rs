//! Whether the server on this machine is ready, as a container asks it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::StatusCode;

use super::LIMITS;
use super::outside::{describe, get};
use crate::config::Config;
use crate::http::Client;

/// Asks the server that this configuration starts whether it is ready to be sent requests.
///
/// # Errors
/// Where it is not, with the reason.
pub async fn check_health(config: &Config) -> Result<(), String> {
    let client = Client::new(LIMITS, true)?;
    let url = format!("http://{}/readyz", reachable(config.server.listen));
    match get(&client, &url).await {
        Ok(answer) if answer.status == StatusCode::OK => Ok(()),
        Ok(answer) => Err(format!("{url} answers {}", answer.status.as_u16())),
        Err(failure) => Err(format!("{url}: {}", describe(&failure))),
    }
}

/// The address at which a server that listens there is reached from its own machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
