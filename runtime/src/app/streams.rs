//! A server over a pair of streams.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::capacity::Capacity;
use super::environment::Environment;
use super::error::StartError;
use super::prepare::{gateway, upstream};
use super::site;
use crate::config::Config;
use crate::mcp;
use crate::metrics::Metrics;
use crate::operation::Catalog;

/// Serves MCP over a pair of streams until the input ends and all that was asked is answered, or
/// until `shutdown`.
///
/// # Errors
/// Where the configuration cannot be served, or a stream breaks.
pub async fn serve_streams(
    catalog: &'static Catalog,
    config: &Config,
    environment: &Environment,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> Result<std::io::Result<()>, StartError> {
    let place = |error: StartError| error.located(config);
    config.check()?;
    let (upstream, warnings) = upstream(catalog, config, environment, None).map_err(place)?;
    let capacity = Capacity::new(&config.server);
    let presentation = site::presentation(&config.site, catalog, None);
    let gateway = gateway(
        catalog,
        config,
        environment,
        None,
        upstream,
        (&capacity, &Metrics::default()),
        presentation,
    )
    .map_err(place)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(mcp::serve_stdio(gateway, read, write, shutdown).await)
}
