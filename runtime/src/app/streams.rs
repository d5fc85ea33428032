//! A server over a pair of streams.

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

use super::capacity::Capacity;
use super::environment::Environment;
use super::error::StartError;
use super::prepare::{gateway, upstream};
use super::site;
use crate::call::Connector;
use crate::config::{Auth, Config, ConfigError};
use crate::mcp;
use crate::metrics::Metrics;
use crate::trace::Traces;

/// Refuses to call an API in the names of people where none signs in.
fn check_people(config: &Config) -> Result<(), ConfigError> {
    match &config.upstream.exchange {
        Some(_) if !config.server.mock => {
            let message = "needs people who sign in, and no person signs in over stdio; serve HTTP, or \
                           remove this section";
            Err(ConfigError::new("upstream.exchange", message))
        }
        _ => Ok(()),
    }
}

/// Serves MCP over a pair of streams until the input ends and all that was asked is answered, or
/// until `shutdown`.
///
/// # Errors
/// Where the configuration cannot be served, or a stream breaks.
pub async fn serve_streams(
    connector: impl Into<Connector>,
    config: &Config,
    environment: &Environment,
    read: impl AsyncRead + Send + Unpin + 'static,
    write: impl AsyncWrite + Send + Unpin + 'static,
    shutdown: CancellationToken,
) -> Result<std::io::Result<()>, StartError> {
    let connector = connector.into();
    let catalog = connector.catalog();
    let place = |error: StartError| error.located(config);
    config.check()?;
    check_people(config).map_err(|error| place(error.into()))?;
    let (upstream, warnings) = upstream(catalog, config, environment, None).map_err(place)?;
    let capacity = Capacity::new(&config.server);
    let presentation = site::presentation(&config.site, catalog, Auth::None, None);
    let gateway = gateway(
        &connector,
        config,
        environment,
        None,
        upstream,
        (&capacity, &Metrics::default(), &Traces::default()),
        presentation,
    )
    .map_err(place)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    Ok(mcp::serve_stdio(gateway, read, write, shutdown).await)
}
