//! Calls of tools, each written down when it begins and when it ends.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::refusals::Refusals;
use super::spool::{Lines, Spool};
use crate::clock::Clock;
use crate::model::{Grant, ToolCall};
use crate::operation::Access;
use crate::random::Random;
use crate::store::{Store, StoreError};

/// How long a call may wait for others to be stored with it.
const PAUSE: Duration = Duration::from_millis(200);

/// How often it is looked after the spool, and how long after a failure of the store it is tried
/// again.
const TICK: Duration = Duration::from_secs(1);

/// How many ticks pass between two looks for spools of processes that have ended.
const LOOK: u32 = 60;

/// A call as the spool has it, without the time and the outcome.
#[derive(Serialize)]
struct Line<'a> {
    id: i64,
    request_id: &'a str,
    person: &'a str,
    client_id: &'a str,
    workspace: &'a str,
    grant: &'a str,
    tool: &'a str,
    access: &'static str,
}

/// A call that is to be recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallRecord<'a> {
    /// The connection that it is made with.
    pub(crate) grant: &'a Grant,
    /// The tool, and the earlier name that it was called by.
    pub(crate) tool: &'a str,
    /// What access it needs.
    pub(crate) access: Access,
    pub(crate) request_id: &'a str,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended<'a> {
    /// `ok`, or the kind of the error.
    pub(crate) outcome: &'a str,
    /// How long it took.
    pub(crate) elapsed: Duration,
    /// What it costs of a quota.
    pub(crate) cost: u32,
}

/// Where calls are recorded. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    spool: Arc<Spool>,
    /// The id of the next call.
    next: Arc<AtomicU64>,
    clock: Arc<dyn Clock>,
    refusals: Arc<Refusals>,
}

/// A call that has begun. Where it is dropped without being ended, it stays without an outcome.
#[derive(Debug)]
pub(crate) struct Recording {
    calls: Calls,
    /// The line that began it, up to the time.
    line: Vec<u8>,
}

impl Calls {
    /// Prepares to record calls for the store in a file, or in memory. Nothing is opened yet.
    pub(crate) fn new(store: Option<&Path>, clock: Arc<dyn Clock>, random: &dyn Random) -> Calls {
        // Ids of one process follow each other. Where they begin is drawn from so many numbers that
        // no two processes of one store come near each other.
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        Calls {
            spool: Arc::new(Spool::new(store)),
            next: Arc::new(AtomicU64::new(u64::from_be_bytes(bytes))),
            clock,
            refusals: Arc::new(Refusals::new()),
        }
    }

    /// Opens the spool.
    ///
    /// # Errors
    /// Where there can be none.
    pub(crate) fn open(&self) -> io::Result<()> {
        self.spool.open()
    }

    /// Records that a call begins.
    ///
    /// # Errors
    /// Where that is not possible. The call must not be made then.
    pub(crate) fn begin(&self, call: CallRecord<'_>) -> io::Result<Recording> {
        let recording = self.recording(call)?;
        self.spool.begin(&recording.line(None))?;
        Ok(recording)
    }

    fn recording(&self, call: CallRecord<'_>) -> io::Result<Recording> {
        let CallRecord {
            grant,
            tool,
            access,
            request_id,
        } = call;
        let id = self.next.fetch_add(1, Ordering::Relaxed) & (u64::MAX >> 1);
        let call = Line {
            id: i64::try_from(id).map_err(io::Error::other)?,
            request_id,
            person: grant.person.as_str(),
            client_id: grant.client_id.as_str(),
            workspace: grant.workspace.as_str(),
            grant: grant.id.as_str(),
            tool,
            access: match access {
                Access::Read => "read",
                Access::Write => "write",
            },
        };
        let mut line = Vec::with_capacity(512);
        serde_json::to_writer(&mut line, &call)?;
        line.pop();
        Ok(Recording {
            calls: self.clone(),
            line,
        })
    }
}

impl Calls {
    /// Records a call that was refused before it began, unless one with the same outcome was
    /// recorded of the grant within the last second.
    ///
    /// # Errors
    /// Where that is not possible.
    pub(crate) fn refuse(&self, call: CallRecord<'_>, outcome: &str) -> io::Result<()> {
        let now = self.clock.now();
        if !self.refusals.is_due(&call.grant.id, outcome, now) {
            return Ok(());
        }
        let refused = Ended {
            outcome,
            elapsed: Duration::ZERO,
            cost: 0,
        };
        let recording = self.recording(call)?;
        self.spool.begin(&recording.line(Some(refused)))?;
        self.spool.appended.notify_one();
        Ok(())
    }

