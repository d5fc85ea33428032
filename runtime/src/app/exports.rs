//! Where rows of the audit are sent, as the configuration says.

use std::sync::Arc;

use url::Url;

use super::environment::Environment;
use crate::audit::{Destination, Exporter, Webhook};
use crate::config::{Auth, Config, ConfigError};
use crate::model::Sink;
use crate::secret::Source;
use crate::store::{Store, StoreError};

/// The sinks that are configured, and where they are.
///
/// # Errors
/// Where a secret cannot be read, or signs nothing.
pub(super) fn sinks(config: &Config) -> Result<Vec<(Sink, Destination)>, ConfigError> {
    let (audit, metering) = (&config.audit, &config.metering);
    let mut sinks = Vec::new();
    if let Some(file) = &audit.file {
        sinks.push((Sink::Audit, Destination::File(file.clone())));
    }
    for (sink, section, url, secret) in [
        (Sink::Audit, "audit", &audit.url, &audit.secret),
        (Sink::Metering, "metering", &metering.url, &metering.secret),
    ] {
        if let (Some(url), Some(secret)) = (url, secret) {
            let webhook = webhook(section, url, secret)?;
            sinks.push((sink, Destination::Webhook(Box::new(webhook))));
        }
    }
    Ok(sinks)
}

/// What an operator should know who has rows sent that are not written.
pub(super) fn warning(config: &Config) -> Option<String> {
    let (audit, metering) = (&config.audit, &config.metering);
    let has_sink = audit.file.is_some() || audit.url.is_some() || metering.url.is_some();
    (has_sink && config.server.auth == Auth::None).then(|| {
        "[audit] and [metering] have no effect with auth = \"none\": calls without sign-in are \
         neither recorded nor metered"
            .to_owned()
    })
}

fn webhook(section: &str, url: &Url, secret: &Source) -> Result<Webhook, ConfigError> {
    let invalid = |message| ConfigError::new(format!("{section}.secret"), message);
    let secret = secret.read().map_err(|error| invalid(error.to_string()))?;
    Webhook::new(url.clone(), &secret).map_err(invalid)
}

/// Prepares to send rows, and has those that are written from now on wait for it.
///
/// # Errors
/// Where the store fails.
pub(super) async fn exporters(
    sinks: Vec<(Sink, Destination)>,
    store: &Arc<dyn Store>,
    environment: &Environment,
) -> Result<Vec<Exporter>, StoreError> {
    let configured: Vec<_> = sinks.iter().map(|(sink, _)| *sink).collect();
    let released = store.export_to(&configured).await?;
    if released > 0 {
        tracing::warn!(
            rows = released,
            "rows of the audit waited for a sink that is no longer configured: they are not sent"
        );
    }
    let exporter = |sink| {
        let (store, clock) = (Arc::clone(store), Arc::clone(&environment.clock));
        Exporter::new(sink, store, clock, &*environment.random)
    };
    Ok(sinks.into_iter().map(exporter).collect())
}
