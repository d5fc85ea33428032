//! How many connections there may be, and for how long.

use std::time::Duration;

use rlimit::Resource;

use crate::address::Ranges;
use crate::app::proxies::Proxies;
use crate::config::ServerSettings;

/// Files that are open beside connections: the store, the log, the listener.
const OTHER_FILES: u64 = 64;

/// The bounds of connections.
#[derive(Clone, Debug)]
pub(in crate::app) struct Limits {
    /// How long a client may take to send a request's head, and again its body, and how long it may
    /// do nothing.
    pub(super) patience: Duration,
    /// How many connections there may be.
    pub(super) total: usize,
    /// How many of them may come from one address, or from one /64 of IPv6.
    pub(super) per_address: usize,
    /// The addresses that any number may come from, up to the total: proxies …
    pub(super) proxies: Proxies,
    /// … and assistants, whose addresses many people share.
    pub(super) shared: Ranges,
}

impl Limits {
    /// Reads the limits of `settings`, and lowers the number of connections to what fits into the
    /// files that the system lets this process have open. Half of them are for connections to the
    /// API. What is said to the operator where that is less than configured.
    pub(in crate::app) fn new(
        settings: &ServerSettings,
        proxies: Proxies,
        shared: Ranges,
    ) -> (Limits, Option<String>) {
        let (total, per_address) = (
            settings.max_connections,
            settings.max_connections_per_address,
        );
        let files = rlimit::getrlimit(Resource::NOFILE).map_or(u64::MAX, |(soft, _)| soft);
        let room = files.saturating_sub(OTHER_FILES) / 2;
        let room = usize::try_from(room).unwrap_or(usize::MAX).max(1);
        let warning = (room < total).then(|| {
            format!(
                "server.max_connections: {total} connections do not fit into the {files} files that \
                 this process may have open, so {room} are served at most; raise the limit \
                 (`ulimit -n`, or LimitNOFILE of systemd), or lower the setting"
            )
        });
        let limits = Limits {
            patience: Duration::from_secs(settings.request_seconds),
            total: total.min(room),
            per_address,
            proxies,
            shared,
        };
        (limits, warning)
    }
}

/// Lets this process have as many files open as the system grants it: what it starts with is meant
/// for programs that cannot handle more (`select`), which this one is not.
pub(crate) fn raise_file_limit() {
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::debug!(%error, "the limit of open files could not be raised");
    }
}
