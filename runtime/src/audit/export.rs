//! Rows of the audit, sent to a sink as they are written: at least once, by one server at a time.
//!
//! What a sink has not received is marked in the store, so that neither a restart nor a sink that is
//! down loses a row, and no more than a batch of them is in memory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio_util::sync::CancellationToken;

use super::sink::Destination;
use crate::clock::Clock;
use crate::model::{AuditRow, Sink};
use crate::random::Random;
use crate::store::{Store, StoreError};
use crate::token;

/// How often it is looked for rows.
const TICK: Duration = Duration::from_secs(1);
/// The most rows that are sent at once.
const BATCH: u32 = 500;
/// How long a call may take whose row waits for its end.
const LONGEST_CALL: Duration = Duration::from_mins(15);
/// How long a server sends alone once it has begun to.
const LEASE: Duration = Duration::from_secs(30);
/// The longest time between two tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long the last rows may take when the server ends.
const FINISHING: Duration = Duration::from_secs(2);

/// What sends rows to one sink.
#[derive(Debug)]
pub(crate) struct Exporter {
    sink: Sink,
    destination: Destination,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// What this server is called in its lease.
    holder: String,
}

/// Why rows still wait.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error("{0}")]
    Sink(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Exporter {
    pub(crate) fn new(
        (sink, destination): (Sink, Destination),
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
    ) -> Exporter {
        Exporter {
            sink,
            destination,
            store,
            clock,
            holder: token::random_id("srv", random),
        }
    }

    /// Sends rows as they are written, until the server is `ending`.
    pub(crate) async fn run(&self, ending: CancellationToken) {
        let mut leased = None;
        let mut failures = 0;
        let mut is_failing = false;
        loop {
            let pause = match failures {
                0 => TICK,
                failures => pause(failures),
            };
            let waited = ending.run_until_cancelled(tokio::time::sleep(pause)).await;
            if waited.is_none() {
                return;
            }
            // A request that is cut off is repeated later on.
            let sent = ending.run_until_cancelled(self.send_all(&mut leased)).await;
            match sent {
                None => return,
                Some(Ok(has_sent)) => {
                    failures = 0;
                    // Where nothing was sent, another server may send.
                    if has_sent && std::mem::take(&mut is_failing) {
                        tracing::info!(sink = %self.sink, "the sink receives rows again");
                    }
                }
                Some(Err(error)) => {
                    failures += 1;
                    if !std::mem::replace(&mut is_failing, true) {
                        tracing::error!(
                            sink = %self.sink, %error,
                            "rows of the audit wait in the store: the sink does not receive them"
                        );
                    }
                }
            }
        }
    }

    /// Sends the rows of the last calls when the server has ended, and lets other servers send.
    pub(crate) async fn finish(&self) {
        let sent = tokio::time::timeout(FINISHING, self.send_all(&mut None)).await;
        if !matches!(sent, Ok(Ok(_))) {
            tracing::warn!(sink = %self.sink, "rows of the audit wait in the store for the next start");
        }
        // Where this fails, the lease ends by itself.
        let release = self.store.release_sink(self.sink, &self.holder);
        let _ = tokio::time::timeout(FINISHING, release).await;
    }

    /// Sends batch after batch. `leased`: until when this server sends alone. Returns whether the
    /// sink has received any.
    async fn send_all(&self, leased: &mut Option<SystemTime>) -> Result<bool, ExportError> {
        let mut has_sent = false;
        loop {
            let now = self.clock.now();
            let begun = now.checked_sub(LONGEST_CALL);
            let begun = begun.unwrap_or(SystemTime::UNIX_EPOCH);
            let first = self.store.waiting(self.sink, begun, 1).await?;
            if first.is_empty() || !self.lease(now, leased).await? {
                return Ok(has_sent);
            }
            // They are read under the lease: another server may have sent the first one meanwhile.
            let rows = self.store.waiting(self.sink, begun, BATCH).await?;
            if rows.is_empty() {
                return Ok(has_sent);
            }
            let sent = self.destination.send(self.lines(&rows)?, now).await;
            sent.map_err(ExportError::Sink)?;
            self.store.received(self.sink, &rows).await?;
            has_sent = true;
            if rows.len() < usize::try_from(BATCH).unwrap_or(usize::MAX) {
                return Ok(has_sent);
            }
        }
    }

    /// Reports whether this server sends.
    async fn lease(
        &self,
        now: SystemTime,
        leased: &mut Option<SystemTime>,
    ) -> Result<bool, StoreError> {
        // One that is half over is renewed.
        if leased.is_some_and(|until| now + LEASE / 2 < until) {
            return Ok(true);
        }
        let until = now + LEASE;
        let is_ours = self.store.lease_sink(self.sink, &self.holder, now, until);
        let is_ours = is_ours.await?;
        *leased = is_ours.then_some(until);
        Ok(is_ours)
    }

    /// Writes rows as lines of JSON.
    fn lines(&self, rows: &[AuditRow]) -> Result<Vec<u8>, ExportError> {
        let mut lines = Vec::new();
        for row in rows {
            let written = match self.sink {
                Sink::Audit => serde_json::to_writer(&mut lines, row),
                Sink::Metering => serde_json::to_writer(&mut lines, &row.metered()),
            };
            written.map_err(|error| ExportError::Sink(error.to_string()))?;
            lines.push(b'\n');
        }
        Ok(lines)
    }
}

/// How long to wait after this many failures in a row.
fn pause(failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1));
    TICK.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_doubles_up_to_a_minute() {
        let seconds = [1, 2, 3, 6, 7, u32::MAX].map(|failures| pause(failures).as_secs());
        assert_eq!(seconds, [1, 2, 4, 32, 60, 60]);
    }
}
