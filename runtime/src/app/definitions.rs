//! The definitions that a server would serve.

use super::capacity::Capacity;
use super::environment::Environment;
use super::error::StartError;
use super::prepare::{SignedIn, gateway, upstream};
use super::site;
use crate::call::Connector;
use crate::config::{Auth, Config, MissingCredentials};
use crate::credential::MissingKey;
use crate::metrics::Metrics;
use crate::trace::Traces;

/// The definitions that a server of this configuration serves, as JSON, in order.
///
/// # Errors
/// Where the configuration cannot be served.
pub fn definitions(
    connector: impl Into<Connector>,
    config: &Config,
) -> Result<Vec<serde_json::Value>, StartError> {
    let definitions = all_definitions(&connector.into(), config);
    definitions.map_err(|error| error.located(config))
}

fn all_definitions(
    connector: &Connector,
    config: &Config,
) -> Result<Vec<serde_json::Value>, StartError> {
    let catalog = connector.catalog();
    config.check()?;
    let environment = Environment::default();
    let mut config = config.clone();
    // What is served hangs on how the API is reached only where tools without credentials are
    // left out.
    let hides = config.upstream.missing_credentials == MissingCredentials::Hide;
    config.server.mock |= !hides;
    let signed_in = match config.server.auth {
        Auth::Oauth if hides => {
            let addr = config.server.listen;
            Some(SignedIn::new(
                catalog,
                &config,
                &environment,
                addr,
                MissingKey::Write,
            )?)
        }
        _ => None,
    };
    let (upstream, _) = upstream(catalog, &config, &environment, signed_in.as_ref())?;
    let capacity = Capacity::new(&config.server);
    let gateway = gateway(
        connector,
        &config,
        &environment,
        signed_in.as_ref(),
        upstream,
        (&capacity, &Metrics::default(), &Traces::default()),
        site::presentation(&config.site, catalog, config.server.auth, None),
    )?;
    gateway
        .definitions()
        .map(|tool| {
            serde_json::to_value(tool).map_err(|error| StartError::Catalogue(error.to_string()))
        })
        .collect()
}
