//! The audit, and what goes where there are too many rows.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sqlx::{Row as _, SqliteConnection};

use super::database::Sqlite;
use super::usage;
use crate::model::{Action, AuditFilter, AuditPage, Cause, ToolCall};
use crate::store::audit_log::{self, AuditLog};
use crate::store::event::{
    About, Event, OwnerOfGrant, ROWS_A_MINUTE, SharedRows, Trim, UNKNOWN, WAITING, keep,
};
use crate::store::usage::days_of;
use crate::store::{Result, StoreError};

/// The most calls that one statement stores.
const CALLS: usize = 1000;
/// After which part of the most rows those that wait for a sink are counted again.
const COUNTED: u64 = 100;

/// Writes an event down.
pub(super) async fn record(
    tx: &mut SqliteConnection,
    cause: &Cause,
    action: Action,
    about: About<'_>,
) -> Result<()> {
    let grant = grant_of(tx, cause, about).await?;
    let mut event = Event::new(cause, action, about, grant.as_ref());
    if let Some(rows) = event.shared() {
        if count(tx, event.at, &rows.own).await? {
            return Ok(());
        }
        event = match is_full(tx, &rows).await? {
            false => Event {
                repeats: Some(rows.own),
                ..event
            },
            true => event.anonymous(&rows),
        };
    }
    insert(tx, &event).await
}

/// Finds out whose a grant is, where an event does not say it.
async fn grant_of(
    tx: &mut SqliteConnection,
    cause: &Cause,
    about: About<'_>,
) -> Result<Option<OwnerOfGrant>> {
    let Some(grant) = about.grant.filter(|_| about.is_incomplete(cause)) else {
        return Ok(None);
    };
    let row = sqlx::query("SELECT person, workspace, client_id FROM grants WHERE id = ?")
        .bind(grant)
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(OwnerOfGrant::decode).transpose()
}

async fn insert(tx: &mut SqliteConnection, event: &Event<'_>) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit (at, request_id, action, person, client_id, workspace, grant_id, \
         subject, keep, repeats, pending_export) \
         SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, exports_audit FROM store_state WHERE TRUE \
         ON CONFLICT (repeats) WHERE repeats IS NOT NULL \
         DO UPDATE SET count = count + 1, last_at = excluded.at, \
         pending_export = excluded.pending_export",
    )
    .bind(event.at)
    .bind(event.request_id)
    .bind(event.action.as_str())
    .bind(event.person)
    .bind(event.client)
    .bind(event.about.workspace)
    .bind(event.about.grant)
    .bind(event.about.subject)
    .bind(keep(event.action))
    .bind(event.repeats.as_ref().map(<[u8; 16]>::as_slice))
    .execute(tx)
    .await?;
    Ok(())
}

/// Counts an event in the row for its minute. Returns whether there is one.
async fn count(tx: &mut SqliteConnection, at: i64, key: &[u8; 16]) -> Result<bool> {
    let statement = "UPDATE audit SET count = count + 1, last_at = ?, \
                     pending_export = (SELECT exports_audit FROM store_state) WHERE repeats = ?";
    let counted = sqlx::query(statement)
        .bind(at)
        .bind(key.as_slice())
        .execute(tx)
        .await?;
    Ok(counted.rows_affected() > 0)
}

/// Reports whether a group has all the rows that it may have.
async fn is_full(tx: &mut SqliteConnection, rows: &SharedRows) -> Result<bool> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM (SELECT 1 FROM audit WHERE repeats BETWEEN ? AND ? LIMIT ?)",
    )
    .bind(rows.first.as_slice())
    .bind(rows.others.as_slice())
    .bind(ROWS_A_MINUTE)
    .fetch_one(tx)
    .await?;
    Ok(row.try_get::<i64, _>(0)? >= ROWS_A_MINUTE)
}