    /// Brings what earlier processes left in their spools into the store.
    ///
    /// # Errors
    /// Where the store fails, or a spool. What is in a spool stays there then.
    pub(crate) async fn recover(&self, store: &dyn Store) -> Result<(), TakeOverError> {
        take_over(&self.spool, store).await?;
        for abandoned in self.spool.abandoned()? {
            take_over(&abandoned, store).await?;
            abandoned.close()?;
        }
        Ok(())
    }

    /// Brings calls into the store as they are recorded, until the server is `ending`. No call may
    /// be under way then.
    pub(crate) async fn store_in(self, store: Arc<dyn Store>, ending: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        let mut since_look = 0;
        let mut fails = false;
        loop {
            let ticked = tokio::select! {
                () = ending.cancelled() => break,
                _ = ticks.tick() => true,
                () = self.spool.appended.notified() => false,
            };
            // A store that fails is not asked for every call.
            if fails && !ticked {
                continue;
            }
            since_look = (since_look + u32::from(ticked)) % LOOK;
            let taken = match (ticked, since_look) {
                (true, 0) => self.mend_and(self.recover(&*store)).await,
                (true, _) => self.mend_and(take_over(&self.spool, &*store)).await,
                (false, _) => {
                    tokio::time::sleep(PAUSE).await;
                    take_over(&self.spool, &*store).await
                }
            };
            fails = report(&taken, fails);
        }
        let taken = take_over(&self.spool, &*store).await;
        let closed = taken.and_then(|()| Ok(self.spool.close()?));
        report(&closed, false);
    }

    async fn mend_and(
        &self,
        then: impl Future<Output = Result<(), TakeOverError>>,
    ) -> Result<(), TakeOverError> {
        self.spool.mend()?;
        then.await
    }
}

impl Recording {
    /// Records how the call ended.
    ///
    /// # Errors
    /// Where that is not possible. The call stays recorded without an outcome then.
    pub(crate) fn end(self, ended: Ended<'_>) -> io::Result<()> {
        self.calls.spool.end(&self.line(Some(ended)))
    }

    fn line(&self, ended: Option<Ended<'_>>) -> Vec<u8> {
        let at = self.calls.clock.now().duration_since(UNIX_EPOCH);
        let at = at.unwrap_or_default().as_millis();
        let end = ended.map(|ended| {
            let (outcome, cost) = (ended.outcome, ended.cost);
            let elapsed = ended.elapsed.as_millis();
            format!(r#","outcome":"{outcome}","elapsed_ms":{elapsed},"cost":{cost}"#)
        });
        let rest = format!(",\"at\":{at}{}}}\n", end.unwrap_or_default());
        [self.line.as_slice(), rest.as_bytes()].concat()
    }
}

/// Why calls stay in the spool.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeOverError {
    #[error("the spool of calls failed: {0}")]
    Spool(#[from] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

async fn take_over(spool: &Spool, store: &dyn Store) -> Result<(), TakeOverError> {
    while let Some(Lines { text, end, are_all }) = spool.lines()? {
        store.tools_called(&calls_in(&text)).await?;
        spool.forget(end)?;
        // What came meanwhile waits for others: a transaction for every few calls costs more than
        // the calls do.
        if are_all {
            break;
        }
    }
    Ok(())
}

/// The calls that lines are about, each as its last line says it.
fn calls_in(lines: &[u8]) -> Vec<ToolCall<'_>> {
    let lines = lines.split(|byte| *byte == b'\n');
    let mut calls = BTreeMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        match serde_json::from_slice::<ToolCall<'_>>(line) {
            Ok(call) => {
                calls.insert(call.id, call);
            }
            // A process ended in writing it, before its call began or was answered.
            Err(_) => {
                tracing::warn!("the spool of calls has a line that was not written to its end");
            }
        }
    }
    calls.into_values().collect()
}

/// Logs when calls begin to stay in the spool, and when they no longer do. Returns whether
/// they stay there.
fn report(taken: &Result<(), TakeOverError>, failed: bool) -> bool {
    match (taken, failed) {
        (Err(error), false) => {
            tracing::error!(%error, "calls are kept in the spool: the store does not take them over");
        }
        (Ok(()), true) => tracing::info!("the store has taken over the calls in the spool"),
        _ => {}
    }
    taken.is_err()
}
