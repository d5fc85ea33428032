//! Rows of the audit on their way to a sink.

use std::fmt::Debug;
use std::time::SystemTime;

use async_trait::async_trait;

use super::Result;
use crate::model::{AuditRow, Sink};

/// Rows that wait for a sink. Each waits from the change that it records, in the same transaction,
/// until the sink has received it; one that changes afterwards waits again.
#[async_trait]
pub(crate) trait AuditExport: Debug + Send + Sync {
    /// Has rows that are written from now on wait for these sinks, and none for any other. Returns
    /// how many waited for a sink that is not among them, each counted for each such sink.
    async fn export_to(&self, sinks: &[Sink]) -> Result<u64>;

    /// Returns the rows that wait for a sink, oldest first and at most so many, with the API's id of the
    /// workspace as the only name. A call that has not
    /// ended is among them only where it began before `begun`.
    async fn waiting(&self, sink: Sink, begun: SystemTime, most: u32) -> Result<Vec<AuditRow>>;

    /// Notes that a sink has received rows as they were read: one that has changed since still waits.
    async fn received(&self, sink: Sink, rows: &[AuditRow]) -> Result<()>;

    /// Has `holder` alone send to a sink until a time. Returns whether no other server does.
    async fn lease_sink(
        &self,
        sink: Sink,
        holder: &str,
        now: SystemTime,
        until: SystemTime,
    ) -> Result<bool>;

    /// Lets other servers send to a sink, where `holder` does.
    async fn release_sink(&self, sink: Sink, holder: &str) -> Result<()>;
}

/// The columns that are about a sink.
pub(super) struct SinkColumns {
    /// Of `audit`: whether a row waits.
    pub(super) pending: &'static str,
    /// The name of the sink's lease.
    pub(super) name: &'static str,
}

impl Sink {
    pub(super) fn columns(self) -> SinkColumns {
        match self {
            Sink::Audit => SinkColumns {
                pending: "pending_export",
                name: "audit",
            },
            Sink::Metering => SinkColumns {
                pending: "pending_metering",
                name: "metering",
            },
        }
    }
}