/// Writes calls of tools down.
pub(super) async fn record_calls(tx: &mut SqliteConnection, calls: &[ToolCall<'_>]) -> Result<()> {
    let mut stored = Vec::new();
    for some in calls.chunks(CALLS) {
        stored.extend(insert_calls(tx, some).await?);
    }
    usage::count(tx, &days_of(calls.iter(), &stored)).await
}

/// The calls are one value in JSON: a statement with a value for each column of each call is parsed anew
/// for each number of calls, which takes longer than storing them. Returns the ids of those that are
/// new, or have ended since they were stored.
async fn insert_calls(tx: &mut SqliteConnection, calls: &[ToolCall<'_>]) -> Result<Vec<i64>> {
    let rows = calls.iter().map(|call| {
        let outcome = call.outcome.unwrap_or(UNKNOWN);
        let ids = (&call.person, &call.client_id, &call.workspace, &call.grant);
        let spent = (call.access, call.elapsed_ms, call.cost);
        (
            call.id,
            call.at,
            &call.request_id,
            ids,
            &call.tool,
            outcome,
            spent,
        )
    });
    let rows = serde_json::to_string(&rows.collect::<Vec<_>>())
        .map_err(|error| StoreError(error.into()))?;
    let stored = sqlx::query_scalar(
        "INSERT INTO audit (call_id, at, request_id, person, client_id, workspace, grant_id, subject, \
         outcome, access, elapsed_ms, cost, action, keep, pending_export, pending_metering) \
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> '$[3][0]', value ->> '$[3][1]', \
         value ->> '$[3][2]', value ->> '$[3][3]', value ->> 4, value ->> 5, \
         value ->> '$[6][0]', value ->> '$[6][1]', value ->> '$[6][2]', ?, ?, \
         exports_audit, exports_calls FROM json_each(?), store_state WHERE TRUE \
         ON CONFLICT (call_id) WHERE call_id IS NOT NULL DO UPDATE \
         SET at = excluded.at, outcome = excluded.outcome, elapsed_ms = excluded.elapsed_ms, \
         cost = excluded.cost, pending_export = excluded.pending_export, \
         pending_metering = excluded.pending_metering WHERE audit.outcome = ? \
         RETURNING call_id",
    )
    .bind(Action::ToolCalled.as_str())
    .bind(keep(Action::ToolCalled))
    .bind(rows)
    .bind(UNKNOWN)
    .fetch_all(tx)
    .await?;
    Ok(stored)
}

/// Forgets events that are older than `before`. The row with the highest id stays, so that no later
/// row has its id, by which sinks know it; it waits for none.
pub(super) async fn purge(tx: &mut SqliteConnection, before: i64) -> Result<()> {
    // Each has an index, which `+id` keeps from being passed over.
    for statement in [
        "DELETE FROM audit WHERE keep IN (0, 1, 2) AND pending_export = 0 AND pending_metering = 0 \
         AND at <= ? AND +id < (SELECT MAX(id) FROM audit)",
        "DELETE FROM audit WHERE pending_export = 1 AND at <= ? \
         AND +id < (SELECT MAX(id) FROM audit)",
        "DELETE FROM audit WHERE pending_metering = 1 AND at <= ? \
         AND +id < (SELECT MAX(id) FROM audit)",
        "UPDATE audit SET pending_export = 0, pending_metering = 0 WHERE at <= ? \
         AND id = (SELECT MAX(id) FROM audit)",
    ] {
        sqlx::query(statement)
            .bind(before)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

#[async_trait]
impl AuditLog for Sqlite {
    async fn audit(&self, filter: &AuditFilter, most: u32) -> Result<AuditPage> {
        let mut select = audit_log::select::<sqlx::Sqlite>("id", filter, most);
        let rows = select.build().fetch_all(&self.reader).await?;
        let rows: Result<Vec<_>> = rows.iter().map(audit_log::decode).collect();
        Ok(AuditPage::of(rows?, most))
    }
}

impl Sqlite {
    /// Keeps at most so many rows of the audit.
    #[must_use]
    pub(crate) fn keeping(mut self, audit_rows: u64) -> Sqlite {
        self.audit_rows = audit_rows;
        self
    }

    /// Takes rows of the audit away, of which there are `rows`, where these are too many. Rows that
    /// wait for a sink stay, and do not count: no other row goes in their place.
    pub(super) async fn trim_audit(&self, tx: &mut SqliteConnection, rows: u64) -> Result<()> {
        if rows <= self.audit_rows {
            return Ok(());
        }
        // Not every change counts the rows that wait, of which there may be many.
        let counted = self.audit_counted.load(Ordering::Relaxed);
        if (1..=rows).contains(&counted) && rows - counted < self.audit_rows / COUNTED {
            return Ok(());
        }
        let waiting: i64 = sqlx::query_scalar(WAITING).fetch_one(&mut *tx).await?;
        let waiting = waiting.try_into().unwrap_or(0);
        let Some(trim) = Trim::of(rows.saturating_sub(waiting), self.audit_rows) else {
            self.audit_counted.store(rows, Ordering::Relaxed);
            return Ok(());
        };
        self.audit_counted.store(0, Ordering::Relaxed);
        let mut left = trim.rows;
        for (keep, spare) in trim.kinds {
            let gone = sqlx::query(
                "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE keep = ?1 \
                 AND pending_export = 0 AND pending_metering = 0 AND EXISTS \
                 (SELECT 1 FROM audit WHERE keep = ?1 AND pending_export = 0 \
                 AND pending_metering = 0 LIMIT 1 OFFSET ?2) ORDER BY at, id LIMIT ?3) \
                 AND +id < (SELECT MAX(id) FROM audit)",
            )
            .bind(keep)
            .bind(spare)
            .bind(i64::try_from(left).unwrap_or(i64::MAX))
            .execute(&mut *tx)
            .await?;
            left = left.saturating_sub(gone.rows_affected());
            if left == 0 {
                break;
            }
        }
        Ok(())
    }
}
