//! Whether the server on this machine is ready, as a container asks it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http::StatusCode;

use super::LIMITS as OF_DOCTOR;
use super::outside::{describe, get};
use crate::config::Config;
use crate::http::{Client, Limits};

/// How long the server may take to answer: less than the 5 s after which the health check of an image is
/// ended, so that the reason is in its log.
const PATIENCE: Duration = Duration::from_secs(4);
const LIMITS: Limits = Limits {
    total: PATIENCE,
    connect: PATIENCE,
    ..OF_DOCTOR
};

/// Asks the server that this configuration starts whether it is ready to be sent requests.
///
/// # Errors
/// Where it is not, with the reason.
pub async fn check_health(config: &Config) -> Result<(), String> {
    let client = Client::of_this_machine(LIMITS)?;
    let scheme = config.tls.as_ref().map_or("http", |_| "https");
    let url = format!("{scheme}://{}/readyz", reachable(config.server.listen));
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
