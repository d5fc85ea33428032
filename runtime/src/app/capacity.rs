//! How much messages and calls may take of this server.

use std::sync::Arc;

use crate::capacity::{InFlight, Memory, MostCalls};
use crate::config::ServerSettings;
use crate::request_body::Bounds;

/// What all messages and calls share.
#[derive(Clone, Debug)]
pub(super) struct Capacity {
    pub(super) bounds: Bounds,
    pub(super) memory: Memory,
    pub(super) calls: Arc<InFlight>,
}

impl Capacity {
    /// Reads the capacity from `settings`.
    pub(super) fn new(settings: &ServerSettings) -> Capacity {
        Capacity {
            bounds: Bounds {
                bytes: settings.max_request_bytes,
                values: settings.max_request_nodes,
            },
            memory: Memory::new(settings.max_message_memory),
            calls: InFlight::new(MostCalls {
                total: settings.max_calls,
                per_workspace: settings.max_calls_per_workspace,
                per_grant: settings.max_calls_per_grant,
            }),
        }
    }
}
