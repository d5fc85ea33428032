//! `[metrics]`: numbers for Prometheus.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

/// Numbers of calls, sign-ins and errors for Prometheus. None is of a person, a workspace, a client
/// or a tool.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsSettings {
    /// The address on which `/metrics` is served, apart from everything else, by HTTP and to
    /// everyone who reaches it. Choose one that only the collector reaches, such as `127.0.0.1:9464`. Without it,
    /// there is no such page.
    pub listen: Option<SocketAddr>,
}
