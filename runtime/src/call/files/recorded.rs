//! What is recorded like a call of a tool without being one: downloads, and requests for uploads.

use std::time::Instant;

use crate::audit::{CallRecord, Ended, Recording};
use crate::call::limits::unrecorded;
use crate::call::{CallError, ErrorKind, Runner};
use crate::model::AccessContext;
use crate::operation::Access;
use crate::request_id::RequestId;

/// What it is recorded as, and who does it.
#[derive(Clone, Copy)]
pub(super) struct Recorded<'r> {
    pub(super) name: &'r str,
    pub(super) access: Access,
    pub(super) caller: &'r AccessContext,
    pub(super) id: &'r RequestId,
}

impl<'r> Recorded<'r> {
    fn to_record(self) -> Option<CallRecord<'r>> {
        let grant = self.caller.grant.as_deref()?;
        Some(CallRecord {
            grant,
            tool: self.name,
            access: self.access,
            request_id: self.id.as_str(),
        })
    }
}

/// Something that has begun. Where it is dropped without being ended, it is recorded as cancelled.
pub(super) struct Begun {
    recording: Option<Recording>,
    started: Instant,
    /// What it costs of a quota.
    pub(super) cost: u32,
    name: String,
    id: RequestId,
}

impl Runner {
    /// Records something that was refused before it began.
    pub(super) fn refuse(&self, recorded: Recorded<'_>, refused: &CallError) {
        let (Some(calls), Some(record)) = (&self.calls, recorded.to_record()) else {
            return;
        };
        if let Err(error) = calls.refuse(record, &refused.kind.to_string()) {
            tracing::error!(request_id = %recorded.id, %error, "a refusal is not recorded");
        }
    }

    /// Records that something begins.
    ///
    /// # Errors
    /// Where that is not possible. It must not be done then.
    pub(super) fn begin(&self, recorded: Recorded<'_>) -> Result<Begun, Box<CallError>> {
        let Recorded { name, id, .. } = recorded;
        let recording = match (&self.calls, recorded.to_record()) {
            (Some(calls), Some(record)) => Some(calls.begin(record).map_err(|error| {
                tracing::error!(request_id = %id, name, %error, "it cannot be recorded, and is refused");
                Box::new(unrecorded(id))
            })?),
            _ => None,
        };
        Ok(Begun {
            recording,
            started: Instant::now(),
            cost: 0,
            name: name.to_owned(),
            id: id.clone(),
        })
    }
}

impl Begun {
    /// Records how it ended: with an error, or well.
    pub(super) fn end(mut self, error: Option<ErrorKind>) {
        let word = error.map(|kind| kind.to_string());
        self.record(word.as_deref().unwrap_or("ok"));
    }

    fn record(&mut self, outcome: &str) {
        let elapsed = self.started.elapsed();
        let ended = Ended {
            outcome,
            elapsed,
            cost: self.cost,
        };
        let (id, name, elapsed_us) = (&self.id, &self.name, elapsed.as_micros());
        tracing::info!(request_id = %id, name, elapsed_us, outcome, "file");
        let ended = self.recording.take().map(|recording| recording.end(ended));
        if let Some(Err(error)) = ended {
            tracing::error!(request_id = %self.id, %error, "how it ended is not recorded");
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if self.recording.is_some() {
            self.record(&ErrorKind::Cancelled.to_string());
        }
    }
}
